//! Whom credentials stand for, remembered, and what makes an edge forget it: facts from the feed, and what ended through the
//! edge itself.

use std::sync::Arc;

use halley_bus::Fact;
use halley_contracts::{
    auth::v1::{authenticate_request::Credential, authenticate_response::Principal},
    events::v1::event::Body,
};
use halley_edge::Facts;
use halley_kit::PublicError;
use sha2::{Digest as _, Sha256};

/// A credential's cache key: its hash, so that no credential lies in memory longer than a request.
pub type CredentialKey = [u8; 32];

/// Whom a credential stands for, and in which app.
#[derive(Clone)]
pub struct Session {
    pub app_id: Arc<str>,
    pub principal: Principal,
}

/// Credentials that don't stand for the same any more.
pub enum Ended {
    /// This one.
    Credential(Credential),
    /// Auth tokens and API keys by their ids; without ids all auth tokens of the user.
    Ids { uid: String, ids: Vec<String> },
    /// Sessions of an operator, in all apps; without ids all of them.
    Operator { operator_id: String, session_ids: Vec<String> },
    /// Those of operators in the app.
    OperatorsOfApp,
    /// Whatever belongs to the app.
    All,
}

/// What is remembered.
pub struct Sessions(Facts<CredentialKey, Session>);

impl Sessions {
    /// None yet; at most so many.
    pub fn new(most: u64) -> Self {
        Self(Facts::new(most))
    }

    /// The session of a credential, fetched when it is not remembered.
    pub async fn get(
        &self,
        key: CredentialKey,
        fetch: impl Future<Output = Result<Session, PublicError>>,
    ) -> Result<Session, PublicError> {
        self.0.get(key, fetch).await
    }

    /// Drops what a fact concerns.
    pub fn learn(&self, fact: &Fact<'_>) {
        let event = match fact {
            Fact::Lost => return self.0.distrust(),
            Fact::Gap => return self.0.trust(),
            Fact::Event(event) => event,
        };
        let ended = match &event.body {
            Some(Body::CredentialRevoked(revoked)) => {
                Ended::Ids { uid: revoked.uid.clone(), ids: revoked.credential_ids.clone() }
            }
            Some(Body::AppChanged(_)) => Ended::All,
            Some(Body::OperatorChanged(changed)) => {
                Ended::Operator { operator_id: changed.operator_id.clone(), session_ids: changed.session_ids.clone() }
            }
            _ => return,
        };
        self.forget(&event.app_id, ended);
    }

    /// Drops what has ended. What is being fetched meanwhile is not kept either.
    pub fn forget(&self, app_id: &str, ended: Ended) {
        let app_id = app_id.to_owned();
        match ended {
            Ended::Credential(credential) => {
                let gone = credential_key(&app_id, &credential);
                self.0.forget(move |key, _| *key == gone);
            }
            Ended::Ids { uid, ids } => self.0.forget(move |_, session| {
                *session.app_id == *app_id
                    && match &session.principal {
                        Principal::User(user) => user.uid == uid && (ids.is_empty() || ids.contains(&user.token_id)),
                        Principal::ApiKey(key) => ids.contains(&key.key_id),
                        Principal::Operator(_) => false,
                    }
            }),
            Ended::Operator { operator_id, session_ids } => self.0.forget(move |_, session| match &session.principal {
                Principal::Operator(operator) => {
                    operator.operator_id == operator_id
                        && (session_ids.is_empty() || session_ids.contains(&operator.session_id))
                }
                _ => false,
            }),
            Ended::OperatorsOfApp => self.0.forget(move |_, session| {
                *session.app_id == *app_id && matches!(session.principal, Principal::Operator(_))
            }),
            Ended::All => self.0.forget(move |_, session| *session.app_id == *app_id),
        }
    }
}

/// Where a credential's session is remembered.
pub fn credential_key(app_id: &str, credential: &Credential) -> CredentialKey {
    let (kind, value) = match credential {
        Credential::ApiKey(value) => ("key", value),
        Credential::AuthToken(value) => ("token", value),
        Credential::SessionToken(value) => ("session", value),
        Credential::OperatorSession(value) => ("operator", value),
    };
    let mut hash = Sha256::new();
    for part in [kind, "\0", app_id, "\0", value] {
        hash.update(part);
    }
    hash.finalize().into()
}
