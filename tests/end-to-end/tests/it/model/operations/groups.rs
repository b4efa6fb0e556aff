//! Groups, and who is in them.

use halley_testkit::unique;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::json;

use super::{Done, Hand, Kind, Walk, pick, pick_new};
use crate::model::{
    device::{Device, Mode},
    learned::Untold,
    picture::Room,
    walk::Fresh,
};

impl Walk {
    pub async fn create_group(&mut self, random: &mut StdRng) -> Option<Done> {
        let hand = if random.random_bool(0.3) { Hand::app() } else { self.hand(random) };
        let (guid, other) = (unique("g"), self.person(random, hand.uid()));
        let kind = *pick(random, &["public", "public", "password", "private"])?;
        let mut body = json!({"guid": guid, "name": unique("n"), "type": kind, "tags": ["a"],
            "members": {"participants": [other]}});
        if kind == "password" {
            body["password"] = json!("p");
        }
        self.op(&hand, "create-group", &[], body).await?;
        self.groups.push(guid.clone());
        // Who makes it learns that by the answer; others of its devices are told, or have to fetch it.
        for (at, device) in self.devices.iter_mut().enumerate().filter(|(_, device)| device.uid == hand.uid()) {
            if hand.device == Some(at) || self.mode == Mode::Plain {
                device.state.wanted.insert(guid.clone());
            }
        }
        Some(Done::default())
    }

    pub async fn group(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let guid = pick_new(random, &self.groups)?.clone();
        let hand = if random.random_bool(0.4) { Hand::app() } else { self.hand(random) };
        match kind {
            Kind::UpdateGroup => {
                let name = unique("n");
                let mut body = json!({"name": &name, "description": unique("d"), "tags": [unique("t")],
                    "metadata": {"k": unique("v")}});
                if hand.uid.is_none() && random.random_bool(0.3) {
                    body["owner"] = json!(self.person(random, ""));
                }
                self.op(&hand, "update-group", &[&guid], body).await?;
                Some(is_in_all(&guid, format!("the name {name}"), move |room| room.name == name))
            }
            Kind::DeleteGroup => {
                // A few are kept, or there would be none most of the time.
                if self.groups.len() < 3 {
                    return None;
                }
                self.op(&hand, "delete-group", &[&guid], json!({})).await?;
                self.groups.retain(|known| *known != guid);
                let id = format!("group_{guid}");
                let is_gone = move |fresh: &Fresh| {
                    fresh.values().all(|of| !of.groups.contains_key(&guid) && !of.talks.contains_key(&id))
                };
                Some(Done::untold("", Untold::Ended).awaiting("the end of a group".to_owned(), is_gone))
            }
            _ => {
                let (hand, guid) = self.owner(random).unwrap_or_else(|| (self.device(random), guid));
                let owner = self.person(random, hand.uid());
                self.op(&hand, "transfer-group", &[&guid], json!({"owner": &owner})).await?;
                Some(is_in_all(&guid, format!("the owner {owner}"), move |room| room.owner == owner))
            }
        }
    }

    /// An owner with a group: of any other group a transfer would only be refused.
    fn owner(&self, random: &mut StdRng) -> Option<(Hand, String)> {
        let of = |device: &Device| {
            let owned = device.state.picture.groups.iter().filter(|(_, room)| room.owner == device.uid);
            owned.map(|(guid, _)| (device.uid.clone(), guid.clone())).collect::<Vec<_>>()
        };
        let owned: Vec<(String, String)> = self.devices.iter().flat_map(of).collect();
        let (uid, guid) = pick(random, &owned)?.clone();
        Some((self.device_of(random, &uid), guid))
    }

    /// A group with somebody who is banned from it.
    fn banned(&self, random: &mut StdRng) -> Option<(String, String)> {
        let rooms = self.devices.iter().flat_map(|device| &device.state.picture.groups);
        let of = |(guid, room): (&String, &Room)| {
            let banned = room.banned.iter().flatten().map(|uid| (guid.clone(), uid.clone()));
            banned.collect::<Vec<_>>()
        };
        pick(random, &rooms.flat_map(of).collect::<Vec<_>>()).cloned()
    }

    pub async fn come_and_go(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let guid = pick_new(random, &self.groups)?.clone();
        match kind {
            Kind::AddMembers => {
                let uid = self.person(random, "");
                let list = *pick(random, &["participants", "participants", "admins", "moderators", "usersToBan"])?;
                let body = json!({(list): [uid]});
                let (hand, operation) = match random.random_bool(0.5) {
                    true => (Hand::app(), "add-group-members"),
                    false => (self.device(random), "add-members"),
                };
                let answer = self.op(&hand, operation, &[&guid], body).await?;
                if answer[list][&uid]["success"] != true {
                    return None;
                }
            }
            Kind::Join => {
                let hand = self.device(random);
                self.op(&hand, "join-group", &[&guid], json!({"password": "p"})).await?;
            }
            _ => {
                let hand = self.device(random);
                self.op(&hand, "leave-group", &[&guid], json!({})).await?;
            }
        }
        Some(Done::default())
    }

    pub async fn member(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let guid = pick_new(random, &self.groups)?.clone();
        let hand = if random.random_bool(0.5) { Hand::app() } else { self.hand(random) };
        let (mut guid, mut uid) = (guid, self.person(random, hand.uid()));
        if kind == Kind::Unban
            && let Some(banned) = self.banned(random)
        {
            (guid, uid) = banned;
        }
        let (operation, body) = match kind {
            Kind::Scope => {
                let scope = *pick(random, &["admin", "moderator", "participant"])?;
                ("change-group-member-scope", json!({"scope": scope}))
            }
            Kind::Kick => ("kick-group-member", json!({})),
            Kind::Ban => ("ban-group-user", json!({})),
            _ => ("unban-group-user", json!({})),
        };
        self.op(&hand, operation, &[&guid, &uid], body).await.map(|_| Done::default())
    }
}

/// Whoever is in a group fetches it so, and under its name in the list of conversations.
fn is_in_all(guid: &str, what: String, holds: impl Fn(&Room) -> bool + Send + 'static) -> Done {
    let (guid, id) = (guid.to_owned(), format!("group_{guid}"));
    Done::default().awaiting(what, move |fresh: &Fresh| {
        let is_so = |room: &Room, of: &Fresh| {
            let talks = of.values().filter_map(|picture| picture.talks.get(&id));
            holds(room) && talks.into_iter().all(|talk| talk.name == room.name)
        };
        fresh.values().filter_map(|picture| picture.groups.get(&guid)).all(|room| is_so(room, fresh))
    })
}
