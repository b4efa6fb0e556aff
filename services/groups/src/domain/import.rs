//! Members to store with their own times.

use chrono::{DateTime, Utc};
use halley_contracts::groups::v1::{ImportedMember, MemberScope};
use halley_kit::time;
use halley_model::{FieldError, Guid, Uid, rights::Scope};

use super::scope_from_pb;
use crate::error::{GroupsError, Result};

/// A user to put into a group, or to keep out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewMember {
    pub guid: String,
    pub uid: String,
    pub place: NewPlace,
    /// When the user joined or was banned. `None`: now.
    pub at: Option<DateTime<Utc>>,
}

/// In or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewPlace {
    In(Scope),
    Out,
}

impl NewMember {
    /// Reads a member.
    pub(crate) fn parse(member: &ImportedMember, now: DateTime<Utc>) -> Result<Self> {
        let format = |name: &str, problem: String| GroupsError::InvalidImportedMember(FieldError::new(name, problem));
        let guid = Guid::parse(&member.guid).map_err(|reason| format("guid", reason.to_string()))?;
        let uid = Uid::parse(&member.uid).map_err(|reason| format("uid", reason.to_string()))?;
        let scope = MemberScope::try_from(member.scope)
            .map_err(|_| format("scope", "must be admin, moderator or participant".to_owned()))?;
        let scope = scope_from_pb(scope).unwrap_or(Scope::Participant);
        let at = match (member.joined_at_ms, time::from_ms(member.joined_at_ms)) {
            (0, _) => None,
            (_, Some(at)) if at <= now => Some(at),
            _ => return Err(joined_at("must be a time of the past")),
        };
        let place = if member.banned { NewPlace::Out } else { NewPlace::In(scope) };
        Ok(Self { guid: guid.into_string(), uid: uid.into_string(), place, at })
    }

    /// Checks a member against its group, whose creation may not be known.
    pub(crate) fn fits(&self, owner: &str, created_at: Option<DateTime<Utc>>) -> Result<()> {
        if self.at.zip(created_at).is_some_and(|(at, created_at)| at < created_at) {
            return Err(joined_at("must not be before the group's creation"));
        }
        if self.place == NewPlace::Out && self.uid == owner {
            let fault = FieldError::new("isBanned", "the group's owner can't be banned");
            return Err(GroupsError::InvalidImportedMember(fault));
        }
        Ok(())
    }
}

fn joined_at(problem: &str) -> GroupsError {
    GroupsError::InvalidJoinedAt(FieldError::new("joinedAt", problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> ImportedMember {
        ImportedMember { guid: "Room".to_owned(), uid: "Ann".to_owned(), joined_at_ms: 5000, ..Default::default() }
    }

    #[test]
    fn a_member_is_a_participant_unless_it_says_more() {
        let now = time::now();
        let member = NewMember::parse(&ann(), now).unwrap();
        assert_eq!((member.guid.as_str(), member.uid.as_str()), ("room", "ann"));
        assert_eq!(member.place, NewPlace::In(Scope::Participant));
        let banned = NewMember::parse(&ImportedMember { banned: true, ..ann() }, now).unwrap();
        assert_eq!(banned.place, NewPlace::Out);
        assert_eq!(NewMember::parse(&ImportedMember { joined_at_ms: 0, ..ann() }, now).unwrap().at, None);
    }

    #[test]
    fn faults_are_told_apart() {
        let now = time::now();
        for bad in [
            ImportedMember { guid: "no guid".to_owned(), ..ann() },
            ImportedMember { uid: String::new(), ..ann() },
            ImportedMember { scope: 9, ..ann() },
        ] {
            assert!(matches!(NewMember::parse(&bad, now), Err(GroupsError::InvalidImportedMember(_))), "{bad:?}");
        }
        for ms in [-1, time::to_ms(now) + 1000] {
            let bad = ImportedMember { joined_at_ms: ms, ..ann() };
            assert!(matches!(NewMember::parse(&bad, now), Err(GroupsError::InvalidJoinedAt(_))), "{ms}");
        }
        let member = NewMember::parse(&ann(), now).unwrap();
        let created = |ms| Some(time::from_ms(ms).unwrap());
        assert!(member.fits("bob", None).is_ok());
        assert!(member.fits("bob", created(5000)).is_ok());
        assert!(matches!(member.fits("bob", created(5001)), Err(GroupsError::InvalidJoinedAt(_))));
        let banned = NewMember { place: NewPlace::Out, ..member };
        assert!(banned.fits("bob", created(1)).is_ok());
        assert!(matches!(banned.fits("ann", created(1)), Err(GroupsError::InvalidImportedMember(_))));
    }
}
