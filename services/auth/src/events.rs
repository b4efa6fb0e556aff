//! The facts that this service tells.

use halley_bus::{Channel, outbox::Entry};
use halley_contracts::events::v1::{AppChanged, CredentialRevoked, OperatorChanged, WebhooksChanged, event::Body};
use uuid::Uuid;

/// Auth tokens of a user ended.
pub fn tokens_revoked(app_id: &str, uid: &str, token_ids: Vec<String>) -> Entry {
    let body = Body::CredentialRevoked(CredentialRevoked { uid: uid.to_owned(), credential_ids: token_ids });
    entry(app_id, body)
}

/// An API key ended, or may do something else now.
pub fn key_revoked(app_id: &str, key_id: String) -> Entry {
    entry(app_id, Body::CredentialRevoked(CredentialRevoked { uid: String::new(), credential_ids: vec![key_id] }))
}

/// What an operator may do changed; with sessions, only theirs. It is of no app, and edges alone want to know.
pub fn operator_changed(operator_id: Uuid, session_ids: &[Uuid]) -> Entry {
    let session_ids = session_ids.iter().map(Uuid::to_string).collect();
    let body = Body::OperatorChanged(OperatorChanged { operator_id: operator_id.to_string(), session_ids });
    Entry { durable: false, ..entry("", body) }
}

/// An app was made or changed.
pub fn app_changed(app_id: &str) -> Entry {
    entry(app_id, Body::AppChanged(AppChanged::default()))
}

/// An app was archived: everything of it is to be refused.
pub fn app_archived(app_id: &str) -> Entry {
    entry(app_id, Body::AppChanged(AppChanged { archived: true, removed: false }))
}

/// An archived app was deleted for good: whatever there is of it is to be deleted.
pub fn app_removed(app_id: &str) -> Entry {
    entry(app_id, Body::AppChanged(AppChanged { archived: true, removed: true }))
}

/// An app's webhooks, or what they are called for, changed. Caches alone want to know.
pub fn webhooks_changed(app_id: &str) -> Entry {
    Entry { durable: false, ..entry(app_id, Body::WebhooksChanged(WebhooksChanged {})) }
}

fn entry(app_id: &str, body: Body) -> Entry {
    Entry { event: halley_bus::event(app_id, "", body), channels: vec![Channel::facts()], durable: true }
}
