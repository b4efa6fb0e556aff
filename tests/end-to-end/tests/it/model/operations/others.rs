//! Calls, imports, and devices that come and go.

use halley_testkit::unique;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{Done, Hand, Kind, Walk, pick, pick_new};
use crate::model::{learned::Untold, walk::Fresh};

impl Walk {
    pub async fn ring(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let hand = self.device(random);
        if kind == Kind::Call {
            let to = self.receiver(random, hand.uid());
            let body = json!({"type": "audio", "receiverType": to.receiver_type(), "receiver": to.id(),
                "category": "call", "status": "initiated"});
            let call = self.op(&hand, "initiate-call", &[], body).await?;
            let session = &call["data"]["entities"]["on"]["entity"]["sessionid"];
            self.sessions.push(session.as_str()?.to_owned());
            return Some(Done::default());
        }
        let session = pick_new(random, &self.sessions)?.clone();
        let status = *pick(random, &["ongoing", "ongoing", "rejected", "busy", "cancelled", "ended", "ended"])?;
        self.op(&hand, "update-call", &[&session], json!({"status": status})).await.map(|_| Done::default())
    }

    pub async fn import(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        if kind == Kind::ImportMembers {
            let (guid, uid) = (unique("g"), unique("u"));
            let users = json!({"users": {(uid.clone()): {"uid": uid, "name": "Old"}}});
            self.op(&Hand::app(), "import-users", &[], users).await?;
            let group = json!({"guid": guid, "name": "Old", "type": "public", "createdAt": 1_200_000_000});
            self.op(&Hand::app(), "import-groups", &[], json!({"groups": {(guid.clone()): group}})).await?;
            let person = self.person(random, "");
            let key = format!("{guid}_member_{person}");
            let member = json!({"memberId": key, "guid": guid, "uid": person, "scope": "admin",
                "joinedAt": 1_200_000_100});
            self.op(&Hand::app(), "import-members", &[], json!({"members": {(key): member}})).await?;
            self.groups.push(guid.clone());
            // Nobody is told of an import.
            let (untold, id) = (Done::untold(&person, Untold::All), format!("group_{guid}"));
            let is_in = move |fresh: &Fresh| {
                fresh[&person].groups.contains_key(&guid) && fresh[&person].talks.contains_key(&id)
            };
            return Some(untold.awaiting("an imported member".to_owned(), is_in));
        }
        let sender = self.person(random, "");
        let to = self.person(random, &sender);
        let muid = unique("m");
        let message = json!({"muid": muid, "sender": sender, "receiverType": "user", "receiver": to,
            "category": "message", "type": "text", "data": {"text": "old"}, "sentAt": 1_200_000_000});
        let answer =
            self.op(&Hand::app(), "import-messages", &[], json!({"messages": {(muid.clone()): message}})).await?;
        let imported: &Value = &answer[&muid];
        (imported["success"] == true).then(|| Done::untold("", Untold::All))
    }

    /// A device that is away comes back, or one loses its socket and is back at once.
    pub async fn resume_one(&mut self, random: &mut StdRng) -> Option<Done> {
        let away: Vec<usize> = (0..self.devices.len()).filter(|at| self.devices[*at].is_away()).collect();
        let any = random.random_range(0..self.devices.len());
        let at = pick(random, &away).copied().filter(|_| random.random_bool(0.8)).unwrap_or(any);
        let websocket = self.websockets[random.random_range(0..self.websockets.len())].clone();
        self.devices[at].take_in(&websocket).await;
        self.devices[at].come_back(&websocket).await;
        Some(Done::default())
    }

    /// A device loses its socket, and misses what is done until it is back.
    pub fn cut_one(&mut self, random: &mut StdRng) -> Option<Done> {
        let at = random.random_range(0..self.devices.len());
        self.devices[at].cut();
        Some(Done::default())
    }

    pub async fn log_in(&mut self, random: &mut StdRng) -> Option<Done> {
        let at = random.random_range(0..self.devices.len());
        let hand = Hand { uid: Some(self.devices[at].uid.clone()), device: Some(at) };
        let resource = self.devices[at].api.resource().to_owned();
        let body = json!({"platform": "rust", "deviceId": resource, "appInfo": {"apiVersion": "v3.0"}});
        self.op(&hand, "update-me", &[], body).await.map(|_| Done::default())
    }
}
