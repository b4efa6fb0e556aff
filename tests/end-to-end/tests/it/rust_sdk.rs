//! Everything that the Rust client library calls, against a server: each function once, by what it answers and by what the
//! other side hears.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use halley_client::{
    Backoff, CallStatus, CallType, ChangeKind, ChatEvent, ClientError, ConversationList, DirectoryStorage, Draft,
    EventStream, Fates, FileToSend, GroupChange, GroupFields, GroupType, HalleyChat, LoginWith, MemberLists,
    MemberScope, MembershipKind, Message, MessageList, OutgoingState, PresenceSubscription, PushToken, ReceiptKind,
    Receiver, SettingsBuilder,
};
use halley_testkit::{eventually, within};
use reqwest::Method;
use serde_json::json;

use crate::support::{Form, Person, Scene, data};

crate::in_both_forms!(
    messages_of_all_kinds_are_sent_changed_and_found,
    files_come_from_memory_a_path_and_a_stream,
    a_group_from_its_making_to_its_end,
    people_block_befriend_and_call_each_other,
    lists_follow_and_what_was_not_sent_outlives_the_program,
);

/// A logged-in client, and what it is told.
struct Client {
    chat: HalleyChat,
    events: EventStream,
}

impl std::ops::Deref for Client {
    type Target = HalleyChat;

    fn deref(&self) -> &HalleyChat {
        &self.chat
    }
}

