//! Webhooks and their triggers, as data.

use std::collections::HashSet;

use halley_bus::outbox;
use halley_contracts::auth::v1 as pb;
use halley_kit::{page::Page, time};
use halley_model::{Access, Area, FieldError, Limit, field, limits, triggers};
use sqlx::{Postgres, Transaction};

use super::entry::{self, fate};
use crate::{
    Auth,
    error::AuthError,
    events,
    seal::Kind,
    store::{self, webhooks::WebhookRow},
};

/// Longest id and name.
const NAME_MAX: usize = 50;
/// Longest URL.
const URL_MAX: usize = 255;
/// Longest user name and password.
const USERNAME_MAX: usize = 50;
const PASSWORD_MAX: usize = 100;
/// Most triggers of one call: more than there are.
const TRIGGERS_MAX: usize = 200;

pub fn show(row: WebhookRow) -> pb::Webhook {
    pb::Webhook {
        webhook_id: row.webhook_id,
        name: row.name,
        url: row.url,
        use_basic_auth: row.use_basic_auth,
        username: row.username,
        enabled: row.enabled,
        retry_on_failure: row.retry_on_failure,
        version: row.version.into(),
        created_at_ms: time::to_ms(row.created_at),
        updated_at_ms: time::to_ms(row.updated_at),
    }
}

/// An absolute web address without a user's name: that would be sent where nobody looks for it.
fn check_url(url: &str) -> Result<(), FieldError> {
    let fault = |problem: &str| Err(FieldError::new("webhookURL", problem));
    field::required_text("webhookURL", url, URL_MAX)?;
    let Ok(parsed) = url.parse::<http::Uri>() else { return fault("must be an http or https URL") };
    let Some(authority) = parsed.authority() else { return fault("must be an http or https URL") };
    if !matches!(parsed.scheme_str(), Some("http" | "https")) || authority.host().is_empty() {
        return fault("must be an http or https URL");
    }
    if authority.as_str().contains('@') {
        return fault("must not hold a user name or password: use username and password");
    }
    Ok(())
}

fn check_id(id: &str) -> Result<(), FieldError> {
    field::required_text("id", id, NAME_MAX)?;
    match id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        true => Ok(()),
        false => Err(FieldError::new("id", "must have only letters, digits, - and _")),
    }
}

/// What Basic authentication can carry.
fn check_login(username: &str, password: &str) -> Result<(), FieldError> {
    for (name, value, max) in [("username", username, USERNAME_MAX), ("password", password, PASSWORD_MAX)] {
        field::text(name, value, max)?;
        if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(FieldError::new(name, "must not have spaces"));
        }
    }
    if username.contains(':') {
        return Err(FieldError::new("username", "must not have a colon"));
    }
    Ok(())
}

/// Checks a row as it would be stored.
fn check(row: &WebhookRow) -> Result<(), FieldError> {
    field::required_text("name", &row.name, NAME_MAX)?;
    check_url(&row.url)?;
    if row.use_basic_auth && row.username.is_empty() {
        return Err(FieldError::new("username", "is required with useBasicAuth"));
    }
    if row.use_basic_auth && row.sealed_password.is_none() {
        return Err(FieldError::new("password", "is required with useBasicAuth"));
    }
    Ok(())
}

fn seal(auth: &Auth, app_id: &str, webhook_id: &str, password: &str) -> Result<Option<Vec<u8>>, AuthError> {
    match password {
        "" => Ok(None),
        password => auth.seal.seal(Kind::WebhookPassword, app_id, webhook_id, password).map(Some),
    }
}

