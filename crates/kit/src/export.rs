//! Everything that a service stores of a user, in pages: a list of sections, each a statement that walks its rows.

use halley_contracts::common::v1::ExportedRow;
use halley_model::FieldError;
use sqlx::PgPool;

/// Rows of a page: one may be as large as a message.
const ROWS: i64 = 100;

/// Rows of one kind.
pub struct Section {
    /// What they are, as the API tells it.
    pub kind: &'static str,
    /// Of the app `$1` and the user `$2` the first `$5` rows behind the place of number `$3` and text `$4`, in their order:
    /// number and text of each row's place, and the row as JSON. A last row without JSON says that it was looked as far
    /// as there, and that more may follow.
    pub sql: &'static str,
}

/// Where a page begins.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    section: usize,
    number: i64,
    text: String,
}

impl Place {
    fn first(section: usize) -> Self {
        Self { section, number: 0, text: String::new() }
    }

    fn parse(cursor: &str) -> Option<Self> {
        if cursor.is_empty() {
            return Some(Self::first(0));
        }
        let mut parts = cursor.splitn(3, '.');
        let (section, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let text = parts.next()?.to_owned();
        (!text.contains('\0')).then_some(Self { section, number, text })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.section, self.number, self.text)
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The cursor is none of ours.
    #[error(transparent)]
    Cursor(#[from] FieldError),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// A page, and where the next one begins; empty: there is none.
pub async fn page(
    pool: &PgPool,
    sections: &[Section],
    (app_id, uid): (&str, &str),
    cursor: &str,
) -> Result<(Vec<ExportedRow>, String), ExportError> {
    let wrong = || FieldError::new("cursor", "must be that of an earlier page");
    let mut place = Place::parse(cursor).ok_or_else(wrong)?;
    while let Some(section) = sections.get(place.section) {
        let found: Vec<(i64, String, Option<String>)> = sqlx::query_as(section.sql)
            .bind(app_id)
            .bind(uid)
            .bind(place.number)
            .bind(&place.text)
            .bind(ROWS)
            .fetch_all(pool)
            .await
            .map_err(|error| if is_of_place(&error) { wrong().into() } else { ExportError::from(error) })?;
        let is_full = i64::try_from(found.len()).is_ok_and(|count| count >= ROWS);
        let next = match found.last() {
            Some((number, text, json)) if is_full || json.is_none() => {
                Place { section: place.section, number: *number, text: text.clone() }
            }
            _ => Place::first(place.section + 1),
        };
        let had_any = !found.is_empty();
        let row = |json| ExportedRow { kind: section.kind.to_owned(), data_json: json };
        let rows: Vec<ExportedRow> = found.into_iter().filter_map(|(_, _, json)| json).map(row).collect();
        let is_end = next.section >= sections.len();
        if had_any || is_end {
            return Ok((rows, if is_end { String::new() } else { next.to_string() }));
        }
        place = next;
    }
    Err(wrong().into())
}

/// Whether a statement could not read the text of a place, which a client can make up.
fn is_of_place(error: &sqlx::Error) -> bool {
    const INVALID_TEXT: [&str; 2] = ["22P02", "22003"];
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| INVALID_TEXT.contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_and_nothing_else_is_one() {
        let place = Place { section: 3, number: -7, text: "a.b".to_owned() };
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        assert_eq!(Place::parse(""), Some(Place::first(0)));
        for wrong in ["x", "1", "1.2", "-1.2.a", "1.x.a", "1.2.\0", "99999999999999999999999.1.a"] {
            assert_eq!(Place::parse(wrong), None, "{wrong:?}");
        }
    }
}