impl Client {
    /// The first event that is wanted; those before it are passed over.
    async fn hear<T>(&mut self, what: &str, wanted: impl Fn(&ChatEvent) -> Option<T>) -> T {
        let next = async {
            loop {
                let event = self.events.next().await.expect("the stream goes on");
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        within(what, next).await
    }

    async fn hear_message(&mut self, id: u64) -> Message {
        self.hear("the message", |event| match event {
            ChatEvent::Message(message) if message.id == id => Some(Message::clone(message)),
            _ => None,
        })
        .await
    }

    async fn hear_change(&mut self, id: u64, kind: ChangeKind) -> Message {
        self.hear("the change", |event| match event {
            ChatEvent::MessageChanged(told) if told.message.id == id && told.change == kind => {
                Some(told.message.clone())
            }
            _ => None,
        })
        .await
    }

    async fn hear_membership(&mut self, kind: MembershipKind, uid: &str) {
        self.hear("the membership", |event| match event {
            ChatEvent::Membership(told) if told.kind == kind && told.on.uid == uid => Some(()),
            _ => None,
        })
        .await;
    }

    async fn hear_own(&mut self, kind: MembershipKind) {
        let own = self.uid().to_owned();
        self.hear_membership(kind, &own).await;
    }

    async fn hear_call(&mut self, session_id: &str, status: CallStatus) {
        self.hear("the call", |event| match event {
            ChatEvent::Call(told) if told.call.session_id == session_id && told.call.status == status => Some(()),
            _ => None,
        })
        .await;
    }
}

async fn settings(form: Form, node: usize) -> SettingsBuilder {
    let platform = form.platform().await;
    let app_id = platform.demo["appId"].as_str().expect("an app");
    SettingsBuilder::new(&platform.rests[node % platform.rests.len()], app_id)
        .socket_url(&platform.websockets[node % platform.websockets.len()])
        .presence(PresenceSubscription::AllUsers)
        .backoff(Backoff { first: Duration::from_millis(50), max: Duration::from_secs(1) })
}

async fn login(builder: SettingsBuilder, person: &Person) -> Client {
    let with = LoginWith::auth_token(&person.token);
    let (chat, events) = HalleyChat::login(builder.build().expect("settings"), with).await.expect("a login");
    let mut client = Client { chat, events };
    client.hear("the socket", |event| matches!(event, ChatEvent::Resumed { .. }).then_some(())).await;
    client
}

async fn people<const N: usize>(form: Form, scene: &Scene, names: [&str; N]) -> [Client; N] {
    let mut clients = Vec::new();
    for (node, name) in names.into_iter().enumerate() {
        let person = scene.world.person(name).await;
        clients.push(login(settings(form, node).await, &person).await);
    }
    clients.try_into().unwrap_or_else(|_| panic!("as many as names"))
}

fn ids(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.id).collect()
}

fn is_done(fates: &Fates, uid: &str) -> bool {
    matches!(fates.get(uid), Some(Ok(())))
}

async fn messages_of_all_kinds_are_sent_changed_and_found(form: Form) {
    let scene = Scene::new(form).await;
    let [mut ann, mut bob] = people(form, &scene, ["ann", "bob"]).await;
    let (to_ann, to_bob) = (Receiver::user(ann.uid()), Receiver::user(bob.uid()));
    let place = Draft::custom(&to_bob, "location", json!({"lat": 1.5})).caption("here").tags(&["map"]);
    let place = ann.messages().send(place).await.expect("stored");
    let heard = bob.hear_message(place.id).await;
    assert_eq!((heard.category.as_str(), heard.kind.as_str(), &heard.tags), ("custom", "location", &place.tags));
    assert_eq!(heard.custom_data, Some(json!({"lat": 1.5})));
    let card = Draft::interactive(&to_bob, "customInteractive", json!({"anything": [1]}))
        .put("interactionGoal", json!({"type": "anyOf", "elementIds": ["send"]}));
    let card = ann.messages().send(card).await.expect("stored");
    assert_eq!(bob.hear_message(card.id).await.interactive_data, Some(json!({"anything": [1]})));
    bob.messages().mark_interacted(card.id, &["send"]).await.expect("noted");
    let text = ann.messages().send(Draft::text(&to_bob, "needle").quoted_message_id(place.id)).await.expect("stored");
    assert_eq!(bob.hear_message(text.id).await.quoted_message().map(|quoted| quoted.id), Some(place.id));

    assert_eq!(ann.messages().edit(text.id, "needles").await.expect("edited").text.as_deref(), Some("needles"));
    assert_eq!(bob.hear_change(text.id, ChangeKind::Edited).await.text.as_deref(), Some("needles"));
    let reacted = bob.messages().react(text.id, "👍").await.expect("an answer");
    assert!(reacted.reactions[0].reacted_by_me);
    let count = ann.hear("the reaction", |event| match event {
        ChatEvent::Reaction(told) if told.reaction.message_id == text.id => Some((told.is_added, told.count)),
        _ => None,
    });
    assert_eq!(count.await, (true, 1));
    let by: Vec<_> = ann.messages().reactions(text.id, Some("👍")).items().try_collect().await.expect("rows");
    assert_eq!(by.iter().map(|row| row.user.uid.as_str()).collect::<Vec<_>>(), [bob.uid()]);
    assert!(bob.messages().unreact(text.id, "👍").await.expect("an answer").reactions.is_empty());
    assert!(ann.messages().pin(text.id).await.expect("pinned").pinned_at.is_some());
    bob.hear_change(text.id, ChangeKind::Pinned).await;
    assert!(bob.messages().save(text.id).await.expect("saved").saved_at.is_some());
    bob.hear_change(text.id, ChangeKind::Saved).await;
    let found = bob.messages().list_with(&to_ann).pinned(true).previous_page().await.expect("a page");
    assert_eq!(ids(&found), [text.id]);
    let found = bob.messages().list().saved(true).previous_page().await.expect("a page");
    assert_eq!(ids(&found), [text.id]);
    assert!(ann.messages().unpin(text.id).await.expect("an answer").pinned_at.is_none());
    assert!(bob.messages().unsave(text.id).await.expect("an answer").saved_at.is_none());
    let found = bob.messages().list_with(&to_ann).search("needles").previous_page().await.expect("a page");
    assert_eq!(ids(&found), [text.id]);
    let found = bob.messages().list_with(&to_ann).categories(&["custom"]).previous_page().await.expect("a page");
    assert_eq!(ids(&found), [place.id]);
    threads(&mut ann, &mut bob, &text).await;
    receipts(&mut ann, &bob, &text).await;
    bob.messages().flag(text.id, "spam", Some("a test")).await.expect("reported");
    assert!(ann.messages().delete(place.id).await.expect("deleted").deleted_at.is_some());
    assert!(bob.hear_change(place.id, ChangeKind::Deleted).await.deleted_at.is_some());
}

async fn threads(ann: &mut Client, bob: &mut Client, parent: &Message) {
    let (to_ann, to_bob) = (Receiver::user(ann.uid()), Receiver::user(bob.uid()));
    let reply = bob.messages().send(Draft::text(&to_ann, "a reply").parent_id(parent.id)).await.expect("stored");
    assert_eq!(ann.hear_message(reply.id).await.parent_id, Some(parent.id));
    let replies = ann.messages().list_thread(parent.id).previous_page().await.expect("a page");
    assert_eq!(ids(&replies), [reply.id]);
    let listed: Vec<_> = ann.messages().threads_with(&to_bob).limit(1).items().try_collect().await.expect("rows");
    assert_eq!(listed.iter().map(|row| row.parent.id).collect::<Vec<_>>(), [parent.id]);
    assert_eq!(listed[0].last_reply.as_ref().map(|last| last.id), Some(reply.id));
    assert_eq!(ann.messages().threads().participated_by_me(true).next_page().await.expect("a page").len(), 1);
    for is_subscribed in [true, false] {
        let messages = ann.messages();
        let answer = match is_subscribed {
            true => messages.subscribe(parent.id).await,
            false => messages.unsubscribe(parent.id).await,
        };
        answer.expect("an answer");
        assert_eq!(messages.get(parent.id).await.expect("the message").thread_subscribed, is_subscribed);
    }
}

async fn receipts(ann: &mut Client, bob: &Client, text: &Message) {
    let to_ann = Receiver::user(ann.uid());
    let count = async || {
        let counts = bob.conversations().unread_counts().await.expect("counts");
        counts.iter().find(|row| row.peer == to_ann).map_or(0, |row| row.count)
    };
    assert!(count().await > 0);
    bob.mark_read(text).await.expect("told");
    let read = ann.hear("the receipt", |event| match event {
        ChatEvent::Receipt(told) if told.kind == ReceiptKind::Read => Some((told.user.uid.clone(), told.message_id)),
        _ => None,
    });
    assert_eq!(read.await, (bob.uid().to_owned(), text.id));
    eventually("nothing is unread", || async { (count().await == 0).then_some(()) }).await;
    let receipts = ann.messages().receipts(text.id).await.expect("receipts");
    assert!(receipts.iter().any(|row| row.recipient.uid == bob.uid() && row.read_at.is_some()), "{receipts:?}");
    let unread = bob.messages().list_with(&to_ann).limit(100).previous_page().await.expect("a page");
    let conversation = bob.conversations().mark_unread(&to_ann, unread[0].id).await.expect("an answer");
    assert!(conversation.unread_count > 0);
    bob.conversations().mark_read(&to_ann, None).await.expect("an answer");
    bob.conversations().mark_delivered(&to_ann, None).await.expect("an answer");
    let tagged = bob.conversations().set_tags(&to_ann, &["friends"]).await.expect("tagged");
    assert_eq!(tagged.tags, ["friends"]);
    assert!(bob.conversations().pin(&to_ann).await.expect("pinned").pinned_at.is_some());
    let found = bob.conversations().list().tags(&["friends"]).pinned_by(&["me"]).next_page().await.expect("a page");
    assert_eq!(found.iter().map(|row| &row.with).collect::<Vec<_>>(), [&to_ann]);
    assert!(bob.conversations().unpin(&to_ann).await.expect("an answer").pinned_at.is_none());
}

async fn files_come_from_memory_a_path_and_a_stream(form: Form) {
    let scene = Scene::new(form).await;
    let [mut ann, mut bob] = people(form, &scene, ["ann", "bob"]).await;
    let to_bob = Receiver::user(bob.uid());
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "from a path").expect("written");
    let large = Bytes::from("0123456789abcdef".repeat(40_000));
    let chunks = large.clone();
    let files = vec![
        FileToSend::bytes("hello.txt", "text/plain", "from memory"),
        FileToSend::path(&path, "text/plain").await.expect("a file"),
        FileToSend::stream("large.txt", "text/plain", large.len() as u64, move || {
            let chunks = chunks.clone();
            stream::iter((0..10).map(move |n| Ok(chunks.slice(n * 64_000..(n + 1) * 64_000)))).boxed()
        }),
    ];
    let queued = ann.messages().queue(Draft::media(&to_bob, files).caption("three")).await.expect("queued");
    let shares = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&shares);
    let stored = ann.hear("the message is stored", move |event| {
        let ChatEvent::Outgoing(outgoing) = event else { return None };
        match &outgoing.state {
            OutgoingState::Pending { progress } => told.lock().expect("no panic").extend(*progress),
            OutgoingState::Sent => return Some(outgoing.message.clone()),
            state => panic!("{state:?}"),
        }
        None
    });
    let stored = stored.await;
    let shares = shares.lock().expect("no panic").clone();
    assert!(shares.len() > 5 && shares.is_sorted() && shares.last() == Some(&1.0), "{shares:?}");
    assert_eq!(within("its fate", queued.stored()).await.expect("stored").id, stored.id);
    let heard = bob.hear_message(stored.id).await;
    assert_eq!((heard.kind.as_str(), heard.text.as_deref()), ("file", Some("three")));
    let names: Vec<_> = heard.attachments.iter().filter_map(|file| file.name.as_deref()).collect();
    assert_eq!(names, ["hello.txt", "notes.txt", "large.txt"]);
    let sent = [Bytes::from("from memory"), Bytes::from("from a path"), large];
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for (file, sent) in heard.attachments.iter().zip(sent) {
        let found = http.get(&file.url).send().await.expect("an answer").bytes().await.expect("a body");
        assert!(found == sent, "{:?} is as it was sent", file.name);
    }
    let link = Draft::attachments(&to_bob, vec![heard.attachments[0].clone()]);
    assert_eq!(ann.messages().send(link).await.expect("stored").attachments.len(), 1);
    let short =
        FileToSend::stream("short.txt", "text/plain", 10, || stream::iter([Ok(Bytes::from_static(b"12345"))]).boxed());
    let refused = within("the short file", ann.messages().send(Draft::media(&to_bob, vec![short]))).await;
    assert!(matches!(refused, Err(ClientError::File { .. })), "{refused:?}");
    std::fs::remove_file(&path).expect("removed");
    assert!(matches!(FileToSend::path(&path, "text/plain").await, Err(ClientError::File { .. })));
}

