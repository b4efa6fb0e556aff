//! Every operation that changes something, as a step of a walk: who does what to what is drawn from the step's own seed and
//! from what there is at that time. So a list of steps can be run again, and a shorter one, too.

use halley_client::{Outgoing, ReceiptAction, Receiver};
use halley_testkit::unique;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    Done, Walk,
    fresh::Untold,
    state::{direct, number},
};

macro_rules! kinds {
    ($($kind:ident $weight:literal;)*) => {
        /// What a step does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($kind),* }

        /// All of them, with how often each is drawn.
        pub const KINDS: &[(Kind, u32)] = &[$((Kind::$kind, $weight)),*];

        impl Kind {
            /// Reads the word of one.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $(stringify!($kind) => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    Send 14; SendForm 2; Reply 5; Edit 5; Delete 4; Interact 3;
    React 6; Unreact 3; PinMessage 3; UnpinMessage 2; SaveMessage 3; UnsaveMessage 2; Subscribe 2; Unsubscribe 1;
    Read 6; Delivered 3; ReadByFrame 4; DeliveredByFrame 2; Unread 4;
    Tag 2; Hide 3; PinTalk 2; UnpinTalk 2; SystemPins 1;
    CreateGroup 2; UpdateGroup 2; DeleteGroup 1; AddMembers 4; Join 2; Leave 2; Scope 3; Kick 2; Ban 2; Unban 2; Transfer 1;
    Call 2; ChangeCall 4;
    Block 1; Unblock 3; Befriend 1; Unfriend 1; Rename 1;
    CreateUser 1; Deactivate 1; Reactivate 1; DeleteUser 1; BotSend 2;
    Flag 1; Review 1; Import 1; ImportMembers 1;
    Resume 4; Login 1;
}

/// Operations after which no client shows anything else, and why.
pub const CHANGE_NOTHING_SHOWN: &[(&str, &[&str])] = &[
    (
        "credentials: clients show none; what ends a socket is tested in the tests of chat",
        &[
            "create-apikey",
            "update-apikey",
            "delete-apikey",
            "create-authtoken",
            "flush-authtokens",
            "update-authtoken",
            "delete-authtoken",
        ],
    ),
    (
        "rights: clients learn them by a refusal",
        &[
            "create-role",
            "update-role",
            "delete-role",
            "restrict-features",
            "allow-features",
            "set-role-permissions",
            "unset-role-permissions",
            "set-scope-permissions",
            "unset-scope-permissions",
        ],
    ),
    ("reasons of reports: settings of the app", &["create-reason", "update-reason-details", "delete-reason"]),
    (
        "push tokens: clients register them and show none",
        &[
            "notifications-push-register-token",
            "notifications-push-unregister-tokens",
            "notifications-push-delete-token",
        ],
    ),
    (
        "management of apps: no client sees any of it",
        &[
            "create-app",
            "delete-app",
            "fetch-multi-tenant-usage",
            "add-collaborator",
            "map-settings",
            "unmap-settings",
            "create-webhook",
            "update-webhook",
            "delete-webhook",
            "add-triggers",
            "remove-triggers",
            "add-tenant",
        ],
    ),
    ("a permission to upload: the message with the file comes later", &["create-upload-url"]),
];

/// What only clients call, besides the table of operations: method and path.
pub const CLIENT_ONLY: &[(&str, &str, &str)] = &[
    ("join-group", "POST", "/groups/{guid}/members"),
    ("leave-group", "DELETE", "/groups/{guid}/members"),
    ("add-members", "PUT", "/groups/{guid}/members"),
    ("transfer-group", "PATCH", "/groups/{guid}/owner"),
    ("initiate-call", "POST", "/calls"),
    ("update-call", "PUT", "/calls/{sessionId}"),
    ("block-own", "POST", "/blockedusers"),
    ("unblock-own", "DELETE", "/blockedusers"),
    ("update-me", "PUT", "/me"),
    ("read-frame", "", ""),
    ("delivered-frame", "", ""),
];

const REACTIONS: &[&str] = &["👍", ":ok:", "🎉"];

/// Who acts, and by which way.
#[derive(Clone, Debug)]
pub struct Hand {
    /// `None`: the app itself.
    pub uid: Option<String>,
    /// `None`: by an API key.
    pub device: Option<usize>,
}

impl Hand {
    fn app() -> Self {
        Self { uid: None, device: None }
    }

    fn uid(&self) -> &str {
        self.uid.as_deref().unwrap_or_default()
    }
}

/// A message that there is or was.
#[derive(Clone, Debug)]
pub struct Said {
    pub id: u64,
    pub sender: String,
    /// The other user of the sender, or the group.
    pub to: Receiver,
    pub is_reply: bool,
    pub is_form: bool,
}

fn pick<'a, T>(random: &mut StdRng, all: &'a [T]) -> Option<&'a T> {
    match all {
        [] => None,
        all => Some(&all[random.random_range(0..all.len())]),
    }
}

