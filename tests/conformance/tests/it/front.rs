//! A proxy that ends TLS before an HTTP edge and a gateway node, as an ingress does: both are one host to clients.

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Longest head of a request.
const HEAD_MAX: usize = 64 * 1024;

/// What every front shows.
pub struct Certificate {
    pub pem: String,
    acceptor: TlsAcceptor,
}

impl Certificate {
    /// A self-signed one for localhost.
    pub fn new() -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let pem = made.cert.pem();
        let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes())?];
        let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes())?;
        let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { pem, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Serves for as long as the test runs. A connection's first request says where all of it goes.
    pub fn serve(&self, listener: TcpListener, rest: SocketAddr, gateway: SocketAddr) {
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who breaks off has its reasons.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        drop(pass(stream, rest, gateway).await);
                    }
                });
            }
        });
    }
}

async fn pass(mut client: TlsStream<TcpStream>, rest: SocketAddr, gateway: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD_MAX {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let is_socket = String::from_utf8_lossy(&head).to_ascii_lowercase().contains("\r\nupgrade: websocket");
    let mut server = TcpStream::connect(if is_socket { gateway } else { rest }).await?;
    server.set_nodelay(true)?;
    server.write_all(&head).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