async fn a_group_from_its_making_to_its_end(form: Form) {
    let scene = Scene::new(form).await;
    let [mut ann, mut bob, mut cat] = people(form, &scene, ["ann", "bob", "cat"]).await;
    let guid = scene.world.name("room");
    let (room, groups) = (Receiver::group(&guid), ann.groups());
    let fields = GroupFields::new().name("Room").kind(GroupType::Password).password("sesame").tags(&["t"]);
    let made = groups.create(&guid, fields).await.expect("made");
    assert_eq!((made.kind, made.owner.as_str(), made.has_joined), (GroupType::Password, ann.uid(), true));
    let refused = bob.groups().join(&guid, Some("wrong")).await.expect_err("refused");
    assert!(refused.code().is_some() && !refused.is_retryable(), "{refused}");
    assert!(bob.groups().join(&guid, Some("sesame")).await.expect("joined").has_joined);
    ann.hear_membership(MembershipKind::Joined, bob.uid()).await;
    let members = MemberLists { participants: vec![cat.uid().to_owned(), "nobody".into()], ..MemberLists::default() };
    let fates = ann.groups().add_members(&guid, &members).await.expect("an answer");
    assert!(is_done(&fates, cat.uid()) && matches!(fates.get("nobody"), Some(Err(_))), "{fates:?}");
    cat.hear_own(MembershipKind::Added).await;
    let uids = async |list: halley_client::Request<halley_client::MembersList>| {
        let rows: Vec<_> = list.items().try_collect().await.expect("rows");
        rows.into_iter().map(|row| row.user.uid).collect::<BTreeSet<String>>()
    };
    let all = [ann.uid(), bob.uid(), cat.uid()].map(str::to_owned);
    assert_eq!(uids(ann.groups().members(&guid).limit(2)).await, BTreeSet::from(all));
    ann.groups().set_scope(&guid, bob.uid(), MemberScope::Moderator).await.expect("changed");
    bob.hear_own(MembershipKind::ScopeChanged).await;
    assert_eq!(uids(ann.groups().members(&guid).scopes(&["moderator"])).await, BTreeSet::from([bob.uid().to_owned()]));
    let updated = ann.groups().update(&guid, GroupFields::new().name("Hall").description("of all")).await;
    assert_eq!(updated.expect("changed").name, "Hall");
    let name = bob.hear("the group", |event| match event {
        ChatEvent::Group(told) if told.change == GroupChange::Updated => Some(told.group.name.clone()),
        _ => None,
    });
    assert_eq!(name.await, "Hall");
    assert_eq!(bob.groups().get(&guid).await.expect("a group").description.as_deref(), Some("of all"));
    let joined: Vec<_> = bob.groups().list().joined_only(true).items().try_collect().await.expect("rows");
    assert_eq!(joined.iter().map(|group| group.guid.as_str()).collect::<Vec<_>>(), [guid.as_str()]);

    let said = eventually("a member may talk", || async { cat.messages().send_text(&room, "hi").await.ok() }).await;
    assert_eq!(bob.hear_message(said.id).await.group().map(|group| group.guid), Some(guid.clone()));
    ann.groups().kick(&guid, cat.uid()).await.expect("put out");
    bob.hear_membership(MembershipKind::Kicked, cat.uid()).await;
    ann.groups().ban(&guid, cat.uid()).await.expect_err("who is no member can't be banned");
    cat.groups().join(&guid, Some("sesame")).await.expect("who was kicked may come again");
    ann.groups().ban(&guid, cat.uid()).await.expect("banned");
    bob.hear_membership(MembershipKind::Banned, cat.uid()).await;
    let banned: Vec<_> = ann.groups().banned(&guid).items().try_collect().await.expect("rows");
    assert_eq!(banned.iter().map(|row| row.user.uid.as_str()).collect::<Vec<_>>(), [cat.uid()]);
    assert!(cat.groups().join(&guid, Some("sesame")).await.is_err());
    ann.groups().unban(&guid, cat.uid()).await.expect("unbanned");
    assert!(ann.groups().banned(&guid).next_page().await.expect("a page").is_empty());
    ann.groups().leave(&guid).await.expect_err("an owner has to give the group away first");
    ann.groups().transfer(&guid, bob.uid()).await.expect("given");
    bob.hear("the owner", |event| match event {
        ChatEvent::Group(told) => matches!(told.change, GroupChange::OwnerChanged { .. }).then_some(()),
        _ => None,
    })
    .await;
    ann.groups().leave(&guid).await.expect("left");
    bob.hear_membership(MembershipKind::Left, ann.uid()).await;
    bob.groups().delete(&guid).await.expect("deleted");
    bob.hear("the end", |event| match event {
        ChatEvent::Group(told) => (told.change == GroupChange::Deleted).then_some(()),
        _ => None,
    })
    .await;
    assert_eq!(bob.groups().get(&guid).await.expect_err("gone").code(), Some("ERR_GUID_NOT_FOUND"));
}