/// One of the newest: what is old is met seldom.
fn pick_new<'a, T>(random: &mut StdRng, all: &'a [T]) -> Option<&'a T> {
    pick(random, &all[all.len().saturating_sub(12)..])
}

impl Walk {
    /// A person by one of its devices, or by an API key.
    fn hand(&self, random: &mut StdRng) -> Hand {
        let uid = self.people[random.random_range(0..self.people.len())].clone();
        self.hand_of(random, &uid)
    }

    fn hand_of(&self, random: &mut StdRng, uid: &str) -> Hand {
        match random.random_bool(0.4) {
            true => Hand { uid: Some(uid.to_owned()), device: None },
            false => self.device_of(random, uid),
        }
    }

    fn device_of(&self, random: &mut StdRng, uid: &str) -> Hand {
        let own: Vec<usize> = (0..self.devices.len()).filter(|at| self.devices[*at].uid == uid).collect();
        Hand { uid: Some(uid.to_owned()), device: pick(random, &own).copied() }
    }

    /// A person's device.
    fn device(&self, random: &mut StdRng) -> Hand {
        let uid = self.people[random.random_range(0..self.people.len())].clone();
        self.device_of(random, &uid)
    }

    fn person(&self, random: &mut StdRng, but: &str) -> String {
        let others: Vec<&String> = self.people.iter().filter(|uid| *uid != but).collect();
        others[random.random_range(0..others.len())].clone()
    }

    /// Whom to write to: a group, or another person.
    fn receiver(&self, random: &mut StdRng, uid: &str) -> Receiver {
        match pick_new(random, &self.groups) {
            Some(guid) if random.random_bool(0.6) => Receiver::group(guid),
            _ => Receiver::user(&self.person(random, uid)),
        }
    }

    fn message(&self, random: &mut StdRng) -> Option<Said> {
        pick_new(random, &self.said).cloned()
    }

    /// A message, and somebody who probably sees it.
    fn seen(&self, random: &mut StdRng) -> Option<(Said, Hand)> {
        let said = self.message(random)?;
        let hand = match &said.to {
            Receiver::Group(_) => self.hand(random),
            Receiver::User(other) => {
                let uid = if random.random_bool(0.5) { &said.sender } else { other };
                let uid = if self.people.contains(uid) { uid.clone() } else { other.clone() };
                self.hand_of(random, &uid)
            }
        };
        Some((said, hand))
    }

    /// Runs a step. `None`: it could not be done, or was refused.
    pub async fn run(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        use Kind as K;
        match kind {
            K::Send | K::SendForm | K::Reply | K::BotSend => self.send(kind, random).await,
            K::Edit | K::Delete | K::Interact | K::Flag | K::Review => self.change(kind, random).await,
            K::React | K::Unreact => self.react(kind, random).await,
            K::PinMessage | K::UnpinMessage => self.pin(kind, random).await,
            K::SaveMessage | K::UnsaveMessage => self.save(kind, random).await,
            K::Subscribe | K::Unsubscribe => self.subscribe(kind, random).await,
            K::Read | K::Delivered | K::Unread => self.mark(kind, random).await,
            K::ReadByFrame | K::DeliveredByFrame => self.receipt(kind, random),
            K::Tag | K::Hide | K::PinTalk | K::UnpinTalk => self.talk(kind, random).await,
            K::SystemPins => self.system_pins(random).await,
            K::CreateGroup => self.create_group(random).await,
            K::UpdateGroup | K::DeleteGroup | K::Transfer => self.group(kind, random).await,
            K::AddMembers | K::Join | K::Leave => self.come_and_go(kind, random).await,
            K::Scope | K::Kick | K::Ban | K::Unban => self.member(kind, random).await,
            K::Call | K::ChangeCall => self.ring(kind, random).await,
            K::Block | K::Unblock | K::Befriend | K::Unfriend => self.relation(kind, random).await,
            K::Rename => self.rename(random).await,
            K::CreateUser | K::Deactivate | K::Reactivate | K::DeleteUser => self.spare(kind).await,
            K::Import | K::ImportMembers => self.import(kind, random).await,
            K::Resume | K::Login => self.reconnect(kind, random).await,
        }
    }

