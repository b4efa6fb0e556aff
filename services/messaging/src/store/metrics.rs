//! How much apps are used: the tables `message_stats`, `active_users` and `online_peaks`.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool};

use crate::counters::{Counts, Parts};

/// Adds counts to what is there. In one order, so that processes don't wait for each other in a circle.
pub(crate) async fn add_counts(pool: &PgPool, parts: &Parts) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(&(DateTime<Utc>, String), &Counts)> = parts.iter().collect();
    rows.sort_unstable_by_key(|(key, _)| *key);
    sqlx::query(
        "INSERT INTO message_stats AS s (from_at, app_id, sent, read, delivered)
         SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
         ON CONFLICT (from_at, app_id) DO UPDATE
         SET sent = s.sent + EXCLUDED.sent, read = s.read + EXCLUDED.read, delivered = s.delivered + EXCLUDED.delivered",
    )
    .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.1.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, counts)| counts.sent).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, counts)| counts.read).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, counts)| counts.delivered).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes away what is older.
pub(crate) async fn delete_counts(pool: &PgPool, before: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM message_stats WHERE from_at < $1").bind(before).execute(pool).await?;
    Ok(())
}

/// What was counted of an app in those parts.
pub(crate) async fn list_counts(
    pool: &PgPool,
    app_id: &str,
    parts: &[DateTime<Utc>],
) -> Result<Vec<(DateTime<Utc>, Counts)>, sqlx::Error> {
    let rows: Vec<(DateTime<Utc>, i64, i64, i64)> = sqlx::query_as(
        "SELECT from_at, sent, read, delivered FROM message_stats WHERE from_at = ANY($2) AND app_id = $1",
    )
    .bind(app_id)
    .bind(parts)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(from, sent, read, delivered)| (from, Counts { sent, read, delivered })).collect())
}

/// Remembers that users came online on a day.
pub(crate) async fn insert_active(
    connection: &mut PgConnection,
    app_id: &str,
    day: NaiveDate,
    uids: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO active_users (app_id, day, uid)
         SELECT DISTINCT $1, $2::date, uid FROM unnest($3::text[]) AS uid ORDER BY uid
         ON CONFLICT (app_id, day, uid) DO NOTHING",
    )
    .bind(app_id)
    .bind(day)
    .bind(uids)
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers how many users were online at once in an hour, if there were never more in it.
pub(crate) async fn raise_peak(
    connection: &mut PgConnection,
    app_id: &str,
    hour: DateTime<Utc>,
    users: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO online_peaks AS p (app_id, from_at, users) VALUES ($1, $2, $3)
         ON CONFLICT (app_id, from_at) DO UPDATE SET users = EXCLUDED.users WHERE p.users < EXCLUDED.users",
    )
    .bind(app_id)
    .bind(hour)
    .bind(users)
    .execute(connection)
    .await?;
    Ok(())
}

/// Different users who came online on any of the days, the last included.
pub(crate) async fn count_active(
    pool: &PgPool,
    app_id: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(DISTINCT uid) FROM active_users WHERE app_id = $1 AND day BETWEEN $2 AND $3")
        .bind(app_id)
        .bind(from)
        .bind(to)
        .fetch_one(pool)
        .await
}

/// The most users online at once in any of the hours, the last included.
pub(crate) async fn find_peak(
    pool: &PgPool,
    app_id: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT COALESCE(max(users), 0) FROM online_peaks WHERE app_id = $1 AND from_at BETWEEN $2 AND $3",
    )
    .bind(app_id)
    .bind(from)
    .bind(to)
    .fetch_one(pool)
    .await
}
