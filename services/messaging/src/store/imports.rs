//! What only an import asks.

use sqlx::PgConnection;

/// A message that an import may refer to, or whose muid it repeats.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Referred {
    pub muid: String,
    pub sender_uid: String,
    pub message_id: i64,
    pub conversation_id: i64,
    pub parent_id: Option<i64>,
    pub category: i16,
}

/// The messages of an app that hold one of the muids, whoever wrote them.
pub(crate) async fn find_referred(
    connection: &mut PgConnection,
    app_id: &str,
    muids: &[&str],
) -> Result<Vec<Referred>, sqlx::Error> {
    if muids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "SELECT muid, sender_uid, message_id, conversation_id, parent_id, category
         FROM messages
         WHERE app_id || '' = $1 AND muid = ANY($2)",
    )
    .bind(app_id)
    .bind(muids)
    .fetch_all(connection)
    .await
}

/// Ids for new messages, ascending. Their conversations are locked.
pub(crate) async fn draw_ids(connection: &mut PgConnection, count: i64) -> Result<Vec<i64>, sqlx::Error> {
    let mut ids: Vec<i64> = sqlx::query_scalar("SELECT nextval('message_ids') FROM generate_series(1, $1)")
        .bind(count)
        .fetch_all(connection)
        .await?;
    ids.sort_unstable();
    Ok(ids)
}
