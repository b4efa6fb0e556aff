use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::ClientError;

/// Which server certificates are accepted over TLS.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// Those signed by the public web's authorities.
    #[default]
    PublicRoots,
    /// Those signed by, or equal to, one of these certificates (PEM text, one or more).
    Certificates(String),
    /// Any. Only for tests on loopback: it gives no protection against a man in the middle.
    AnyCertificate,
}

/// Makes ring the process's TLS crypto, unless another choice was made before. Safe to call often.
pub fn install_crypto() {
    // An error means that a provider is installed already, which is what is wanted.
    drop(ring::default_provider().install_default());
}

impl Trust {
    pub(crate) fn client_config(&self) -> Result<Arc<ClientConfig>, ClientError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| ClientError::Setting(error.to_string()))?;
        let config = match self {
            Self::PublicRoots => {
                let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
                builder.with_root_certificates(roots).with_no_client_auth()
            }
            Self::Certificates(pem) => builder.with_root_certificates(roots_of(pem)?).with_no_client_auth(),
            Self::AnyCertificate => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
                .with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }
}

fn roots_of(pem: &str) -> Result<RootCertStore, ClientError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| ClientError::Setting(format!("certificate: {error}")))?;
        roots.add(certificate).map_err(|error| ClientError::Setting(format!("certificate: {error}")))?;
    }
    if roots.is_empty() {
        return Err(ClientError::Setting("no certificate in the PEM text".into()));
    }
    Ok(roots)
}

#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
