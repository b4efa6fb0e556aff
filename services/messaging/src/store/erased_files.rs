//! The table `erased_files`: files that no message carries any more, until who keeps files has removed them.

use halley_contracts::messaging::v1::ErasedFile;
use sqlx::{PgConnection, PgPool};

use crate::domain::terms;

/// Files of one answer.
const LISTED: i64 = 100;

/// Notes the files of messages that were just erased, apart from those that another message carries, too: somebody passed
/// them on.
pub(crate) async fn note(connection: &mut PgConnection, app_id: &str, names: &[String]) -> Result<(), sqlx::Error> {
    if names.is_empty() {
        return Ok(());
    }
    // A statement for each name: as one text for all of them the index would not be asked.
    for name in names {
        sqlx::query(
            "INSERT INTO erased_files (app_id, name)
             SELECT $1, $2
             WHERE NOT EXISTS (SELECT FROM messages AS m WHERE m.app_id = $1 AND m.terms @@ $3::text::tsquery)
             ON CONFLICT DO NOTHING",
        )
        .bind(app_id)
        .bind(name)
        .bind(terms::carrying(app_id, name))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Files to be removed, those that wait longest first.
pub(crate) async fn list(pool: &PgPool) -> Result<Vec<ErasedFile>, sqlx::Error> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT app_id, name FROM erased_files ORDER BY erased_at, app_id, name LIMIT $1")
            .bind(LISTED)
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().map(|(app_id, name)| ErasedFile { app_id, name }).collect())
}

/// Forgets files that are removed.
pub(crate) async fn forget(pool: &PgPool, files: &[ErasedFile]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM erased_files AS e
         USING unnest($1::text[], $2::text[]) AS gone (app_id, name)
         WHERE e.app_id = gone.app_id AND e.name = gone.name",
    )
    .bind(files.iter().map(|file| file.app_id.as_str()).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}
