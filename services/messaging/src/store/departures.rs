//! What users keep for themselves, when a user or a group is deleted. An event of a deletion may come again, when there is
//! another user or group of that id: what is younger than the deletion stays.

use chrono::{DateTime, Utc};
use halley_model::ConversationKey;
use sqlx::PgPool;

/// Removes what a user kept, and the pins of the conversations that others had with the user. These must not be put
/// aside yet.
pub(crate) async fn forget_user(pool: &PgPool, app_id: &str, uid: &str, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH direct AS (
             SELECT c.conversation_key
             FROM participants AS p
             JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
             WHERE p.app_id = $1 AND p.uid = $2 AND c.conversation_key LIKE 'u:%' AND c.created_at <= $3
         ), of_others AS (
             DELETE FROM conversation_pins AS pin USING direct
             WHERE pin.app_id = $1 AND pin.conversation_key = direct.conversation_key AND pin.uid <> $2
                 AND pin.pinned_at <= $3
         ), pinned AS (
             DELETE FROM conversation_pins WHERE app_id = $1 AND uid = $2 AND pinned_at <= $3
         ), by_app AS (
             DELETE FROM system_pins WHERE app_id = $1 AND with_type = 1 AND with_id = $2 AND pinned_at <= $3
         ), saved AS (
             DELETE FROM saves WHERE app_id = $1 AND uid = $2 AND saved_at <= $3
         ), interacted AS (
             DELETE FROM interactions WHERE app_id = $1 AND uid = $2 AND interacted_at <= $3
         )
         DELETE FROM thread_members WHERE app_id = $1 AND uid = $2 AND created_at <= $3",
    )
    .bind(app_id)
    .bind(uid)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}

/// Removes the pins of a group's conversation.
pub(crate) async fn forget_group(
    pool: &PgPool,
    app_id: &str,
    guid: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH by_app AS (
             DELETE FROM system_pins WHERE app_id = $1 AND with_type = 2 AND with_id = $2 AND pinned_at <= $4
         )
         DELETE FROM conversation_pins WHERE app_id = $1 AND conversation_key = $3 AND pinned_at <= $4",
    )
    .bind(app_id)
    .bind(guid)
    .bind(ConversationKey::group(guid).storage())
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}
