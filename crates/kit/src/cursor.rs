//! Cursors of numbered lists: in which order, and after which row, a page begins, whatever has moved since.
//!
//! A cursor is a text that clients hand back as it is: `changed-desc.2026-01-31T09:30:00.000Z.room-1`.

use chrono::{DateTime, Utc};
use halley_contracts::common::v1::PageInfo;
use halley_model::{FieldError, field};

use crate::{page::Page, search::fold, time};

/// Longest cursor: a folded name, which may be three times as long as the name, and an id.
const CURSOR_MAX: usize = 500;

/// What a list is sorted by; the id settles ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// The id alone.
    Id,
    /// The folded name.
    Name,
    /// The time of creation.
    CreatedAt,
    /// The time of the last change, or of creation where there was none.
    ChangedAt,
}

const WORDS: [(SortBy, &str); 4] =
    [(SortBy::Id, "id"), (SortBy::Name, "name"), (SortBy::CreatedAt, "created"), (SortBy::ChangedAt, "changed")];

/// How a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: SortBy,
    /// The greatest first.
    pub descending: bool,
}

/// The row after which a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    /// What the list is sorted by: nothing, a folded name, or a time as text.
    value: String,
    id: String,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    order: Order,
    /// `None`: before the first row.
    after: Option<Row>,
}

impl Cursor {
    /// A place among rows by their time of change, between two seconds: after the given one where the list ascends, before it
    /// where it descends. 0 is before the first row. `None`: that is no time.
    pub fn of_change(second_ms: i64, descending: bool) -> Option<Self> {
        let order = Order { by: SortBy::ChangedAt, descending };
        if second_ms == 0 {
            return Some(Self { order, after: None });
        }
        // No id is less than an empty one, so no row of the edge itself is on the wrong side of it.
        let edge = time::from_ms(if descending { second_ms } else { second_ms.checked_add(1000)? })?;
        Some(Self { order, after: Some(Row { value: time::iso(edge), id: String::new() }) })
    }

    /// Reads what [`Self::write`] wrote.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let invalid = || FieldError::new("cursor", "must be that of a page of this list");
        field::text("cursor", text, CURSOR_MAX)?;
        let (order, row) = text.split_once('.').map_or((text, None), |(order, row)| (order, Some(row)));
        let (word, way) = order.split_once('-').ok_or_else(invalid)?;
        let (by, _) = WORDS.into_iter().find(|(_, known)| *known == word).ok_or_else(invalid)?;
        let descending = match way {
            "asc" => false,
            "desc" => true,
            _ => return Err(invalid()),
        };
        let order = Order { by, descending };
        let Some(row) = row else { return Ok(Self { order, after: None }) };
        // Ids hold no dot.
        let (value, id) = row.rsplit_once('.').ok_or_else(invalid)?;
        let value = match by {
            SortBy::Id => String::new(),
            SortBy::Name => value.to_owned(),
            SortBy::CreatedAt | SortBy::ChangedAt => {
                let at = DateTime::parse_from_rfc3339(value).map_err(|_| invalid())?.timestamp_millis();
                time::iso(time::from_ms(at).ok_or_else(invalid)?)
            }
        };
        Ok(Self { order, after: Some(Row { value, id: id.to_owned() }) })
    }

    /// As clients get it.
    pub fn write(&self) -> String {
        let Order { by, descending } = self.order;
        let word = WORDS.into_iter().find(|(known, _)| *known == by).map_or("id", |(_, word)| word);
        let way = if descending { "desc" } else { "asc" };
        match &self.after {
            None => format!("{word}-{way}"),
            Some(Row { value, id }) => format!("{word}-{way}.{value}.{id}"),
        }
    }

    /// Whether the list descends.
    pub fn descending(&self) -> bool {
        self.order.descending
    }
}

/// A page of a list that has orders and cursors.
#[derive(Debug, Clone)]
pub struct Walk {
    page: Page,
    order: Order,
    after: Option<Row>,
}

impl Walk {
    /// A page in the cursor's order, or without one in the given order. `known` are the orders that the list has.
    pub fn new(page: Page, cursor: &str, order: Order, known: &[SortBy]) -> Result<Self, FieldError> {
        if cursor.is_empty() {
            return Ok(Self { page, order, after: None });
        }
        let Cursor { order, after } = Cursor::parse(cursor)?;
        if !known.contains(&order.by) {
            return Err(FieldError::new("cursor", "must be that of a page of this list"));
        }
        Ok(Self { page, order, after })
    }

