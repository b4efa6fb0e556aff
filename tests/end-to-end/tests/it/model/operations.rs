//! Every operation that changes something, as a step of a walk: who does what to what is drawn from the step's own seed and
//! from what there is at that time. So a list of steps can be run again, and a shorter one, too.

mod conversations;
mod groups;
mod messages;
mod others;
mod people;

use halley_client::Receiver;
use rand::{RngExt as _, rngs::StdRng};

use super::walk::{Done, Walk};

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
    CreateGroup 2; UpdateGroup 2; DeleteGroup 1; AddMembers 4; Join 2; Leave 2; Scope 3; Kick 2; Ban 3; Unban 3; Transfer 2;
    Call 2; ChangeCall 4;
    Block 1; Unblock 3; Befriend 1; Unfriend 1; Rename 1;
    CreateUser 1; Deactivate 1; Reactivate 1; DeleteUser 1; BotSend 2;
    Flag 1; Review 1; Import 1; ImportMembers 1;
    Resume 4; Cut 2; Login 1;
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
            K::ReadByFrame | K::DeliveredByFrame => self.receipt(kind, random).await,
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
            K::Resume => self.resume_one(random).await,
            K::Cut => self.cut_one(random),
            K::Login => self.log_in(random).await,
        }
    }
}
