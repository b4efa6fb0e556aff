//! What operators may do in an app: one table of roles and areas, and which call belongs to which area.

/// What an operator is in an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamRole {
    /// Owns the app, or the installation.
    Owner,
    /// Does what the owner does, but does not end the app.
    Admin,
    /// Looks after users and what they write.
    Moderator,
    /// Builds the app.
    Developer,
}

impl TeamRole {
    /// By the number that contracts and databases have for it.
    pub fn of_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Owner),
            2 => Some(Self::Admin),
            3 => Some(Self::Moderator),
            4 => Some(Self::Developer),
            _ => None,
        }
    }

    /// The number that contracts and databases have for it.
    pub fn number(self) -> i32 {
        match self {
            Self::Owner => 1,
            Self::Admin => 2,
            Self::Moderator => 3,
            Self::Developer => 4,
        }
    }

    /// The word for clients.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Moderator => "moderator",
            Self::Developer => "developer",
        }
    }

    /// Reads the word of clients.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Moderator, Self::Developer].into_iter().find(|role| role.word() == word)
    }

    /// Whether the role lets its operators do that.
    pub fn may(self, area: Area, access: Access) -> bool {
        let Some((_, [admin, moderator, developer])) = MATRIX.iter().find(|(known, _)| *known == area) else {
            return false;
        };
        let given = match self {
            Self::Owner => return true,
            Self::Admin => admin,
            Self::Moderator => moderator,
            Self::Developer => developer,
        };
        given.contains(access.letter())
    }
}

/// What a call does with its area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads.
    Read,
    /// Makes or changes.
    Change,
    /// Deletes or takes away.
    Delete,
}

impl Access {
    fn letter(self) -> char {
        match self {
            Self::Read => 'r',
            Self::Change => 'c',
            Self::Delete => 'd',
        }
    }

    /// What calls of a method do.
    pub fn of_method(method: &str) -> Self {
        match method {
            "GET" | "HEAD" | "OPTIONS" => Self::Read,
            "DELETE" => Self::Delete,
            _ => Self::Change,
        }
    }
}

/// What belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The end of the app.
    Ownership,
    /// The app itself: its name, its numbers, what clients are told of it.
    App,
    /// Users, their friends and blocks.
    Users,
    /// Everything that is stored of a user, at once.
    Export,
    /// Auth tokens and push tokens. An auth token is good for longer than a session, so not everybody gets one.
    Tokens,
    /// Groups, their members and bans.
    Groups,
    /// Messages, conversations, calls.
    Messages,
    /// Roles of users.
    Roles,
    /// Reports and their reasons.
    Moderation,
    /// How much the app is used.
    Metrics,
    /// History from elsewhere.
    Import,
    /// API keys.
    ApiKeys,
    /// Bots, and what they send.
    Bots,
    /// Webhooks.
    Webhooks,
    /// Settings that are features; limits are the installation's.
    Settings,
    /// Collaborators.
    Team,
    /// What operators did.
    Audit,
}

/// What admins, moderators and developers may: r(ead), c(hange), d(elete). Owners may everything.
const MATRIX: &[(Area, [&str; 3])] = &[
    (Area::Ownership, ["", "", ""]),
    (Area::App, ["rc", "r", "r"]),
    (Area::Users, ["rcd", "rcd", "rc"]),
    (Area::Export, ["r", "r", ""]),
    (Area::Tokens, ["rcd", "d", "rcd"]),
    (Area::Groups, ["rcd", "rcd", "rc"]),
    (Area::Messages, ["rcd", "rcd", "rc"]),
    (Area::Roles, ["rcd", "rcd", "rc"]),
    (Area::Moderation, ["rcd", "rcd", "r"]),
    (Area::Metrics, ["r", "r", "r"]),
    (Area::Import, ["c", "", "c"]),
    (Area::ApiKeys, ["rcd", "", "rcd"]),
    (Area::Bots, ["rcd", "", "rcd"]),
    (Area::Webhooks, ["rcd", "", "rcd"]),
    (Area::Settings, ["rcd", "", "rcd"]),
    (Area::Team, ["rc", "r", "r"]),
    (Area::Audit, ["r", "", ""]),
];

