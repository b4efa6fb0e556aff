//! The story of `web/sdk/tests/scenario.json`, played with the Rust client library: what each device hears, in breaks, too, and
//! what history shows at its end. Other libraries play the same one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use halley_client::{
    Backoff, ChatEvent, Draft, EventStream, GroupFields, HalleyChat, LoginWith, MemberLists, MemberScope,
    MembershipKind, Message, MessageAction, Receiver, SettingsBuilder,
};
use halley_testkit::{LIMIT, eventually, within};
use serde_json::Value;

use crate::support::{Form, World};

crate::in_both_forms!(every_device_hears_the_same_story);

/// Lines by conversation.
type Transcript = BTreeMap<String, Vec<String>>;

/// A device, and every message that it was told.
struct Player {
    chat: HalleyChat,
    heard: Arc<Mutex<Vec<Message>>>,
}

struct Play {
    world: World,
    players: BTreeMap<String, Player>,
    /// Uids by their names in the story.
    uids: BTreeMap<String, String>,
    /// Ids of messages by their names in the story.
    messages: BTreeMap<String, u64>,
}

async fn every_device_hears_the_same_story(form: Form) {
    let scenario: Value = serde_json::from_str(include_str!("../../../../web/sdk/tests/scenario.json")).expect("JSON");
    let mut play = Play::begin(form, &scenario).await;
    for step in scenario["steps"].as_array().expect("as the story is written") {
        within(&step.to_string(), play.take(step)).await;
    }
    let expected: BTreeMap<String, Transcript> =
        serde_json::from_value(scenario["transcripts"].clone()).expect("as the story is written");
    let complete = async {
        while play.transcripts() != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // In vain or not, what was heard by then is compared.
    drop(tokio::time::timeout(LIMIT, complete).await);
    assert_eq!(play.transcripts(), expected);
    let histories: BTreeMap<String, Transcript> =
        serde_json::from_value(scenario["histories"].clone()).expect("as the story is written");
    for (user, conversations) in histories {
        for (conversation, lines) in conversations {
            assert_eq!(play.history(&user, &conversation).await, lines, "{user} in {conversation}");
        }
    }
    for player in play.players.values() {
        player.chat.close().await;
    }
}

impl Play {
    /// Makes the users, and lets each device log in and connect, spread over the edges.
    async fn begin(form: Form, scenario: &Value) -> Self {
        let platform = form.platform().await;
        let world = World::on(platform);
        let mut people = BTreeMap::new();
        for user in scenario["users"].as_array().expect("as the story is written") {
            let user = user.as_str().expect("as the story is written");
            people.insert(user.to_owned(), world.person(user).await);
        }
        let mut players = BTreeMap::new();
        for (at, (device, user)) in scenario["devices"].as_object().expect("as the story is written").iter().enumerate()
        {
            let rest = &platform.rests[at % platform.rests.len()];
            let settings =
                SettingsBuilder::new(rest, platform.demo["appId"].as_str().expect("as the story is written"))
                    .socket_url(&platform.websockets[at % platform.websockets.len()])
                    .backoff(Backoff { first: Duration::from_millis(50), max: Duration::from_secs(1) })
                    .build()
                    .expect("settings");
            let with = LoginWith::auth_token(&people[user.as_str().expect("as the story is written")].token);
            let (chat, mut events) = HalleyChat::login(settings, with).await.expect("an answer");
            assert!(resumed(&mut events).await, "what was fetched before the first socket may be older");
            players.insert(device.clone(), Player::listening(chat, events));
        }
        let uids = people.into_iter().map(|(name, person)| (name, person.uid)).collect();
        Self { world, players, uids, messages: BTreeMap::new() }
    }

    async fn take(&mut self, step: &Value) {
        let field = |name: &str| step[name].as_str().unwrap_or_default();
        let chat = self.players[field("device")].chat.clone();
        let guid = self.world.name(field("group"));
        let uid = self.uids.get(field("user")).cloned().unwrap_or_default();
        let id = self.messages.get(field("message")).copied().unwrap_or_default();
        let (groups, messages) = (chat.groups(), chat.messages());
        match field("do") {
            "createGroup" => {
                drop(groups.create(&guid, GroupFields::new().name(field("group"))).await.expect("an answer"))
            }
            "add" => {
                let members = MemberLists { participants: vec![uid.clone()], ..MemberLists::default() };
                assert!(matches!(
                    groups.add_members(&guid, &members).await.expect("an answer").get(&uid),
                    Some(Ok(()))
                ));
            }
            "join" => assert!(groups.join(&guid, None).await.expect("an answer").has_joined),
            "leave" => groups.leave(&guid).await.expect("an answer"),
            "kick" => groups.kick(&guid, &uid).await.expect("an answer"),
            "setScope" => {
                groups
                    .set_scope(&guid, &uid, MemberScope::from_word(field("scope")).expect("a scope"))
                    .await
                    .expect("an answer");
            }
            "send" => self.send(&chat, step).await,
            "refused" => {
                let refused = messages.send_text(&self.peer(field("to")), field("text")).await;
                assert_eq!(refused.expect_err("refused").code(), Some(field("code")));
            }
            "edit" => assert_eq!(messages.edit(id, field("text")).await.expect("an answer").id, id),
            "delete" => assert!(messages.delete(id).await.expect("an answer").deleted_at.is_some()),
            "react" => drop(messages.react(id, field("reaction")).await.expect("an answer")),
            "unreact" => drop(messages.unreact(id, field("reaction")).await.expect("an answer")),
            "read" => chat.conversations().mark_read(&self.peer(field("peer")), Some(id)).await.expect("an answer"),
            "away" => chat.disconnect().await,
            "back" => {
                let mut events = chat.events();
                chat.connect();
                assert!(!resumed(&mut events).await, "everything is told");
            }
            other => panic!("no step {other}"),
        }
    }

    async fn send(&mut self, chat: &HalleyChat, step: &Value) {
        let field = |name: &str| step[name].as_str().unwrap_or_default();
        let mut draft = Draft::text(&self.peer(field("to")), field("text"));
        if let Some(parent_id) = self.messages.get(field("thread")) {
            draft = draft.parent_id(*parent_id);
        }
        // A membership of the step before may still be under way to the process that takes the message.
        let send = || async { chat.messages().send(draft.clone()).await.ok() };
        let stored = eventually("the message is stored", send).await;
        self.messages.insert(field("as").to_owned(), stored.id);
    }

    fn peer(&self, named: &str) -> Receiver {
        match named.split_once(':').expect("a kind and a name") {
            ("group", name) => Receiver::group(&self.world.name(name)),
            (_, name) => Receiver::user(self.uids.get(name).unwrap_or(&self.world.name(name))),
        }
    }

    fn transcripts(&self) -> BTreeMap<String, Transcript> {
        let mut transcripts = BTreeMap::new();
        for (device, player) in &self.players {
            let mut lines = Transcript::new();
            for message in &*player.heard.lock().expect("no listener panicked") {
                lines.entry(self.conversation(message)).or_default().push(self.line(message));
            }
            transcripts.insert(device.clone(), lines);
        }
        transcripts
    }

    /// What a user's list of messages shows.
    async fn history(&self, user: &str, conversation: &str) -> Vec<String> {
        let uid = &self.uids[user];
        let chat = &self.players.values().find(|player| player.chat.uid() == uid).expect("a device").chat;
        let peer = match conversation.split_once('+') {
            Some((one, other)) => self.peer(&format!("user:{}", if one == user { other } else { one })),
            None => self.peer(&format!("group:{conversation}")),
        };
        let list = chat.messages().list_with(&peer).categories(&["message"]).limit(2);
        let rows: Vec<Message> = list.items().try_collect().await.expect("an answer");
        rows.iter().rev().map(|row| self.row(row)).collect()
    }

    fn row(&self, row: &Message) -> String {
        let mut marks = vec![match row.deleted_at {
            Some(_) => "(deleted)".to_owned(),
            None => row.text.clone().unwrap_or_default(),
        }];
        if row.edited_at.is_some() && row.deleted_at.is_none() {
            marks.push("(edited)".to_owned());
        }
        marks.extend(row.reactions.iter().map(|of| format!("{}{}", of.reaction, of.count)));
        if row.reply_count > 0 {
            marks.push(format!("replies={}", row.reply_count));
        }
        format!("{}: {}", self.name(&row.sender), marks.join(" "))
    }

    fn conversation(&self, message: &Message) -> String {
        match &message.receiver {
            Receiver::Group(guid) => guid.split_once('-').map_or(guid.as_str(), |(base, _)| base).to_owned(),
            Receiver::User(uid) => {
                let mut between = [self.name(&message.sender), self.name(uid)];
                between.sort_unstable();
                between.join("+")
            }
        }
    }

    fn line(&self, message: &Message) -> String {
        let by = self.name(&message.sender);
        match message.told_action() {
            None => {
                let on = message.parent_id.map(|id| format!(" on {}", self.named(id))).unwrap_or_default();
                let text = message.text.as_deref().unwrap_or_default();
                format!("{by}{on}: {}", if message.deleted_at.is_some() { "(deleted)" } else { text })
            }
            Some(MessageAction::Edited { message, .. }) => {
                format!("{by} edited {}: {}", self.named(message.id), message.text.as_deref().unwrap_or_default())
            }
            Some(MessageAction::Deleted { message, .. }) => format!("{by} deleted {}", self.named(message.id)),
            Some(MessageAction::Membership(told)) => {
                let on = self.name(&told.on.uid);
                match (told.kind, told.new_scope) {
                    (MembershipKind::Joined | MembershipKind::Left, _) => format!("{on} {}", told.kind.as_str()),
                    (MembershipKind::ScopeChanged, Some(scope)) => format!("{by} made {on} a {}", scope.as_str()),
                    (kind, _) => format!("{by} {} {on}", kind.as_str()),
                }
            }
        }
    }

    fn name<'a>(&'a self, uid: &'a str) -> &'a str {
        self.uids.iter().find(|(_, known)| *known == uid).map_or(uid, |(name, _)| name)
    }

    fn named(&self, id: u64) -> String {
        let found = self.messages.iter().find(|(_, known)| **known == id);
        found.map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }
}

impl Player {
    fn listening(chat: HalleyChat, mut events: EventStream) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if let ChatEvent::Message(message) = event {
                    writer.lock().expect("no listener panicked").push(*message);
                }
            }
        });
        Self { chat, heard }
    }
}

/// Waits until the socket is there; whether what is shown has to be fetched.
async fn resumed(events: &mut EventStream) -> bool {
    within("the socket is there", async {
        loop {
            if let ChatEvent::Resumed { refetch, .. } = events.next().await.expect("the stream goes on") {
                return refetch;
            }
        }
    })
    .await
}
