//! Keys, all derived from one master key that never enters a database.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hkdf;
use secrecy::{ExposeSecret, SecretString};

/// What a derived key is for: two purposes never share a key.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// Sealing API keys and auth tokens at rest.
    Sealing,
    /// Looking API keys and auth tokens up by a keyed hash.
    Lookup,
    /// Signing session tokens.
    Session,
    /// The credential by which services know each other.
    ServiceCredential,
    /// The credential of an edge, which alone may say who the caller is.
    EdgeCredential,
    /// Signing permissions to upload a file.
    Upload,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Sealing => b"halley sealing v1",
            Self::Lookup => b"halley lookup v1",
            Self::Session => b"halley session v1",
            Self::ServiceCredential => b"halley service credential v1",
            Self::EdgeCredential => b"halley edge credential v1",
            Self::Upload => b"halley upload v1",
        }
    }
}

/// Why a master key can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the master key must be 32 bytes in base64, as `openssl rand -base64 32` prints them")]
pub struct InvalidMasterKey;

/// The installation's secret: 32 random bytes, the same for every service.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// Reads the base64 text of a configuration.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidMasterKey> {
        let bytes = STANDARD.decode(text.expose_secret().trim()).map_err(|_| InvalidMasterKey)?;
        bytes.try_into().map(Self).map_err(|_| InvalidMasterKey)
    }

    /// Makes a new one.
    pub fn generate() -> Self {
        Self(rand::random())
    }

    /// The text that [`MasterKey::parse`] reads, for a file that only its owner may read.
    pub fn to_text(&self) -> SecretString {
        SecretString::from(STANDARD.encode(self.0))
    }

    /// The key of one purpose (HKDF-SHA256).
    pub fn derive(&self, purpose: Purpose) -> [u8; 32] {
        let mut key = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"halley")
            .extract(&self.0)
            .expand(&[purpose.label()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .expect("32 bytes are within HKDF-SHA256's reach");
        key
    }

    /// The credential of an ordinary service or of an edge, as text for a header.
    pub fn credential(&self, purpose: Purpose) -> SecretString {
        SecretString::from(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.derive(purpose)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_keys_of_their_own() {
        let master = MasterKey::generate();
        assert_ne!(master.derive(Purpose::Sealing), master.derive(Purpose::Lookup));
        assert_eq!(
            MasterKey::parse(&master.to_text()).expect("own text").derive(Purpose::Session),
            master.derive(Purpose::Session)
        );
    }

    #[test]
    fn short_keys_are_refused() {
        assert!(MasterKey::parse(&SecretString::from("c2hvcnQ=")).is_err());
    }
}
