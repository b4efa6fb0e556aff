//! What no event tells: a device knows it from the next fetch on.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    device::Mode,
    picture::{Picture, Room, Shown, Talk, guid_of},
    state::State,
};

/// One such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untold {
    /// Tags of conversations: clients without the subprotocol aren't told.
    Tags,
    /// Conversations that the own user hid on another device: clients without the subprotocol aren't told.
    Hidden,
    /// The own count after messages were marked unread: clients without the subprotocol aren't told.
    Unread,
    /// What groups are: clients without the subprotocol aren't told.
    Groups,
    /// A group's end: clients without the subprotocol aren't told.
    Ended,
    /// Elements of interactive messages that were used on another device.
    Used,
    /// Saves, where a device resumes.
    Saves,
    /// Blocks and friends.
    Relations,
    /// Names of users.
    Names,
    /// Pins of the app.
    SystemPins,
    /// What a moderator decided: clients without the subprotocol aren't told.
    Decisions,
    /// Everything: what was imported, or erased in the background.
    All,
}

impl Untold {
    /// Whether a device is told all the same, live or, `resumed`, as it comes back.
    pub fn is_told(self, mode: Mode, resumed: bool) -> bool {
        mode == Mode::Own
            && match self {
                Self::Unread | Self::Tags | Self::Hidden | Self::Decisions => true,
                Self::Groups | Self::Ended => !resumed,
                _ => false,
            }
    }
}

impl State {
    /// Takes one thing from what was fetched.
    pub fn learn(&mut self, untold: Untold, fresh: &Picture) {
        match untold {
            Untold::Tags => self.learn_talks(fresh, |talk, now| talk.tags.clone_from(&now.tags)),
            Untold::Names => self.learn_names(fresh, false),
            Untold::SystemPins => self.learn_talks(fresh, |talk, now| talk.pinned = now.pinned),
            Untold::Hidden => self.learn_hidden(fresh),
            Untold::Unread => self.learn_unread(fresh),
            Untold::Groups => {
                for (guid, now) in &fresh.groups {
                    if let Some(room) = self.picture.groups.get_mut(guid) {
                        room.becomes(Room { members: BTreeMap::new(), banned: None, ..now.clone() });
                    }
                }
                self.learn_names(fresh, true);
            }
            Untold::Ended => {
                let gone: Vec<String> =
                    self.picture.groups.keys().filter(|guid| !fresh.groups.contains_key(*guid)).cloned().collect();
                gone.iter().for_each(|guid| self.leave(guid));
            }
            Untold::Used => self.learn_messages(fresh, |message, now| message.used.clone_from(&now.used)),
            Untold::Saves => self.learn_messages(fresh, |message, now| message.saved = now.saved),
            Untold::Relations => {
                self.picture.blocked.clone_from(&fresh.blocked);
                self.picture.friends.clone_from(&fresh.friends);
            }
            Untold::Decisions | Untold::All => self.learn_all(fresh),
        }
    }

    fn learn_hidden(&mut self, fresh: &Picture) {
        let gone: Vec<String> =
            self.picture.talks.keys().filter(|id| !fresh.talks.contains_key(*id)).cloned().collect();
        gone.iter().for_each(|id| self.sleep(id));
    }

    fn learn_unread(&mut self, fresh: &Picture) {
        for (id, talk) in self.picture().talks {
            if let Some(now) = fresh.talks.get(&id)
                && now.unread != talk.unread
            {
                self.count_back(&id, now.unread);
            }
        }
    }

    fn learn_all(&mut self, fresh: &Picture) {
        let banned: BTreeMap<String, Option<BTreeSet<String>>> =
            self.picture.groups.iter().map(|(guid, room)| (guid.clone(), room.banned.clone())).collect();
        let before = std::mem::replace(&mut self.picture, fresh.clone());
        // What is in conversations that the list does not show is not among what was fetched.
        let is_kept = |message: &Shown| match guid_of(&message.conversation) {
            Some(guid) => fresh.groups.contains_key(guid),
            None => true,
        };
        let kept = before.messages.into_iter().filter(|(_, message)| is_kept(message));
        self.picture.messages.extend(kept.filter(|(_, message)| !fresh.talks.contains_key(&message.conversation)));
        for (guid, room) in &mut self.picture.groups {
            room.banned = room.banned.take().or_else(|| banned.get(guid).cloned().flatten());
        }
        self.own_calls = fresh.calls.keys().cloned().collect();
        self.calls.extend(fresh.calls.clone());
        for (id, talk) in &fresh.talks {
            self.count_back(id, talk.unread);
        }
    }

    /// Names of the other users, or of groups.
    fn learn_names(&mut self, fresh: &Picture, of_groups: bool) {
        for (id, now) in fresh.talks.iter().filter(|(id, _)| id.starts_with("group_") == of_groups) {
            if let Some(talk) = self.picture.talks.get_mut(id) {
                talk.name.clone_from(&now.name);
            }
        }
    }

    fn learn_talks(&mut self, fresh: &Picture, take: impl Fn(&mut Talk, &Talk)) {
        for (id, now) in &fresh.talks {
            if let Some(talk) = self.picture.talks.get_mut(id) {
                take(talk, now);
            }
        }
    }

    fn learn_messages(&mut self, fresh: &Picture, take: impl Fn(&mut Shown, &Shown)) {
        for (id, now) in &fresh.messages {
            if let Some(message) = self.picture.messages.get_mut(id) {
                take(message, now);
            }
        }
    }
}