    async fn send(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let mut hand = self.hand(random);
        let mut to = self.receiver(random, hand.uid());
        let (mut id, mut parameters) = ("send-message", Vec::new());
        if kind == Kind::Reply {
            let (said, by) = self.seen(random).filter(|(said, _)| !said.is_reply)?;
            to = match &said.to {
                Receiver::User(other) if *other == by.uid() => Receiver::user(&said.sender),
                to => to.clone(),
            };
            (id, hand) = ("send-thread-message", by);
            parameters = vec![said.id.to_string()];
        }
        if kind == Kind::BotSend {
            (id, hand) = ("send-bot-message", Hand::app());
            parameters = vec![self.bot.clone()];
            to = Receiver::user(pick(random, &self.people)?);
        }
        let mut body = json!({"receiver": to.id(), "receiverType": to.receiver_type(), "category": "message",
            "type": "text", "data": {"text": unique("t")}, "muid": unique("m")});
        if kind == Kind::SendForm {
            body["category"] = json!("interactive");
            body["type"] = json!("form");
            body["data"] = form();
        }
        if random.random_bool(0.3) {
            body["tags"] = json!([unique("t")]);
        }
        if random.random_bool(0.2)
            && let Some(quoted) = self.message(random)
        {
            body["quotedMessageId"] = json!(quoted.id);
        }
        let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
        let sent = self.op(&hand, id, &parameters, body).await?;
        let sender = sent["sender"].as_str().unwrap_or_default().to_owned();
        let (is_reply, is_form) = (kind == Kind::Reply, kind == Kind::SendForm);
        self.said.push(Said { id: number(&sent["id"]), sender, to, is_reply, is_form });
        Some(Done::default())
    }

    async fn change(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let id = said.id.to_string();
        let by_sender = match random.random_bool(0.3) || !self.people.contains(&said.sender) {
            true => Hand::app(),
            false => self.hand_of(random, &said.sender),
        };
        match kind {
            Kind::Edit => {
                let mut body = json!({"data": {"text": unique("e")}});
                if random.random_bool(0.3) {
                    body["tags"] = json!([unique("t")]);
                }
                self.op(&by_sender, "update-message", &[&id], body).await.map(|_| Done::default())
            }
            Kind::Delete => {
                let permanent = by_sender.uid.is_none() && random.random_bool(0.5);
                let body = if permanent { json!({"permanent": true}) } else { json!({"id": id}) };
                self.op(&by_sender, "delete-message", &[&id], body).await?;
                if permanent {
                    self.purged.insert(said.id);
                }
                Some(Done::default())
            }
            Kind::Interact => {
                let form = self.said.iter().rev().find(|said| said.is_form)?.clone();
                let Receiver::User(other) = &form.to else { return None };
                let hand = self.hand_of(random, &other.clone());
                let body = json!({"interactions": ["send"]});
                let id = form.id.to_string();
                self.op(&hand, "mark-message-as-interacted", &[&id], body).await?;
                Some(Done::untold(hand.uid(), Untold::Used))
            }
            Kind::Flag => {
                let body = json!({"reasonId": "spam", "remark": "x"});
                self.op(&hand, "flag-a-message", &[&id], body).await?;
                self.flagged.push(said.id);
                Some(Done::default())
            }
            _ => {
                let id = self.flagged.pop()?.to_string();
                // Its sender and the app see it all the same.
                let status = if random.random_bool(0.5) { "approved" } else { "disapproved" };
                let body = json!({"status": status});
                self.op(&Hand::app(), "blockreview-flagged-message", &[&id], body).await?;
                Some(Done::untold("", Untold::All))
            }
        }
    }

