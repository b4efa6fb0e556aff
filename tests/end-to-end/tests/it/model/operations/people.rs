//! Users, and what is between them.

use halley_testkit::unique;
use rand::rngs::StdRng;
use serde_json::json;

use super::{Done, Hand, Kind, Walk};
use crate::model::{
    picture::{Picture, direct},
    walk::Fresh,
};

impl Walk {
    pub async fn relation(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let hand = self.hand(random);
        let (uid, other) = (hand.uid().to_owned(), self.person(random, hand.uid()));
        let (key, own, body) = match kind {
            Kind::Block => ("block-users", "block-own", json!({"blockedUids": [other]})),
            Kind::Unblock => ("unblock-users", "unblock-own", json!({"blockedUids": [other]})),
            Kind::Befriend => ("add-friend", "", json!({"accepted": [other], "addToConversations": false})),
            _ => ("remove-friend", "", json!({"friends": [other]})),
        };
        if hand.device.is_some() && !own.is_empty() {
            self.op(&hand, own, &[], body).await?;
        } else {
            self.op(&Hand::app(), key, &[&uid], body).await?;
        }
        let is_so = move |of: &Picture, other: &String| match kind {
            Kind::Block => of.blocked.contains(other),
            Kind::Unblock => !of.blocked.contains(other),
            Kind::Befriend => of.friends.contains(other),
            _ => !of.friends.contains(other),
        };
        Some(Done::default().awaiting(format!("{kind:?}"), move |fresh: &Fresh| is_so(&fresh[&uid], &other)))
    }

    pub async fn rename(&mut self, random: &mut StdRng) -> Option<Done> {
        let hand = self.hand(random);
        let name = unique("n");
        let body = json!({"name": &name});
        if hand.device.is_some() {
            self.op(&hand, "update-me", &[], body).await?;
        } else {
            self.op(&Hand::app(), "update-user", &[hand.uid()], body).await?;
        }
        let uid = hand.uid().to_owned();
        let is_named = move |(other, of): (&String, &Picture)| {
            of.talks.get(&direct(&uid, other)).is_none_or(|talk| *other == uid || talk.name == name)
        };
        Some(Done::default().awaiting("a name".to_owned(), move |fresh: &Fresh| fresh.iter().all(&is_named)))
    }

    /// A user whom nobody talks to.
    pub async fn spare(&mut self, kind: Kind) -> Option<Done> {
        let spare = self.spare.clone();
        let (operation, parameters, body): (_, Vec<&str>, _) = match kind {
            Kind::CreateUser => {
                let uid = unique("u");
                self.op(&Hand::app(), "create-user", &[], json!({"uid": uid, "name": "Spare"})).await?;
                self.spare = uid;
                return Some(Done::default());
            }
            Kind::Deactivate => ("deactivate-users", Vec::new(), json!({"uidsToDeactivate": [spare]})),
            Kind::Reactivate => ("reactivate-users", Vec::new(), json!({"uidsToActivate": [spare]})),
            _ => ("delete-user", vec![&spare], json!({"permanent": true})),
        };
        self.op(&Hand::app(), operation, &parameters, body).await.map(|_| Done::default())
    }
}
