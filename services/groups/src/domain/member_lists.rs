//! Lists of uids by what to make of them.

use std::collections::HashSet;

use halley_contracts::groups::v1::MemberLists;
use halley_model::{FieldError, rights::Scope};

use super::known_uid;
use crate::error::Result;

/// What to make of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Member(Scope),
    Ban,
}

/// One uid of the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// As the caller wrote it.
    pub id: String,
    /// `None`: it can be nobody's.
    pub uid: Option<String>,
    pub wish: Wish,
}

impl Wanted {
    /// Reads the lists of at most `max` uids. A uid in several counts where it gets the most: admin, moderator, participant, then banned.
    pub(crate) fn parse(lists: MemberLists, max: usize) -> Result<Vec<Self>> {
        let lists = [
            (Wish::Member(Scope::Admin), lists.admins),
            (Wish::Member(Scope::Moderator), lists.moderators),
            (Wish::Member(Scope::Participant), lists.participants),
            (Wish::Ban, lists.users_to_ban),
        ];
        let count: usize = lists.iter().map(|(_, ids)| ids.len()).sum();
        if count > max {
            let problem = format!("must not have more than {max} uids over all lists");
            return Err(FieldError::new("members", problem).into());
        }
        let mut seen = HashSet::new();
        let mut wanted = Vec::with_capacity(count);
        for (wish, ids) in lists {
            for id in ids {
                let uid = known_uid(&id);
                if seen.insert(uid.clone().unwrap_or_else(|| id.clone())) {
                    wanted.push(Self { id, uid, wish });
                }
            }
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_uid_in_several_lists_counts_in_the_highest() {
        let lists = MemberLists {
            admins: ids(&["Ann"]),
            moderators: ids(&["ann", "bob"]),
            participants: ids(&["bob", "cat", "CAT"]),
            users_to_ban: ids(&["ann", "cat", "dan"]),
        };
        let wanted = Wanted::parse(lists, 25).unwrap();
        let read: Vec<(&str, Option<&str>, Wish)> =
            wanted.iter().map(|wanted| (wanted.id.as_str(), wanted.uid.as_deref(), wanted.wish)).collect();
        assert_eq!(
            read,
            [
                ("Ann", Some("ann"), Wish::Member(Scope::Admin)),
                ("bob", Some("bob"), Wish::Member(Scope::Moderator)),
                ("cat", Some("cat"), Wish::Member(Scope::Participant)),
                ("dan", Some("dan"), Wish::Ban),
            ]
        );
    }

    #[test]
    fn the_limit_is_over_all_lists() {
        let many = |count: usize| (0..count).map(|i| format!("u{i}")).collect::<Vec<_>>();
        let lists = |bans: usize| MemberLists { admins: many(20), users_to_ban: many(bans), ..Default::default() };
        assert!(Wanted::parse(lists(5), 25).is_ok());
        assert!(Wanted::parse(lists(6), 25).is_err());
    }
}