/// Beginnings of paths, from behind the version, as the router spells them. The first that fits counts.
const AREAS: &[(&str, Area)] = &[
    ("/apikeys", Area::ApiKeys),
    ("/blockedusers", Area::Users),
    ("/bots", Area::Bots),
    ("/calls", Area::Messages),
    ("/conversations", Area::Messages),
    ("/data_import", Area::Import),
    ("/files", Area::Messages),
    ("/groups/{guid}/conversation", Area::Messages),
    ("/groups/{guid}/messages", Area::Messages),
    ("/groups/{guid}/threads", Area::Messages),
    ("/groups", Area::Groups),
    ("/messages", Area::Messages),
    ("/moderation", Area::Moderation),
    ("/notifications", Area::Tokens),
    ("/roles", Area::Roles),
    ("/settings", Area::App),
    ("/stats", Area::Metrics),
    ("/threads", Area::Messages),
    ("/users/{uid}/auth_tokens", Area::Tokens),
    ("/users/{uid}/conversation", Area::Messages),
    ("/users/{uid}/export", Area::Export),
    ("/users/{uid}/messages", Area::Messages),
    ("/users/{uid}/threads", Area::Messages),
    ("/users", Area::Users),
];

/// The area of an app's call; `None`: it is no operator's business.
pub fn area(path: &str) -> Option<Area> {
    let fits = |begin: &str| path.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    AREAS.iter().find(|(begin, _)| fits(begin)).map(|(_, area)| *area)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [TeamRole; 4] = [TeamRole::Owner, TeamRole::Admin, TeamRole::Moderator, TeamRole::Developer];

    #[test]
    fn roles_are_read_back() {
        for role in ROLES {
            assert_eq!(TeamRole::of_number(role.number()), Some(role));
            assert_eq!(TeamRole::parse(role.word()), Some(role));
        }
        assert_eq!((TeamRole::of_number(0), TeamRole::parse("")), (None, None));
    }

    #[test]
    fn every_area_stands_in_the_table_once() {
        for (_, area) in AREAS {
            assert_eq!(MATRIX.iter().filter(|(known, _)| known == area).count(), 1, "{area:?}");
        }
        for (i, (area, words)) in MATRIX.iter().enumerate() {
            assert!(MATRIX[i + 1..].iter().all(|(other, _)| other != area), "{area:?}");
            assert!(words.iter().all(|word| ["", "r", "c", "d", "rc", "rcd"].contains(word)), "{area:?}");
        }
    }

    #[test]
    fn roles_do_what_they_are_for() {
        let may = |area, access| ROLES.map(|role| role.may(area, access));
        assert_eq!(may(Area::Ownership, Access::Delete), [true, false, false, false]);
        assert_eq!(may(Area::Users, Access::Delete), [true, true, true, false]);
        assert_eq!(may(Area::Users, Access::Change), [true, true, true, true]);
        assert_eq!(may(Area::Export, Access::Read), [true, true, true, false]);
        assert_eq!(may(Area::Tokens, Access::Read), [true, true, false, true]);
        assert_eq!(may(Area::Tokens, Access::Delete), [true, true, true, true]);
        assert_eq!(may(Area::ApiKeys, Access::Read), [true, true, false, true]);
        assert_eq!(may(Area::Moderation, Access::Change), [true, true, true, false]);
        assert_eq!(may(Area::Moderation, Access::Read), [true, true, true, true]);
        assert_eq!(may(Area::Settings, Access::Change), [true, true, false, true]);
        assert_eq!(may(Area::Webhooks, Access::Change), [true, true, false, true]);
        assert_eq!(may(Area::Team, Access::Change), [true, true, false, false]);
        assert_eq!(may(Area::Audit, Access::Read), [true, true, false, false]);
    }

    #[test]
    fn paths_belong_to_areas_by_whole_segments() {
        for (path, wanted) in [
            ("/users", Some(Area::Users)),
            ("/users/{uid}/friends", Some(Area::Users)),
            ("/users/{uid}/export", Some(Area::Export)),
            ("/users/{uid}/auth_tokens/{authToken}", Some(Area::Tokens)),
            ("/users/{uid}/conversation/read", Some(Area::Messages)),
            ("/groups/{guid}/members/{uid}", Some(Area::Groups)),
            ("/groups/{guid}/banned_members", Some(Area::Groups)),
            ("/settings", Some(Area::App)),
            ("/usersx", None),
            ("/me", None),
        ] {
            assert_eq!(area(path), wanted, "{path}");
        }
    }

    #[test]
    fn methods_say_what_a_call_does() {
        let words = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"].map(Access::of_method);
        use Access::{Change, Delete, Read};
        assert_eq!(words, [Read, Change, Change, Change, Delete, Change]);
    }
}
