//! The tables `reactions` and `reaction_counts`. Both change only while the message's conversation is locked.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};

/// How often a message got a reaction.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Count {
    pub message_id: i64,
    pub reaction: String,
    pub count: i32,
    pub by_me: bool,
}

/// One user's reaction.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct StoredReaction {
    pub reaction_id: i64,
    pub reaction: String,
    pub uid: String,
    pub reacted_at: DateTime<Utc>,
}

/// A reaction's place: nobody has it twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReactionKey<'a> {
    pub app_id: &'a str,
    pub message_id: i64,
    pub reaction: &'a str,
    pub uid: &'a str,
}

/// The counts of messages, those of one message in the order in which its reactions first came.
pub(crate) async fn list_counts(
    pool: &PgPool,
    app_id: &str,
    message_ids: &[i64],
    uid: Option<&str>,
) -> Result<Vec<Count>, sqlx::Error> {
    sqlx::query_as(
        "SELECT c.message_id, c.reaction, c.count, own.uid IS NOT NULL AS by_me
         FROM reaction_counts AS c
         LEFT JOIN reactions AS own
             ON own.app_id = c.app_id AND own.message_id = c.message_id AND own.reaction = c.reaction AND own.uid = $3
         WHERE c.app_id = $1 AND c.message_id = ANY($2)
         ORDER BY c.message_id, c.first_reaction_id",
    )
    .bind(app_id)
    .bind(message_ids)
    .bind(uid)
    .fetch_all(pool)
    .await
}

/// Whether a reaction is there, whether anybody's is, and how many different ones there are.
pub(crate) async fn find_standing(
    connection: &mut PgConnection,
    key: &ReactionKey<'_>,
) -> Result<(bool, bool, i64), sqlx::Error> {
    sqlx::query_as(
        "SELECT
             EXISTS (
                 SELECT FROM reactions WHERE app_id = $1 AND message_id = $2 AND reaction = $3 AND uid = $4
             ),
             COALESCE(bool_or(reaction = $3), false),
             count(*)
         FROM reaction_counts
         WHERE app_id = $1 AND message_id = $2",
    )
    .bind(key.app_id)
    .bind(key.message_id)
    .bind(key.reaction)
    .bind(key.uid)
    .fetch_one(connection)
    .await
}

/// Stores a reaction that is not there yet; answers its id.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    key: &ReactionKey<'_>,
    at: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "WITH made AS (
             INSERT INTO reactions (app_id, message_id, reaction, uid, reacted_at) VALUES ($1, $2, $3, $4, $5)
             RETURNING reaction_id
         ), counted AS (
             INSERT INTO reaction_counts AS c
                 (app_id, conversation_id, message_id, reaction, count, first_reaction_id)
             SELECT $1, m.conversation_id, $2, $3, 1, made.reaction_id
             FROM made
             JOIN messages AS m ON m.app_id = $1 AND m.message_id = $2
             ON CONFLICT (app_id, message_id, reaction) DO UPDATE SET count = c.count + 1
         ), touched AS (
             UPDATE messages SET reaction_total = reaction_total + 1, updated_at = $5
             WHERE app_id = $1 AND message_id = $2
         )
         SELECT reaction_id FROM made",
    )
    .bind(key.app_id)
    .bind(key.message_id)
    .bind(key.reaction)
    .bind(key.uid)
    .bind(at)
    .fetch_one(connection)
    .await
}

/// Removes a reaction and answers it; `None`: it was not there.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    key: &ReactionKey<'_>,
    at: DateTime<Utc>,
) -> Result<Option<StoredReaction>, sqlx::Error> {
    let gone: Option<StoredReaction> = sqlx::query_as(
        "WITH gone AS (
             DELETE FROM reactions WHERE app_id = $1 AND message_id = $2 AND reaction = $3 AND uid = $4
             RETURNING reaction_id, reaction, uid, reacted_at
         ), counted AS (
             UPDATE reaction_counts SET count = count - 1
             FROM gone
             WHERE app_id = $1 AND message_id = $2 AND reaction_counts.reaction = $3
         ), touched AS (
             UPDATE messages SET reaction_total = reaction_total - 1, updated_at = $5
             FROM gone
             WHERE app_id = $1 AND message_id = $2
         )
         SELECT reaction_id, reaction, uid, reacted_at FROM gone",
    )
    .bind(key.app_id)
    .bind(key.message_id)
    .bind(key.reaction)
    .bind(key.uid)
    .bind(at)
    .fetch_optional(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM reaction_counts WHERE app_id = $1 AND message_id = $2 AND reaction = $3 AND count = 0")
        .bind(key.app_id)
        .bind(key.message_id)
        .bind(key.reaction)
        .execute(connection)
        .await?;
    Ok(gone)
}

/// How many users have that reaction to the message.
pub(crate) async fn count_of(connection: &mut PgConnection, key: &ReactionKey<'_>) -> Result<i64, sqlx::Error> {
    let count: Option<i32> =
        sqlx::query_scalar("SELECT count FROM reaction_counts WHERE app_id = $1 AND message_id = $2 AND reaction = $3")
            .bind(key.app_id)
            .bind(key.message_id)
            .bind(key.reaction)
            .fetch_optional(connection)
            .await?;
    Ok(i64::from(count.unwrap_or_default()))
}

/// A page of a message's reactions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    pub app_id: &'a str,
    pub message_id: i64,
    /// Empty: all of them.
    pub reaction: &'a str,
    /// Exclusive; 0: none.
    pub cursor: i64,
    /// Towards newer ones.
    pub forward: bool,
    pub limit: i64,
}

/// Lists reactions from the cursor on, in the direction asked for, one more than the limit if there are more.
pub(crate) async fn list(pool: &PgPool, page: Page<'_>) -> Result<Vec<StoredReaction>, sqlx::Error> {
    let mut query: QueryBuilder<Postgres> =
        QueryBuilder::new("SELECT reaction_id, reaction, uid, reacted_at FROM reactions WHERE app_id = ");
    query.push_bind(page.app_id.to_owned()).push(" AND message_id = ").push_bind(page.message_id);
    if !page.reaction.is_empty() {
        query.push(" AND reaction = ").push_bind(page.reaction.to_owned());
    }
    let (beyond, order) = if page.forward { (" > ", " ASC") } else { (" < ", " DESC") };
    if page.cursor != 0 {
        query.push(" AND reaction_id").push(beyond).push_bind(page.cursor);
    }
    query.push(" ORDER BY reaction_id").push(order).push(" LIMIT ").push_bind(page.limit + 1);
    query.build_query_as().fetch_all(pool).await
}
