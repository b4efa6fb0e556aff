//! Who may do what: the rules are `halley_model::rights`, the facts come from the database.
//!
//! An app that acts for no user may do everything, but a group is never left without its owner.

use halley_contracts::groups::v1::Member;
use halley_kit::Caller;
use halley_model::rights::{Action, Standing, may};
use sqlx::PgConnection;

use crate::{
    domain::{Membership, Places},
    error::{GroupsError, Result},
    service::Groups,
    store::{
        groups::{self, GroupRow, LockedGroup},
        places,
    },
};

/// A group, and how the users whom a call concerns stand in it.
pub(crate) struct Scene<'a> {
    pub group: GroupRow,
    caller: &'a Caller,
    places: Places,
}

impl<'a> Scene<'a> {
    /// A group with places that are known.
    pub(crate) fn new(caller: &'a Caller, group: GroupRow, places: Places) -> Self {
        Self { group, caller, places }
    }

    /// Reads a group with the caller's place.
    pub(crate) async fn read(groups: &Groups, caller: &'a Caller, guid: &str) -> Result<Self> {
        let uid = caller.acting_uid();
        let found = places::find_group_and_place(&groups.pool, caller.app_id(), guid, uid).await?;
        let (group, place) = found.ok_or_else(|| GroupsError::GroupNotFound { guid: guid.to_owned() })?;
        let own = uid.zip(place).map(|(uid, place)| (uid.to_owned(), place));
        Ok(Self { group, caller, places: own.into_iter().collect() })
    }

    /// Locks a group, then reads the places of the caller and of these users. Also answers the password's hash.
    pub(crate) async fn lock(
        conn: &mut PgConnection,
        caller: &'a Caller,
        guid: &str,
        uids: &[&str],
    ) -> Result<(Self, Option<String>)> {
        let locked = groups::lock_group(&mut *conn, caller.app_id(), guid).await?;
        let LockedGroup { row, password_hash } =
            locked.ok_or_else(|| GroupsError::GroupNotFound { guid: guid.to_owned() })?;
        let concerned: Vec<&str> = caller.acting_uid().into_iter().chain(uids.iter().copied()).collect();
        let places = places::find_places(&mut *conn, caller.app_id(), guid, &concerned).await?;
        Ok((Self { group: row, caller, places }, password_hash))
    }

    /// The membership of one of the users.
    pub(crate) fn membership(&self, uid: &str) -> Option<Membership> {
        self.places.membership(uid)
    }

    /// The membership of one of the users, who must have one.
    pub(crate) fn require_member(&self, uid: &str) -> Result<Membership> {
        self.membership(uid).ok_or_else(|| GroupsError::NotAMember { uid: uid.to_owned() })
    }

    /// The caller's own membership.
    pub(crate) fn own(&self) -> Option<Membership> {
        self.caller.acting_uid().and_then(|uid| self.membership(uid))
    }

    /// The caller's own membership, as the contract shows it.
    pub(crate) fn show_own(&self) -> Option<Member> {
        let uid = self.caller.acting_uid()?;
        Some(self.membership(uid)?.show(&self.group.guid, uid))
    }

    /// Whether one of the users is kept out.
    pub(crate) fn is_banned(&self, uid: &str) -> bool {
        self.places.is_banned(uid)
    }

    /// Whether the group is this user's.
    pub(crate) fn is_owner(&self, uid: &str) -> bool {
        self.group.owner == uid
    }

    /// How one of the users stands.
    pub(crate) fn standing(&self, uid: &str) -> Standing {
        Standing::of(uid, &self.group.owner, self.membership(uid).map(|membership| membership.scope))
    }

    /// Fails unless the caller may do it.
    pub(crate) fn require(&self, action: Action) -> Result<()> {
        let Some(uid) = self.caller.acting_uid() else { return Ok(()) };
        Ok(may(self.standing(uid), action)?)
    }

    /// Fails when the caller would act on itself.
    pub(crate) fn require_other(&self, uid: &str) -> Result<()> {
        if self.caller.acting_uid() == Some(uid) { Err(GroupsError::SelfAction) } else { Ok(()) }
    }

    /// Fails unless the caller may remove this user, which nobody may do to the owner.
    pub(crate) fn require_removal(&self, uid: &str, action: fn(Standing) -> Action) -> Result<()> {
        self.require_other(uid)?;
        self.require(action(self.standing(uid)))?;
        if self.is_owner(uid) {
            return Err(GroupsError::OwnerStays { uid: uid.to_owned() });
        }
        Ok(())
    }
}

/// Lets in the app itself only.
pub(crate) fn app_only(caller: &Caller, what: &'static str) -> Result<()> {
    if caller.acting_uid().is_some() { Err(GroupsError::NotForUsers { what }) } else { Ok(()) }
}