async fn people_block_befriend_and_call_each_other(form: Form) {
    let scene = Scene::new(form).await;
    let [mut ann, mut bob] = people(form, &scene, ["ann", "bob"]).await;
    let (to_ann, to_bob) = (Receiver::user(ann.uid()), Receiver::user(bob.uid()));
    let me = ann.users().update_me(&json!({"name": "Anna", "metadata": {"k": 1}})).await.expect("changed");
    assert_eq!((me.name.as_str(), me.metadata), ("Anna", Some(json!({"k": 1}))));
    assert_eq!(bob.users().get(ann.uid()).await.expect("a user").name, "Anna");
    let found = bob.users().list().uids(&[ann.uid()]).next_page().await.expect("a page");
    assert_eq!(found.iter().map(|user| user.uid.as_str()).collect::<Vec<_>>(), [ann.uid()]);
    assert!(ann.users().friends().next_page().await.expect("a page").is_empty());
    data(scene.post(&format!("/users/{}/friends", ann.uid()), json!({"accepted": [bob.uid()]}))).await;
    let friends = || async { ann.users().friends().next_page().await.ok().filter(|page| page.len() == 1) };
    assert_eq!(eventually("a friend is listed", friends).await[0].uid, bob.uid());

    let token = PushToken { token: scene.world.name("push"), platform: "fcm_android".into(), ..PushToken::default() };
    ann.push().register(&token).await.expect("registered");
    let tokens = async || {
        let listed = ann.api().call(Method::GET, "/notifications/push/v1/tokens", &[], None).await;
        listed.expect("an answer").to_string()
    };
    assert!(tokens().await.contains(&token.token));
    ann.push().unregister(&token.token).await.expect("forgotten");
    assert!(!tokens().await.contains(&token.token));

    // It takes its time, so it goes beside the calls.
    let typing = tokio::spawn(notes(ann.chat.clone(), Client { chat: bob.chat.clone(), events: bob.chat.events() }));
    for (kind, accepts) in [(CallType::Video, true), (CallType::Audio, false)] {
        let call = ann.calls().initiate(&to_bob, kind).await.expect("it rings");
        let id = call.session_id.as_str();
        bob.hear_call(id, CallStatus::Initiated).await;
        let (answered, ended) = if accepts {
            (bob.calls().accept(id).await, CallStatus::Ongoing)
        } else {
            (bob.calls().reject(id).await, CallStatus::Rejected)
        };
        assert_eq!(answered.expect("answered").status, ended);
        ann.hear_call(id, ended).await;
        if accepts {
            assert_eq!(ann.calls().end(id).await.expect("ended").status, CallStatus::Ended);
            bob.hear_call(id, CallStatus::Ended).await;
        }
        let logged = bob.calls().get(id).await.expect("logged");
        assert_eq!(logged.session_id, id);
    }
    let call = ann.calls().initiate(&to_bob, CallType::Audio).await.expect("it rings");
    assert_eq!(ann.calls().cancel(&call.session_id).await.expect("taken back").status, CallStatus::Cancelled);
    let log: Vec<_> = ann.calls().list().limit(2).items().try_collect().await.expect("rows");
    assert_eq!(log.len(), 3);
    typing.await.expect("no panic");

    assert!(is_done(&bob.users().block(&[ann.uid()]).await.expect("an answer"), ann.uid()));
    let blocked: Vec<_> = bob.users().blocked().items().try_collect().await.expect("rows");
    assert_eq!(blocked.iter().map(|user| user.uid.as_str()).collect::<Vec<_>>(), [ann.uid()]);
    let refused = || async { ann.messages().send_text(&to_bob, "there?").await.err() };
    let refused = eventually("a blocked user is refused", refused).await;
    assert!(refused.code().is_some() && !refused.is_retryable(), "{refused}");
    assert!(is_done(&bob.users().unblock(&[ann.uid()]).await.expect("an answer"), ann.uid()));
    eventually("nobody is blocked", || async { bob.messages().send_text(&to_ann, "hello").await.ok() }).await;
    let failed = ann.messages().outgoing();
    assert!(matches!(failed.last().expect("what was refused").state, OutgoingState::Failed(_)));
}