    /// How the list is sorted.
    pub fn order(&self) -> Order {
        self.order
    }

    /// For SQL's LIMIT.
    pub fn limit(&self) -> i64 {
        self.page.limit()
    }

    /// For SQL's OFFSET. After a row the number of the page does not count.
    pub fn offset(&self) -> i64 {
        if self.after.is_some() { 0 } else { self.page.offset() }
    }

    /// What the row that the page begins after is sorted by, as text; `None`: there is no such row.
    pub fn after_value(&self) -> Option<&str> {
        self.after.as_ref().map(|row| row.value.as_str())
    }

    /// The id of the row that the page begins after.
    pub fn after_id(&self) -> Option<&str> {
        self.after.as_ref().map(|row| row.id.as_str())
    }

    /// [`Page::total_at_end`]; after a row nobody knows how many are before it.
    pub fn total_at_end(&self, count: usize) -> Option<i64> {
        if self.after.is_some() { None } else { self.page.total_at_end(count) }
    }

    /// [`Page::info`].
    pub fn info(&self, total: i64, count: usize) -> PageInfo {
        self.page.info(total, count)
    }

    /// The cursor of the page's last row; without a row it is empty.
    pub fn cursor(&self, last: Option<Keys<'_>>) -> String {
        let Some(Keys { id, name, created_at, changed_at }) = last else { return String::new() };
        let value = match self.order.by {
            SortBy::Id => String::new(),
            SortBy::Name => fold(name),
            SortBy::CreatedAt => time::iso(created_at),
            SortBy::ChangedAt => time::iso(changed_at),
        };
        Cursor { order: self.order, after: Some(Row { value, id: id.to_owned() }) }.write()
    }
}

/// What a row can be sorted by.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name; empty in lists that are not sorted by it.
    pub name: &'a str,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed, or made.
    pub changed_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page { number: 3, size: 10 };
    const BY_ID: Order = Order { by: SortBy::Id, descending: false };

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for text in [
            "id-asc",
            "id-asc..room-1",
            "name-desc.a. b.c.room-1",
            "created-asc.2026-01-31T09:30:00.001Z.room_1",
            "changed-desc.2026-01-31T09:30:00.000Z.",
        ] {
            assert_eq!(Cursor::parse(text).map(|cursor| cursor.write()).as_deref(), Ok(text));
        }
        let foreign = Cursor::parse("changed-asc.2026-01-31T10:30:00+01:00.x").map(|cursor| cursor.write());
        assert_eq!(foreign.as_deref(), Ok("changed-asc.2026-01-31T09:30:00.000Z.x"));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let long = format!("name-asc.{}.x", "a".repeat(600));
        for text in [
            "",
            "x",
            "id",
            "id-up",
            "uid-asc",
            "id-asc.x",
            "created-asc.5.x",
            "created-asc.0000-01-01T00:00:00Z.x",
            "id-asc..x\0",
            &long,
        ] {
            assert_eq!(Cursor::parse(text).map_err(|fault| fault.field).err().as_deref(), Some("cursor"), "{text}");
        }
        let known = [SortBy::Id];
        assert!(Walk::new(PAGE, "id-desc", BY_ID, &known).is_ok());
        assert!(Walk::new(PAGE, "name-desc", BY_ID, &known).is_err(), "the list has no such order");
    }

    #[test]
    fn a_second_is_passed_over_whole() {
        let at = |descending| Cursor::of_change(1_769_851_800_000, descending).map(|cursor| cursor.write());
        assert_eq!(at(false).as_deref(), Some("changed-asc.2026-01-31T09:30:01.000Z."));
        assert_eq!(at(true).as_deref(), Some("changed-desc.2026-01-31T09:30:00.000Z."));
        assert_eq!(Cursor::of_change(0, true).map(|cursor| cursor.write()).as_deref(), Some("changed-desc"));
        assert_eq!(Cursor::of_change(253_402_300_799_000, false), None, "the year 10000");
    }

    #[test]
    fn after_a_row_the_number_of_the_page_does_not_count() {
        let numbered = Walk::new(PAGE, "", BY_ID, &[SortBy::Id]).expect("a page");
        assert_eq!((numbered.offset(), numbered.after_id(), numbered.total_at_end(4)), (20, None, Some(24)));
        let walked = Walk::new(PAGE, "id-desc..room", BY_ID, &[SortBy::Id]).expect("a page");
        assert_eq!((walked.offset(), walked.after_id(), walked.total_at_end(4)), (0, Some("room"), None));
        assert!(walked.order().descending, "the cursor's order");
    }
}