/// Commits a change and waits until it is told: who is to be called no more is not when the caller hears of the success.
async fn commit(auth: &Auth, app_id: &str, mut transaction: Transaction<'_, Postgres>) -> Result<(), AuthError> {
    let pending = outbox::insert(&mut transaction, &[events::webhooks_changed(app_id)]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(())
}

pub async fn create(auth: &Auth, request: pb::CreateWebhookRequest) -> Result<pb::CreateWebhookResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Webhooks, Access::Change)).await?;
    let given = request.webhook.unwrap_or_default();
    check_id(&given.webhook_id)?;
    check_login(&given.username, &request.password)?;
    let at = time::now();
    let row = WebhookRow {
        sealed_password: seal(auth, &app.app_id, &given.webhook_id, &request.password)?,
        webhook_id: given.webhook_id,
        name: given.name,
        url: given.url,
        use_basic_auth: given.use_basic_auth,
        username: given.username,
        enabled: given.enabled,
        retry_on_failure: given.retry_on_failure,
        version: if given.version == 2 { 2 } else { 1 },
        created_at: at,
        updated_at: at,
    };
    check(&row)?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    // Counted under the app's lock, or two at once could pass the limit.
    let settings = store::apps::lock(&mut transaction, &app.app_id).await?;
    let max = settings.unwrap_or_default().limit_i64(Limit::Webhooks);
    if !store::webhooks::insert(&mut transaction, &app.app_id, &row).await? {
        return Err(AuthError::WebhookExists { id: row.webhook_id });
    }
    if store::webhooks::count(&mut transaction, &app.app_id).await? > max {
        return Err(AuthError::TooMany { what: "webhooks", max });
    }
    commit(auth, &app.app_id, transaction).await?;
    Ok(pb::CreateWebhookResponse { webhook: Some(show(row)) })
}

pub async fn list(auth: &Auth, request: pb::ListWebhooksRequest) -> Result<pb::ListWebhooksResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Webhooks, Access::Read)).await?;
    field::text("searchKey", &request.search_key, limits::NAME_MAX)?;
    let page = Page::parse(request.page)?;
    let (rows, total) = store::webhooks::list(&auth.pool, &app.app_id, &request.search_key, page).await?;
    let page = page.info(total, rows.len());
    Ok(pb::ListWebhooksResponse { webhooks: rows.into_iter().map(show).collect(), page: Some(page) })
}

/// An id in a path; what can't be one is no webhook's.
fn known_id(id: &str) -> Result<&str, AuthError> {
    match check_id(id) {
        Ok(()) => Ok(id),
        Err(_) => Err(not_found(id)),
    }
}

fn not_found(id: &str) -> AuthError {
    AuthError::WebhookNotFound { id: id.chars().take(NAME_MAX).collect() }
}

pub async fn get(auth: &Auth, request: pb::GetWebhookRequest) -> Result<pb::GetWebhookResponse, AuthError> {
    let access = if request.to_change { Access::Change } else { Access::Read };
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Webhooks, access)).await?;
    let id = known_id(&request.webhook_id)?;
    let row = store::webhooks::find(&auth.pool, &app.app_id, id).await?.ok_or_else(|| not_found(id))?;
    Ok(pb::GetWebhookResponse { webhook: Some(show(row)) })
}

pub async fn update(auth: &Auth, request: pb::UpdateWebhookRequest) -> Result<pb::UpdateWebhookResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Webhooks, Access::Change)).await?;
    let id = known_id(&request.webhook_id)?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    let row = store::webhooks::lock(&mut transaction, &app.app_id, id).await?.ok_or_else(|| not_found(id))?;
    let password = request.password.unwrap_or_default();
    let username = request.username.unwrap_or_else(|| row.username.clone());
    check_login(&username, &password)?;
    let changed = WebhookRow {
        name: request.name.unwrap_or(row.name),
        url: request.url.unwrap_or(row.url),
        use_basic_auth: request.use_basic_auth.unwrap_or(row.use_basic_auth),
        username,
        sealed_password: seal(auth, &app.app_id, id, &password)?.or(row.sealed_password),
        enabled: request.enabled.unwrap_or(row.enabled),
        retry_on_failure: request.retry_on_failure.unwrap_or(row.retry_on_failure),
        updated_at: time::now(),
        webhook_id: row.webhook_id,
        version: row.version,
        created_at: row.created_at,
    };
    check(&changed)?;
    store::webhooks::update(&mut transaction, &app.app_id, &changed).await?;
    commit(auth, &app.app_id, transaction).await?;
    Ok(pb::UpdateWebhookResponse { webhook: Some(show(changed)) })
}

