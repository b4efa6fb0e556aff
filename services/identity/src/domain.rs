//! Requests read into checked values.

mod circle;
mod rights;
mod role;
mod user;

pub(crate) use circle::Circle;
pub(crate) use rights::{NewPermissions, features, known_permission};
pub(crate) use role::{NewRole, RoleChanges};
pub(crate) use user::{NewUser, UserChanges, keep_private};

use halley_model::{APP_SYSTEM_UID, Uid, field};

use crate::error::{IdentityError, Result};

/// Reads the uid of a new user. That of the app itself is nobody's: who had it could act as the app.
pub(crate) fn new_uid(value: &str) -> Result<String> {
    let uid = Uid::parse(value).map_err(|reason| IdentityError::InvalidUid { reason })?.into_string();
    if uid == APP_SYSTEM_UID { Err(IdentityError::ReservedUid) } else { Ok(uid) }
}

/// Reads the uid of a user to look for: what is no uid names nobody.
pub(crate) fn known_uid(value: &str) -> Result<String> {
    Uid::parse(value).map(Uid::into_string).map_err(|_| IdentityError::UserNotFound { uid: value.to_owned() })
}

/// Reads uids to look for; those that are none can't be found and are left out.
pub(crate) fn known_uids(values: &[String]) -> Vec<String> {
    let mut uids: Vec<String> =
        values.iter().filter_map(|value| Uid::parse(value).ok().map(Uid::into_string)).collect();
    uids.sort_unstable();
    uids.dedup();
    uids
}

/// Checks how many items a call has.
pub(crate) fn at_most<T>(name: &str, items: &[T], max: usize) -> Result<()> {
    Ok(field::at_most(name, items, max)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_own_uid_is_nobodys() {
        assert_eq!(new_uid("Ann").unwrap(), "ann");
        assert!(matches!(new_uid("App_System"), Err(IdentityError::ReservedUid)));
        assert!(matches!(new_uid("a b"), Err(IdentityError::InvalidUid { .. })));
    }

    #[test]
    fn what_is_no_uid_is_not_looked_for() {
        let asked = ["Bob", "a b", "", "ann", "bob", "x\0"].map(str::to_owned);
        assert_eq!(known_uids(&asked), ["ann", "bob"]);
        assert!(matches!(known_uid("x\0"), Err(IdentityError::UserNotFound { .. })));
    }
}