    async fn react(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let (id, reaction) = (said.id.to_string(), *pick(random, REACTIONS)?);
        let operation = if kind == Kind::React { "add-message-reactions" } else { "remove-message-reactions" };
        self.op(&hand, operation, &[&id, reaction], json!({})).await.map(|_| Done::default())
    }

    async fn pin(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, mut hand) = self.seen(random)?;
        if random.random_bool(0.4) {
            hand = Hand::app();
        }
        let operation = if kind == Kind::PinMessage { "pin-message" } else { "unpin-message" };
        self.op(&hand, operation, &[&said.id.to_string()], json!({})).await.map(|_| Done::default())
    }

    async fn save(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let operation = if kind == Kind::SaveMessage { "save-message" } else { "unsave-message" };
        self.op(&hand, operation, &[&said.id.to_string()], json!({})).await.map(|_| Done::default())
    }

    async fn subscribe(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let operation = if kind == Kind::Subscribe { "subscribe-thread" } else { "unsubscribe-thread" };
        self.op(&hand, operation, &[&said.id.to_string()], json!({})).await?;
        Some(Done::untold(hand.uid(), Untold::Subscribed))
    }

    async fn mark(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let with = match &said.to {
            Receiver::User(other) if *other == hand.uid() => Receiver::user(&said.sender),
            to => to.clone(),
        };
        let is_group = matches!(with, Receiver::Group(_));
        let operation = match (kind, is_group) {
            (Kind::Read, false) => "mark-conversation-as-read",
            (Kind::Read, true) => "mark-group-conversation-as-read",
            (Kind::Delivered, false) => "mark-conversation-as-delivered",
            (Kind::Delivered, true) => "mark-group-conversation-as-delivered",
            (_, false) => "mark-conversation-as-unread",
            (_, true) => "mark-group-conversation-as-unread",
        };
        let all = kind != Kind::Unread && random.random_bool(0.5);
        let body = if all { json!({}) } else { json!({"messageId": said.id.to_string()}) };
        self.op(&hand, operation, &[with.id()], body).await?;
        Some(Done::untold(hand.uid(), Untold::Unread))
    }

    fn receipt(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let hand = self.device_of(random, hand.uid());
        if said.sender == hand.uid() {
            return None;
        }
        let receiver = match &said.to {
            Receiver::User(_) => Receiver::user(&said.sender),
            to => to.clone(),
        };
        let action = if kind == Kind::ReadByFrame { ReceiptAction::Read } else { ReceiptAction::Delivered };
        let frame = Outgoing::Receipt { receiver, action, message_id: said.id, message_sender: said.sender };
        self.devices[hand.device?].send(frame);
        self.did(if kind == Kind::ReadByFrame { "read-frame" } else { "delivered-frame" });
        // No answer tells when it is done; a receipt that comes later is told to everybody, too.
        Some(Done::untold(hand.uid(), Untold::Unread))
    }

    async fn talk(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let hand = self.hand(random);
        let with = self.receiver(random, hand.uid());
        let is_group = matches!(with, Receiver::Group(_));
        let of = |user: &'static str, group: &'static str| if is_group { group } else { user };
        match kind {
            Kind::Tag => {
                let body = json!({"tags": [unique("t")]});
                let operation = of("update-user-conversation", "update-group-conversation");
                self.op(&hand, operation, &[with.id()], body).await?;
                Some(Done::resumed(hand.uid(), Untold::Tags))
            }
            Kind::Hide if random.random_bool(0.3) => {
                let id = match &with {
                    Receiver::User(other) => direct(hand.uid(), other),
                    Receiver::Group(guid) => format!("group_{guid}"),
                };
                self.op(&hand, "delete-conversation", &[&id], json!({})).await?;
                Some(Done::resumed(hand.uid(), Untold::Hidden))
            }
            Kind::Hide => {
                let operation = of("reset-user-conversation", "reset-group-conversation");
                let body = json!({"preserveOrder": random.random_bool(0.3)});
                self.op(&hand, operation, &[with.id()], body).await?;
                Some(Done::resumed(hand.uid(), Untold::Hidden))
            }
            Kind::PinTalk => {
                let operation = of("pin-user-conversation", "pin-group-conversation");
                self.op(&hand, operation, &[with.id()], json!({})).await.map(|_| Done::default())
            }
            _ => {
                let operation = of("unpin-user-conversation", "unpin-group-conversation");
                self.op(&hand, operation, &[with.id()], json!({})).await.map(|_| Done::default())
            }
        }
    }

    async fn system_pins(&mut self, random: &mut StdRng) -> Option<Done> {
        let pins = match pick(random, &self.groups) {
            Some(guid) if random.random_bool(0.5) => json!([{"guid": guid}]),
            _ => json!([]),
        };
        let body = json!({"pinnedConversations": pins});
        self.op(&Hand::app(), "replace-global-pinned-conversations", &[], body).await?;
        Some(Done::untold("", Untold::SystemPins))
    }

    async fn create_group(&mut self, random: &mut StdRng) -> Option<Done> {
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
        // Who makes it learns that by the answer, which other devices don't get.
        for device in self.devices.iter_mut().filter(|device| device.uid == hand.uid()) {
            device.state.wanted.insert(guid.clone());
        }
        Some(Done::default())
    }

    async fn group(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let guid = pick_new(random, &self.groups)?.clone();
        let hand = if random.random_bool(0.4) { Hand::app() } else { self.hand(random) };
        match kind {
            Kind::UpdateGroup => {
                let mut body = json!({"name": unique("n"), "description": unique("d"), "tags": [unique("t")],
                    "metadata": {"k": unique("v")}});
                if hand.uid.is_none() && random.random_bool(0.3) {
                    body["owner"] = json!(self.person(random, ""));
                }
                self.op(&hand, "update-group", &[&guid], body).await?;
            }
            Kind::DeleteGroup => {
                // A few are kept, or there would be none most of the time.
                if self.groups.len() < 3 {
                    return None;
                }
                self.op(&hand, "delete-group", &[&guid], json!({})).await?;
                self.groups.retain(|known| *known != guid);
            }
            _ => {
                let hand = self.device(random);
                let body = json!({"owner": self.person(random, hand.uid())});
                self.op(&hand, "transfer-group", &[&guid], body).await?;
            }
        }
        Some(Done::untold("", Untold::Groups))
    }

    async fn come_and_go(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
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

    async fn member(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let guid = pick_new(random, &self.groups)?.clone();
        let hand = if random.random_bool(0.5) { Hand::app() } else { self.hand(random) };
        let uid = self.person(random, hand.uid());
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

    async fn ring(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
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

    async fn relation(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
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
        Some(Done::untold("", Untold::Relations))
    }

    async fn rename(&mut self, random: &mut StdRng) -> Option<Done> {
        let hand = self.hand(random);
        let body = json!({"name": unique("n")});
        if hand.device.is_some() {
            self.op(&hand, "update-me", &[], body).await?;
        } else {
            self.op(&Hand::app(), "update-user", &[hand.uid()], body).await?;
        }
        Some(Done::untold("", Untold::Names))
    }

    /// A user whom nobody talks to.
    async fn spare(&mut self, kind: Kind) -> Option<Done> {
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

    async fn import(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
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
            return Some(Done { enters: Some((person, guid)), ..Done::default() });
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

    async fn reconnect(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let at = random.random_range(0..self.devices.len());
        let websocket = self.websockets[random.random_range(0..self.websockets.len())].clone();
        if kind == Kind::Resume {
            self.devices[at].take_in(&websocket).await;
            self.devices[at].come_back(&websocket).await;
            return Some(Done::default());
        }
        let hand = Hand { uid: Some(self.devices[at].uid.clone()), device: Some(at) };
        let resource = self.devices[at].api.resource().to_owned();
        let body = json!({"platform": "rust", "deviceId": resource, "appInfo": {"apiVersion": "v3.0"}});
        self.op(&hand, "update-me", &[], body).await.map(|_| Done::default())
    }
}

/// An interactive message with a button that may be used.
fn form() -> Value {
    json!({"interactionGoal": {"type": "anyOf", "elementIds": ["send"]}, "allowSenderInteraction": false,
        "interactiveData": {"title": "Survey",
            "formFields": [{"elementType": "textInput", "elementId": "name", "optional": true, "label": "Name"}],
            "submitElement": {"elementType": "button", "elementId": "send", "buttonText": "Send",
                "disableAfterInteracted": true, "action": {"actionType": "urlNavigation", "url": "https://x/y"}}}})
}