pub async fn delete(auth: &Auth, request: pb::DeleteWebhookRequest) -> Result<pb::DeleteWebhookResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Webhooks, Access::Change)).await?;
    let id = known_id(&request.webhook_id)?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if !store::webhooks::delete(&mut transaction, &app.app_id, id).await? {
        return Err(not_found(id));
    }
    commit(auth, &app.app_id, transaction).await?;
    Ok(pb::DeleteWebhookResponse {})
}

pub async fn change_triggers(
    auth: &Auth,
    request: pb::ChangeTriggersRequest,
) -> Result<pb::ChangeTriggersResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Webhooks, Access::Change)).await?;
    let id = known_id(&request.webhook_id)?;
    if request.trigger_ids.is_empty() || request.trigger_ids.len() > TRIGGERS_MAX {
        return Err(FieldError::new("triggerIds", format!("must have 1 to {TRIGGERS_MAX} entries")).into());
    }
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    let webhook = store::webhooks::lock(&mut transaction, &app.app_id, id).await?.ok_or_else(|| not_found(id))?;
    let named = |id: &String| triggers::find(webhook.version, id).is_some();
    let wanted: Vec<String> = request.trigger_ids.iter().filter(|id| named(id)).cloned().collect();
    let done: HashSet<String> = match request.remove {
        true => {
            store::webhooks::delete_triggers(&mut transaction, &app.app_id, id, &wanted).await?.into_iter().collect()
        }
        false => {
            store::webhooks::insert_triggers(&mut transaction, &app.app_id, id, &wanted, time::now()).await?;
            wanted.into_iter().collect()
        }
    };
    commit(auth, &app.app_id, transaction).await?;
    let fate_of = |id: String| {
        let outcome = match done.contains(&id) {
            true => Ok(()),
            false => Err(AuthError::TriggerNotFound { id: id.chars().take(limits::NAME_MAX).collect() }),
        };
        fate(id, outcome)
    };
    let results = request.trigger_ids.into_iter().map(fate_of).collect::<Result<_, _>>()?;
    Ok(pb::ChangeTriggersResponse { results })
}

pub async fn list_triggers(
    auth: &Auth,
    request: pb::ListTriggersRequest,
) -> Result<pb::ListTriggersResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Webhooks, Access::Read)).await?;
    let id = known_id(&request.webhook_id)?;
    let page = Page::parse(request.page)?;
    store::webhooks::find(&auth.pool, &app.app_id, id).await?.ok_or_else(|| not_found(id))?;
    let (trigger_ids, total) = store::webhooks::list_triggers(&auth.pool, &app.app_id, id, page).await?;
    let page = page.info(total, trigger_ids.len());
    Ok(pb::ListTriggersResponse { trigger_ids, page: Some(page) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_web_addresses_without_a_login_are_called() {
        for good in ["https://hooks.example.com/chat", "http://127.0.0.1:9000", "https://example.com/a?b=c"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        let long = format!("https://example.com/{}", "a".repeat(250));
        for bad in [
            "",
            "ftp://example.com",
            "/hooks",
            "example.com",
            "https://",
            "https://user:pw@example.com",
            "not a url",
            &long,
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_and_logins_have_no_spaces() {
        assert!(check_id("orders-1_a").is_ok());
        assert!(check_id("or ders").is_err() && check_id("").is_err() && check_id(&"a".repeat(51)).is_err());
        assert!(check_login("user", "secret").is_ok());
        assert!(check_login("us:er", "").is_err() && check_login("user", "a b").is_err());
    }
}
