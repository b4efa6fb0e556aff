//! How secrets lie in the database: found by a keyed hash, and sealed where documented lists give them back or a call to
//! elsewhere needs them. Both keys come from outside the database.

use halley_kit::{MasterKey, secrets::Purpose};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use crate::error::AuthError;

/// What a value is: the same text as two kinds is two values.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    ApiKey,
    AuthToken,
    /// The secret of a management key; of no app.
    ManagementSecret,
    /// What a webhook is called with.
    WebhookPassword,
    PushToken,
    /// The token of an operator's session; of no app.
    OperatorSession,
    /// An address that somebody tried a password for; of no app.
    OperatorAddress,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::ApiKey => "api key",
            Self::AuthToken => "auth token",
            Self::ManagementSecret => "management secret",
            Self::WebhookPassword => "webhook password",
            Self::PushToken => "push token",
            Self::OperatorSession => "operator session",
            Self::OperatorAddress => "operator address",
        }
    }

    /// What a hash or a seal is bound to.
    fn context(self, app_id: &str, rest: &str) -> Vec<u8> {
        [self.label(), app_id, rest].join("\0").into_bytes()
    }
}

/// The two keys.
pub struct Seal {
    lookup: hmac::Key,
    sealing: LessSafeKey,
}

impl Seal {
    /// Derived from the master key.
    pub fn new(master: &MasterKey) -> Self {
        let sealing =
            UnboundKey::new(&AES_256_GCM, &master.derive(Purpose::Sealing)).expect("AES-256 takes a key of 32 bytes");
        Self {
            lookup: hmac::Key::new(hmac::HMAC_SHA256, &master.derive(Purpose::Lookup)),
            sealing: LessSafeKey::new(sealing),
        }
    }

    /// The hash a value is found by, within its app. Comparing hashes in an index tells nothing of the value: whoever
    /// has no key can't choose them.
    pub fn lookup_hash(&self, kind: Kind, app_id: &str, value: &str) -> Vec<u8> {
        hmac::sign(&self.lookup, &kind.context(app_id, value)).as_ref().to_vec()
    }

    /// Whether a value has that hash; in constant time.
    pub fn is_hash(&self, kind: Kind, app_id: &str, value: &str, hash: &[u8]) -> bool {
        hmac::verify(&self.lookup, &kind.context(app_id, value), hash).is_ok()
    }

    /// A value sealed for one row: nonce, then ciphertext and tag.
    pub fn seal(&self, kind: Kind, app_id: &str, row_id: &str, value: &str) -> Result<Vec<u8>, AuthError> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = value.as_bytes().to_vec();
        self.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(kind.context(app_id, row_id)),
                &mut sealed,
            )
            .map_err(|_| AuthError::Crypto("sealing".to_owned()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The value of a row.
    pub fn open(&self, kind: Kind, app_id: &str, row_id: &str, sealed: &[u8]) -> Result<String, AuthError> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(AuthError::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| AuthError::Sealed)?;
        let mut opened = rest.to_vec();
        let value = self
            .sealing
            .open_in_place(nonce, Aad::from(kind.context(app_id, row_id)), &mut opened)
            .map_err(|_| AuthError::Sealed)?;
        String::from_utf8(value.to_vec()).map_err(|_| AuthError::Sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_place() {
        let seal = Seal::new(&MasterKey::generate());
        let sealed = seal.seal(Kind::ApiKey, "app", "row", "secret").expect("sealed");
        assert_eq!(seal.open(Kind::ApiKey, "app", "row", &sealed).expect("opened"), "secret");
        assert!(seal.open(Kind::ApiKey, "other", "row", &sealed).is_err());
        assert!(seal.open(Kind::ApiKey, "app", "another row", &sealed).is_err());
        assert!(seal.open(Kind::AuthToken, "app", "row", &sealed).is_err());
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        assert!(seal.open(Kind::ApiKey, "app", "row", &changed).is_err());
        assert!(seal.open(Kind::ApiKey, "app", "row", &sealed[..5]).is_err());
        assert!(Seal::new(&MasterKey::generate()).open(Kind::ApiKey, "app", "row", &sealed).is_err());
    }

    #[test]
    fn hashes_differ_by_app_kind_and_key() {
        let seal = Seal::new(&MasterKey::generate());
        let hash = seal.lookup_hash(Kind::ApiKey, "app", "v");
        assert_eq!(hash, seal.lookup_hash(Kind::ApiKey, "app", "v"));
        assert!(seal.is_hash(Kind::ApiKey, "app", "v", &hash));
        assert!(!seal.is_hash(Kind::ApiKey, "app", "w", &hash));
        assert_ne!(hash, seal.lookup_hash(Kind::ApiKey, "other", "v"));
        assert_ne!(hash, seal.lookup_hash(Kind::AuthToken, "app", "v"));
        assert_ne!(hash, Seal::new(&MasterKey::generate()).lookup_hash(Kind::ApiKey, "app", "v"));
    }
}
