//! Session tokens: what a socket's auth frame carries. A JWT, since that is what clients call it; HS256 over ring.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use halley_kit::{MasterKey, secrets::Purpose, time};
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::error::AuthError;

/// The only header there is; another algorithm is never even read.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const ISSUER: &str = "halley";

/// What a session token says. It names its auth token and lives as long as that; there is no expiry, because clients
/// have no way to renew it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    /// The app.
    pub app: String,
    /// The user.
    pub sub: String,
    /// The auth token's id.
    pub tid: String,
    /// The device.
    pub did: String,
    iat: i64,
}

/// Signs and reads them.
pub struct Sessions {
    key: hmac::Key,
}

impl Sessions {
    /// With a key derived from the master key.
    pub fn new(master: &MasterKey) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &master.derive(Purpose::Session)) }
    }

    /// A token for a user's device.
    pub fn sign(&self, app_id: &str, uid: &str, token_id: &str, device_id: &str) -> Result<String, AuthError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            app: app_id.to_owned(),
            sub: uid.to_owned(),
            tid: token_id.to_owned(),
            did: device_id.to_owned(),
            iat: time::now_ms() / 1000,
        };
        let claims = serde_json::to_vec(&claims).map_err(|error| AuthError::Crypto(error.to_string()))?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What a token says, when this installation signed it for this app.
    pub fn read(&self, app_id: &str, token: &str) -> Result<Claims, AuthError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(AuthError::AuthTokenNotValid)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| AuthError::AuthTokenNotValid)?;
        // Compares in constant time.
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| AuthError::AuthTokenNotValid)?;
        let (_, claims) = signed.split_once('.').ok_or(AuthError::AuthTokenNotValid)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| AuthError::AuthTokenNotValid)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| AuthError::AuthTokenNotValid)?;
        if claims.iss != ISSUER || claims.app != app_id {
            return Err(AuthError::AuthTokenNotValid);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_unchanged_tokens_of_the_app_are_read() {
        let sessions = Sessions::new(&MasterKey::generate());
        let token = sessions.sign("app", "ann", "t1", "d1").expect("signed");
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(sessions.read("app", &token).expect("own").sub, "ann");
        assert!(sessions.read("other", &token).is_err());
        assert!(Sessions::new(&MasterKey::generate()).read("app", &token).is_err());
        let other = sessions.sign("app", "bob", "t1", "d1").expect("signed");
        let mixed =
            format!("{}.{}", other.rsplit_once('.').expect("parts").0, token.rsplit_once('.').expect("parts").1);
        assert!(sessions.read("app", &mixed).is_err());
        for bad in ["", ".", "..", "a.b.c", "ann_1700000000abcdef"] {
            assert!(sessions.read("app", bad).is_err(), "{bad}");
        }
    }
}
