//! What was taken away in the last seconds, for sockets that are just coming in: what they were told of themselves may
//! be older than that.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use halley_bus::Channel;

use crate::socket::Identity;

/// Longer than a socket may take to come in.
const MEMORY: Duration = Duration::from_secs(60);

/// An app id and a uid.
type Who = (String, String);

/// Credentials that ended: these tokens, or with none named all of a user's, or without a user all of the app.
#[derive(Debug, Clone)]
pub struct Revocation {
    pub app_id: String,
    pub uid: String,
    pub token_ids: Vec<String>,
}

impl Revocation {
    /// Whether a socket stands on such a credential.
    pub fn covers(&self, identity: &Identity) -> bool {
        let is_concerned = self.uid.is_empty() || identity.uid == self.uid;
        identity.app_id == self.app_id && is_concerned && self.names(&identity.token_id)
    }

    fn names(&self, token_id: &String) -> bool {
        self.token_ids.is_empty() || self.token_ids.contains(token_id)
    }
}

/// Facts with the time they were heard.
#[derive(Default)]
pub struct Recent {
    revoked: HashMap<Who, Vec<(Instant, Revocation)>>,
    left: HashMap<Who, HashMap<Channel, Instant>>,
    ended: HashMap<Channel, Instant>,
}

impl Recent {
    /// Credentials ended.
    pub fn revoked(&mut self, revocation: Revocation, now: Instant) {
        let who = (revocation.app_id.clone(), revocation.uid.clone());
        self.revoked.entry(who).or_default().push((now, revocation));
    }

    /// A user left a group's room.
    pub fn left(&mut self, app_id: &str, uid: &str, room: Channel, now: Instant) {
        self.left.entry((app_id.to_owned(), uid.to_owned())).or_default().insert(room, now);
    }

    /// A user is in a group's room again.
    pub fn joined(&mut self, app_id: &str, uid: &str, room: &Channel) {
        if let Some(rooms) = self.left.get_mut(&(app_id.to_owned(), uid.to_owned())) {
            rooms.remove(room);
        }
    }

    /// A group ended.
    pub fn ended(&mut self, room: Channel, now: Instant) {
        self.ended.insert(room, now);
    }

    /// Whether a user left a group's room lately and is not back.
    pub fn has_left(&self, app_id: &str, uid: &str, room: &Channel) -> bool {
        let left = self.left.get(&(app_id.to_owned(), uid.to_owned()));
        left.is_some_and(|left| left.contains_key(room))
    }

    /// Whether a socket's credential ended since `begun`. What ended before that was known to whoever let it in.
    pub fn is_revoked(&self, identity: &Identity, begun: Instant) -> bool {
        let own = self.revoked.get(&(identity.app_id.clone(), identity.uid.clone()));
        let apps = self.revoked.get(&(identity.app_id.clone(), String::new()));
        let mut all = own.into_iter().chain(apps).flatten();
        all.any(|(at, revocation)| *at >= begun && revocation.names(&identity.token_id))
    }

    /// Of these rooms, those that a user must not be in any more, by what happened since `begun`.
    pub fn lost(&self, identity: &Identity, rooms: &[Channel], begun: Instant) -> Vec<Channel> {
        let left = self.left.get(&(identity.app_id.clone(), identity.uid.clone()));
        let is_lost = |room: &&Channel| {
            let at = [left.and_then(|left| left.get(room)), self.ended.get(room)];
            at.into_iter().flatten().any(|at| *at >= begun)
        };
        rooms.iter().filter(is_lost).cloned().collect()
    }

    /// Forgets what no socket can have missed any more.
    pub fn forget(&mut self, now: Instant) {
        let is_recent = |at: &Instant| now.duration_since(*at) < MEMORY;
        self.revoked.retain(|_, revoked| {
            revoked.retain(|(at, _)| is_recent(at));
            !revoked.is_empty()
        });
        self.left.retain(|_, left| {
            left.retain(|_, at| is_recent(at));
            !left.is_empty()
        });
        self.ended.retain(|_, at| is_recent(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::PresenceWish;

    fn ann() -> Identity {
        Identity {
            app_id: "app".into(),
            uid: "ann".into(),
            device_id: "d".into(),
            token_id: "t1".into(),
            presence: PresenceWish::Nobody,
        }
    }

    fn revocation(app_id: &str, uid: &str, token_ids: &[&str]) -> Revocation {
        let token_ids = token_ids.iter().map(|id| (*id).to_owned()).collect();
        Revocation { app_id: app_id.into(), uid: uid.into(), token_ids }
    }

    #[test]
    fn only_the_own_credential_counts_and_only_since_the_beginning() {
        let begun = Instant::now();
        let (before, after) = (begun - Duration::from_secs(1), begun + Duration::from_secs(1));
        let is_revoked = |revoked: Revocation, at| {
            let mut recent = Recent::default();
            recent.revoked(revoked, at);
            recent.is_revoked(&ann(), begun)
        };
        assert!(is_revoked(revocation("app", "ann", &["t0", "t1"]), after));
        assert!(is_revoked(revocation("app", "ann", &[]), after));
        assert!(is_revoked(revocation("app", "", &[]), after), "the whole app");
        assert!(!is_revoked(revocation("other", "", &[]), after));
        assert!(!is_revoked(revocation("app", "ann", &["t2"]), after));
        assert!(!is_revoked(revocation("app", "bob", &["t1"]), after));
        assert!(!is_revoked(revocation("other", "ann", &["t1"]), after));
        // Who logs in again after a flush is let in.
        assert!(!is_revoked(revocation("app", "ann", &[]), before));
    }

    #[test]
    fn rooms_are_lost_by_leaving_and_by_their_end_until_joined_again() {
        let now = Instant::now();
        let rooms = ["a", "b", "c"].map(|guid| Channel::group("app", guid));
        let mut recent = Recent::default();
        recent.left("app", "ann", rooms[0].clone(), now);
        recent.left("app", "bob", rooms[1].clone(), now);
        recent.ended(rooms[2].clone(), now);
        assert_eq!(recent.lost(&ann(), &rooms, now), [rooms[0].clone(), rooms[2].clone()]);
        assert!(recent.lost(&ann(), &rooms, now + Duration::from_millis(1)).is_empty());
        assert!(recent.has_left("app", "ann", &rooms[0]) && !recent.has_left("app", "ann", &rooms[1]));
        recent.joined("app", "ann", &rooms[0]);
        assert!(!recent.has_left("app", "ann", &rooms[0]));
        assert_eq!(recent.lost(&ann(), &rooms, now), [rooms[2].clone()]);
    }

    #[test]
    fn nothing_is_remembered_for_ever() {
        let now = Instant::now();
        let mut recent = Recent::default();
        recent.revoked(revocation("app", "ann", &[]), now);
        recent.left("app", "ann", Channel::group("app", "a"), now);
        recent.ended(Channel::group("app", "b"), now);
        recent.forget(now + MEMORY);
        assert!(recent.revoked.is_empty() && recent.left.is_empty() && recent.ended.is_empty());
    }
}
