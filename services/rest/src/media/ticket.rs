//! Permissions to upload one file: given out signed, kept nowhere.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::{MediaError, kind::Kind, name::Name};

/// The form's field with what is permitted.
pub const POLICY: &str = "policy";
/// The form's field with its signature.
pub const SIGNATURE: &str = "signature";

/// What may be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    app: String,
    name: String,
    mime: String,
    extension: String,
    /// In bytes, as announced.
    pub size: u64,
    /// Unix seconds.
    pub expires_at: i64,
}

impl Ticket {
    /// For a file of an app.
    pub fn new(app: &str, name: &Name, kind: &Kind, size: u64, expires_at: i64) -> Self {
        Self {
            app: app.to_owned(),
            name: name.to_string(),
            mime: kind.mime.clone(),
            extension: kind.extension.clone(),
            size,
            expires_at,
        }
    }

    /// Under which name.
    pub fn name(&self) -> Result<Name, MediaError> {
        Name::parse(&self.name).ok_or(MediaError::Forged)
    }

    /// Of which type.
    pub fn kind(&self) -> Result<Kind, MediaError> {
        let stored = self.name()?.extension().to_owned();
        Ok(Kind { mime: self.mime.clone(), extension: self.extension.clone(), stored })
    }
}

/// Signs tickets and knows them again, on every replica of the edge.
pub struct Tickets(hmac::Key);

impl Tickets {
    /// With the installation's key for them.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The two fields of the form.
    pub fn sign(&self, ticket: &Ticket) -> Result<[(&'static str, String); 2], MediaError> {
        let json = serde_json::to_vec(ticket).map_err(|_| MediaError::Forged)?;
        let policy = URL_SAFE_NO_PAD.encode(json);
        let signature = hex::encode(hmac::sign(&self.0, policy.as_bytes()));
        Ok([(POLICY, policy), (SIGNATURE, signature)])
    }

    /// Reads the two fields of the form, sent for an app at a time in Unix seconds.
    pub fn check(&self, policy: &str, signature: &str, app: &str, now: i64) -> Result<Ticket, MediaError> {
        let signature = hex::decode(signature).map_err(|_| MediaError::Forged)?;
        hmac::verify(&self.0, policy.as_bytes(), &signature).map_err(|_| MediaError::Forged)?;
        let json = URL_SAFE_NO_PAD.decode(policy).map_err(|_| MediaError::Forged)?;
        let ticket: Ticket = serde_json::from_slice(&json).map_err(|_| MediaError::Forged)?;
        if ticket.app != app {
            return Err(MediaError::Forged);
        }
        if now >= ticket.expires_at {
            return Err(MediaError::Expired);
        }
        Ok(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        let kind = Kind { mime: "image/png".into(), extension: "png".into(), stored: "png".into() };
        Ticket::new("app", &Name::fresh("png"), &kind, 7, 1000)
    }

    #[test]
    fn a_ticket_is_known_again_by_its_signature() {
        let (own, other) = (Tickets::new(&[1; 32]), Tickets::new(&[2; 32]));
        let ticket = ticket();
        let [(_, policy), (_, signature)] = own.sign(&ticket).expect("signed");
        assert_eq!(own.check(&policy, &signature, "app", 999).expect("valid"), ticket);
        let late = own.check(&policy, &signature, "app", 1000).expect_err("expired");
        assert_eq!(halley_kit::ServiceError::code(&late), halley_model::ErrorCode::UploadExpired);
        assert!(matches!(own.check(&policy, &signature, "other", 999), Err(MediaError::Forged)));
        assert!(matches!(other.check(&policy, &signature, "app", 999), Err(MediaError::Forged)));
        assert!(matches!(own.check(&policy, "", "app", 999), Err(MediaError::Forged)));
        let [(_, larger), _] = own.sign(&Ticket { size: 8, ..ticket }).expect("signed");
        assert!(matches!(own.check(&larger, &signature, "app", 999), Err(MediaError::Forged)));
    }
}
