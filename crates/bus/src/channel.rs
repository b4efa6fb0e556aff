//! Names of live channels.

use std::{fmt, sync::Arc};

const PREFIX: &str = "halley:";

/// A live channel. Ids hold no colon, so names can't collide.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Channel(Arc<str>);

/// What a channel's name says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelKind<'a> {
    /// Facts of identity, groups and auth, for every cache.
    Facts,
    /// A user's own sockets: app id, uid.
    User(&'a str, &'a str),
    /// A group's members: app id, guid.
    Group(&'a str, &'a str),
    /// Presence of an app's users: app id.
    Presence(&'a str),
}

impl Channel {
    /// Facts of identity, groups and auth, for every cache.
    pub fn facts() -> Self {
        Self(Arc::from("halley:facts"))
    }

    /// What one user's sockets get.
    pub fn user(app_id: &str, uid: &str) -> Self {
        Self(format!("{PREFIX}{app_id}:u:{uid}").into())
    }

    /// What a group's members get.
    pub fn group(app_id: &str, guid: &str) -> Self {
        Self(format!("{PREFIX}{app_id}:g:{guid}").into())
    }

    /// Who of an app comes online or goes.
    pub fn presence(app_id: &str) -> Self {
        Self(format!("{PREFIX}{app_id}:presence").into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_name(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<ChannelKind<'_>> {
        let rest = name.strip_prefix(PREFIX)?;
        if rest == "facts" {
            return Some(ChannelKind::Facts);
        }
        let (app_id, rest) = rest.split_once(':')?;
        match rest.split_once(':') {
            Some(("u", uid)) => Some(ChannelKind::User(app_id, uid)),
            Some(("g", guid)) => Some(ChannelKind::Group(app_id, guid)),
            None if rest == "presence" => Some(ChannelKind::Presence(app_id)),
            _ => None,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        assert_eq!(Channel::parse(Channel::facts().as_str()), Some(ChannelKind::Facts));
        assert_eq!(Channel::parse(Channel::user("a", "ann").as_str()), Some(ChannelKind::User("a", "ann")));
        assert_eq!(Channel::parse(Channel::group("a", "room").as_str()), Some(ChannelKind::Group("a", "room")));
        assert_eq!(Channel::parse(Channel::presence("a").as_str()), Some(ChannelKind::Presence("a")));
        assert_eq!(Channel::parse("other"), None);
    }
}
