//! Requests read into checked values.

mod group;
mod import;
mod member_lists;
mod place;

pub(crate) use group::{GroupChanges, Kind, NewGroup};
pub(crate) use import::{NewMember, NewPlace};
pub(crate) use member_lists::{Wanted, Wish};
pub(crate) use place::{Membership, Place, Places, scope_from_pb, scope_to_pb};

use chrono::{DateTime, Utc};
use halley_contracts::common::v1::TimeRange;
use halley_kit::time;
use halley_model::{APP_SYSTEM_UID, FieldError, Guid, Uid, field};

use crate::error::{GroupsError, Result};

/// Reads the guid of a new group.
pub(crate) fn guid(value: &str) -> Result<String> {
    Guid::parse(value).map(Guid::into_string).map_err(|reason| GroupsError::InvalidGuid { reason })
}

/// Reads the guid of a group to look for: what is no guid names none.
pub(crate) fn known_guid(value: &str) -> Result<String> {
    Guid::parse(value).map(Guid::into_string).map_err(|_| GroupsError::GroupNotFound { guid: value.to_owned() })
}

/// Reads guids to look for; those that are none can't be found and are left out.
pub(crate) fn known_guids(values: &[String]) -> Vec<String> {
    sorted(values.iter().filter_map(|value| Guid::parse(value).ok().map(Guid::into_string)).collect())
}

/// Reads uids to look for; those that are none can't be found and are left out.
pub(crate) fn known_uids(values: &[String]) -> Vec<String> {
    sorted(values.iter().filter_map(|value| known_uid(value)).collect())
}

/// Reads the uid of a user to look for; `None`: it can be nobody's.
pub(crate) fn known_uid(value: &str) -> Option<String> {
    Uid::parse(value).ok().map(Uid::into_string)
}

/// Reads the uid of an owner to be, or `app_system`.
pub(crate) fn owner(value: &str) -> Result<String> {
    let owner = Uid::parse(value).map_err(|reason| FieldError::new("owner", reason.to_string()))?;
    Ok(owner.into_string())
}

/// Whether an owner is a user, who then is a member too.
pub(crate) fn is_user(owner: &str) -> bool {
    owner != APP_SYSTEM_UID
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Checks how many items a call has.
pub(crate) fn at_most<T>(name: &str, items: &[T], max: usize) -> Result<()> {
    Ok(field::at_most(name, items, max)?)
}

/// A range of times; `None` is an open end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Range {
    /// Reads a filter's range.
    pub(crate) fn parse(name: &str, range: Option<TimeRange>) -> Result<Self> {
        let end = |ms: i64| match time::from_ms(ms) {
            None if ms != 0 => Err(FieldError::new(name, "must be a time between 1970 and 9999")),
            at => Ok(at),
        };
        let range = range.unwrap_or_default();
        Ok(Self { from: end(range.from_ms)?, to: end(range.to_ms)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_cased_once_each() {
        assert_eq!(known_guids(&["B".to_owned(), "a".to_owned(), "b".to_owned(), "no guid".to_owned()]), ["a", "b"]);
        assert_eq!(guid("Room").unwrap(), "room");
        assert!(matches!(guid("a room"), Err(GroupsError::InvalidGuid { .. })));
        assert!(matches!(known_guid("a room"), Err(GroupsError::GroupNotFound { .. })));
    }

    #[test]
    fn a_range_may_be_open_but_not_senseless() {
        assert_eq!(Range::parse("createdAt", None).unwrap(), Range::default());
        let range = Range::parse("createdAt", Some(TimeRange { from_ms: 5, to_ms: 0 })).unwrap();
        assert!(range.from.is_some() && range.to.is_none());
        let fault = Range::parse("createdAt", Some(TimeRange { from_ms: -5, to_ms: 0 })).unwrap_err();
        assert!(matches!(fault, GroupsError::Field(fault) if fault.field == "createdAt"));
    }
}
