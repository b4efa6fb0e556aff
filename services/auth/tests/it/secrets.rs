//! How keys and tokens lie in the database.

use halley_contracts::auth::v1::{self as pb, authenticate_request::Credential};
use halley_kit::MasterKey;
use halley_model::ErrorCode;

use crate::support::World;

/// Every row of every table as text, in which bytes are hexadecimal.
pub async fn everything_stored(world: &World) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert!(tables.len() >= 5, "{tables:?}");
    let mut all = Vec::new();
    for table in tables {
        let rows = format!("SELECT {table}::text FROM {table}");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_all(&world.pool).await.unwrap();
        all.extend(rows);
    }
    all
}

#[tokio::test]
async fn no_value_lies_in_clear() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await;
    let token = api.token(&app.id, "ann").await.auth_token;
    let session = api.session(&app.id, &token, "phone").await.session_token;
    // A revocation passes through the outbox; it names ids, never values.
    let gone = api.token(&app.id, "ann").await.auth_token;
    let (app_id, uid) = (app.id.clone(), "ann".to_owned());
    api.delete_auth_token(pb::DeleteAuthTokenRequest { app_id, uid, auth_token: gone.clone() }).await.unwrap();

    let stored = everything_stored(&world).await;
    assert!(stored.iter().any(|row| row.contains(&app.id)), "the search finds what is in clear");
    let secret_part = |token: &str| token[token.len() - 40..].to_owned();
    for value in [app.auth_key.api_key, app.rest_key.api_key, secret_part(&token), secret_part(&gone), session] {
        // As text or as the bytes that its hexadecimal digits stand for, and as the bytes of the text.
        for form in [value.clone(), hex(value.as_bytes())] {
            assert!(!stored.iter().any(|row| row.contains(&form)), "{form} is stored in clear");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn sealed_values_are_given_back_after_a_restart() {
    let world = World::new().await;
    let first = world.start().await;
    let app = first.app().await;
    let token = first.token(&app.id, "ann").await;
    first.lifecycle.stop();

    let second = world.start().await;

    let keys = pb::ListApiKeysRequest { app_id: app.id.clone(), ..Default::default() };
    assert_eq!(second.list_api_keys(keys).await.unwrap().api_keys, [app.auth_key, app.rest_key]);
    assert_eq!(second.tokens_of(&app.id, "ann").await, [token]);
}

#[tokio::test]
async fn another_master_key_opens_nothing_and_lets_nobody_in() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await;
    let token = api.token(&app.id, "ann").await.auth_token;
    let session = api.session(&app.id, &token, "phone").await.session_token;

    let stranger = world.start_with(&MasterKey::generate()).await;

    for (credential, code) in [
        (Credential::ApiKey(app.rest_key.api_key.clone()), ErrorCode::ApiKeyNotValid),
        (Credential::AuthToken(token.clone()), ErrorCode::AuthTokenNotValid),
        (Credential::SessionToken(session), ErrorCode::AuthTokenNotValid),
    ] {
        assert_eq!(stranger.principal(&app.id, credential).await.unwrap_err().code, code);
    }
    let keys = pb::ListApiKeysRequest { app_id: app.id.clone(), ..Default::default() };
    let error = stranger.list_api_keys(keys).await.unwrap_err();
    // A fault of the server; what it is stands in its log only.
    assert_eq!(error.code, ErrorCode::Exception);
    assert!(!error.message.contains("seal"), "{}", error.message);
    assert!(api.is_valid(&app.id, &token).await);
}

#[tokio::test]
async fn a_sealed_value_is_bound_to_its_row() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await;
    // Who can write to the table, but has no master key, puts one key's sealed value into another's row.
    sqlx::query(
        "UPDATE api_keys SET sealed = (SELECT sealed FROM api_keys WHERE app_id = $1 AND scope = 2) WHERE app_id = $1",
    )
    .bind(&app.id)
    .execute(&world.pool)
    .await
    .unwrap();
    let get = pb::GetApiKeyRequest { app_id: app.id.clone(), api_key: app.auth_key.api_key.clone() };
    assert_eq!(api.get_api_key(get).await.unwrap_err().code, ErrorCode::Exception);
}
