//! TLS for the edges: a given certificate, or a self-signed one for localhost, since clients insist on TLS.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{Extension, Router};
use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_util::sync::CancellationToken;

use crate::RestConfig;

/// Names of a certificate that is made here.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Marks a request that came over TLS.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

/// Why TLS can't start.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Only one of certificate and key is set.
    #[error("rest.tls_certificate and rest.tls_key belong together")]
    Half,
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no PEM of that kind.
    #[error("{path}: {source}")]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key don't fit.
    #[error("the certificate can't be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// What a TLS listener serves with. A self-signed certificate is kept in `directory`.
pub fn server_config(config: &RestConfig, directory: &Path) -> Result<RustlsConfig, TlsError> {
    let (certificate, key) = match (config.tls_certificate.as_str(), config.tls_key.as_str()) {
        ("", "") => self_signed(directory)?,
        ("", _) | (_, "") => return Err(TlsError::Half),
        (certificate, key) => (PathBuf::from(certificate), PathBuf::from(key)),
    };
    let pem = |path: &Path| {
        let path = path.to_path_buf();
        move |source| TlsError::Pem { path, source }
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .map_err(pem(&certificate))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(pem(&certificate))?;
    let key_der = PrivateKeyDer::from_pem_file(&key).map_err(pem(&key))?;
    let mut server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key_der)?;
    // WebSockets are upgraded from HTTP/1.1, so it is offered next to HTTP/2.
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(server)))
}

/// The kept certificate, made the first time.
fn self_signed(directory: &Path) -> Result<(PathBuf, PathBuf), TlsError> {
    let (certificate, key) = (directory.join("localhost.pem"), directory.join("localhost.key"));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let file = |path: &Path| {
        let path = path.to_path_buf();
        move |source| TlsError::File { path, source }
    };
    fs::create_dir_all(directory).map_err(file(directory))?;
    let made = rcgen::generate_simple_self_signed(NAMES.map(ToOwned::to_owned))?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut key_file = options.open(&key).map_err(file(&key))?;
    std::io::Write::write_all(&mut key_file, made.signing_key.serialize_pem().as_bytes()).map_err(file(&key))?;
    fs::write(&certificate, made.cert.pem()).map_err(file(&certificate))?;
    Ok((certificate, key))
}

/// Serves until `stopping`; running requests then have a few seconds.
pub async fn serve(
    listener: TcpListener,
    config: RustlsConfig,
    router: Router,
    stopping: CancellationToken,
) -> std::io::Result<()> {
    let handle = axum_server::Handle::new();
    let stop = handle.clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        stop.graceful_shutdown(Some(std::time::Duration::from_secs(4)));
    });
    axum_server::from_tcp_rustls(listener, config)?
        .handle(handle)
        .serve(router.layer(Extension(OverTls)).into_make_service_with_connect_info::<SocketAddr>())
        .await
}