/// What is not stored: typing, which ends by itself, and notes.
async fn notes(ann: HalleyChat, mut bob: Client) {
    let (to_bob, from_ann) = (Receiver::user(bob.uid()), Receiver::user(ann.uid()));
    assert!(ann.start_typing(&to_bob, None).await);
    for is_typing in [true, false] {
        let peer = bob.hear("who types", |event| match event {
            ChatEvent::Typing(told) if told.is_typing == is_typing => Some(told.peer.clone()),
            _ => None,
        });
        assert_eq!(peer.await, from_ann);
    }
    assert!(ann.send_transient(&to_bob, json!({"k": 1})).await);
    let note = bob.hear("the note", |event| match event {
        ChatEvent::Transient(told) => Some((told.user.uid.clone(), told.data.clone())),
        _ => None,
    });
    assert_eq!(note.await, (ann.uid().to_owned(), json!({"k": 1})));
}

async fn lists_follow_and_what_was_not_sent_outlives_the_program(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let (to_ann, to_bob) = (ann.receiver(), bob.receiver());
    let bob = login(settings(form, 1).await, &bob).await;
    let directory = tempfile::tempdir().expect("a directory");
    // The tasks of a client that is dropped end a moment later.
    let open = || async { DirectoryStorage::open(directory.path()).await.ok() };
    let storage = async || Arc::new(eventually("the directory is free", open).await);
    let chat = login(settings(form, 0).await.storage(storage().await), &ann).await;
    let list = MessageList::open(&chat, &to_bob);
    let mut shown = list.subscribe();
    let seen = bob.messages().send_text(&to_ann, "one").await.expect("stored");
    let has = |wanted: u64| {
        move |now: &Arc<halley_client::MessagesSnapshot>| now.messages.iter().any(|message| message.id == wanted)
    };
    within("the list has it", shown.wait_for(has(seen.id))).await.expect("the list goes on");
    bob.messages().edit(seen.id, "uno").await.expect("edited");
    bob.messages().react(seen.id, "👍").await.expect("an answer");
    let is_true = |now: &Arc<halley_client::MessagesSnapshot>| {
        let [message] = now.messages.as_slice() else { return false };
        message.text.as_deref() == Some("uno") && message.reactions.iter().any(|count| count.count == 1)
    };
    within("the list is true", shown.wait_for(is_true)).await.expect("the list goes on");
    let conversations = ConversationList::open(&chat);
    let mut overview = conversations.subscribe();
    within("the conversation is unread", overview.wait_for(|now| now.unread_count() == 1)).await.expect("it goes on");
    chat.mark_read(&seen).await.expect("told");
    within("the conversation is read", overview.wait_for(|now| now.unread_count() == 0)).await.expect("it goes on");
    drop((list, conversations));
    chat.close().await;
    drop((chat, shown, overview));

    let first = login(settings(form, 0).await.storage(storage().await), &ann).await;
    first.disconnect().await;
    let draft = Draft::text(&to_bob, "twice?");
    let muid = draft.id().to_owned();
    let queued = first.messages().queue(draft).await.expect("queued");
    // The program ends at once: the message may be under way.
    first.close().await;
    drop((first, queued));
    let second = login(settings(form, 1).await.storage(storage().await), &ann).await;
    eventually("nothing waits", || async { second.messages().outgoing().is_empty().then_some(()) }).await;
    let rows = bob.messages().list_with(&to_ann).previous_page().await.expect("a page");
    assert_eq!(rows.iter().filter(|row| row.muid.as_deref() == Some(muid.as_str())).count(), 1);
    second.logout().await.expect("logged out");
    assert!(second.users().get(bob.uid()).await.expect_err("logged out").is_credential_dead());
}
