//! Every list of messages, walked both ways by every cursor while others write, edit and delete: what was there before the
//! walk and stays is seen once.

use std::collections::BTreeSet;

use halley_contracts::{
    groups::v1::MembershipAction,
    messaging::v1::{self as pb, ListMessagesRequest, Message},
};
use halley_kit::Caller;
use halley_testkit::within;
use tokio_util::sync::CancellationToken;

use crate::support::{Api, GROUP, Turn, USER, World, history, to_group, to_user};

const BOTH_WAYS: [pb::Direction; 2] = [pb::Direction::Append, pb::Direction::Prepend];
const BY_ID: Turn = |request, message| request.cursor_id = message.id;
const BY_SEQUENCE: Turn = |request, message| request.cursor_sequence = message.sequence;

/// Messages in a thread, a direct conversation and a group; every third stays as it is.
async fn furnish(world: &World, api: &Api) -> (i64, BTreeSet<i64>, Vec<i64>) {
    world.groups.add_group("room", &["ann", "bob"]);
    for uid in ["ann", "bob"] {
        let event = Some(world.membership("room", uid, MembershipAction::Added));
        api.record_membership(&api.server(), pb::RecordMembershipRequest { event }).await.unwrap();
    }
    let parent = api.send("ann", to_group("room", "parent")).await.id;
    let (mut stay, mut change) = (BTreeSet::from([parent]), Vec::new());
    for n in 0..60 {
        let text = format!("word{n}");
        let reply = pb::SendMessageRequest { parent_id: parent, ..to_group("room", &text) };
        for request in [to_user("bob", &text), to_group("room", &text), reply] {
            let id = api.send("ann", request).await.id;
            if n % 3 == 0 {
                stay.insert(id);
            } else {
                change.push(id);
            }
        }
    }
    (parent, stay, change)
}

/// Adds to every conversation, and edits and deletes what may change, until it is stopped.
async fn disturb(api: &Api, parent: i64, change: Vec<i64>, stop: &CancellationToken) {
    let ann = api.user("ann");
    let mut change = change.into_iter();
    let mut n = 0;
    while !stop.is_cancelled() {
        n += 1;
        let text = format!("word new {n}");
        api.send("ann", to_user("bob", &text)).await;
        api.send("ann", to_group("room", &text)).await;
        api.send("ann", pb::SendMessageRequest { parent_id: parent, ..to_group("room", &text) }).await;
        if let Some(id) = change.next() {
            let edit =
                pb::EditMessageRequest { id, data_json: r#"{"text":"word edited"}"#.into(), ..Default::default() };
            api.edit_message(&ann, edit).await.unwrap();
            let permanent = n % 2 == 0;
            let caller = if permanent { api.server() } else { ann.clone() };
            let delete = pb::DeleteMessageRequest { id, permanent, ..Default::default() };
            api.delete_message(&caller, delete).await.unwrap();
        }
        // A little behind the walks, so that they meet the changes.
        tokio::task::yield_now().await;
    }
}

/// Walks until the list ends, or, forward, until all that stays was passed: new messages never end.
async fn walk(api: &Api, caller: &Caller, mut request: ListMessagesRequest, turn: Turn, last: i64) -> Vec<i64> {
    let forward = request.direction() == pb::Direction::Append;
    let mut seen = Vec::new();
    loop {
        let page = api.list_messages(caller, request.clone()).await.unwrap();
        let outermost: Option<&Message> = if forward { page.messages.last() } else { page.messages.first() };
        if let Some(outermost) = outermost {
            turn(&mut request, outermost);
        }
        seen.extend(page.messages.iter().map(|message| message.id));
        if !page.has_more || (forward && seen.iter().any(|id| *id > last)) {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_list_loses_or_repeats_what_stays() {
    let world = World::new(&["ann", "bob"]).await;
    let (api, writer) = (world.start().await, world.start().await);
    let (parent, stay, change) = furnish(&world, &api).await;
    let last = *change.iter().chain(&stay).max().unwrap();
    let (bob, server) = (api.user("bob"), api.server());
    let of_bob = history(USER, "bob");
    let words = |request| ListMessagesRequest { search_key: "word".to_owned(), ..request };
    let lists = [
        (&bob, history(USER, "ann"), Some(BY_SEQUENCE)),
        (&bob, history(GROUP, "room"), Some(BY_SEQUENCE)),
        (&bob, ListMessagesRequest { parent_id: parent, ..Default::default() }, Some(BY_SEQUENCE)),
        (&bob, ListMessagesRequest::default(), None),
        (&server, ListMessagesRequest::default(), None),
        (&server, of_bob, None),
        (&bob, words(history(GROUP, "room")), Some(BY_SEQUENCE)),
        (&bob, words(ListMessagesRequest::default()), None),
        (&server, words(ListMessagesRequest::default()), None),
    ];
    let mut expected = Vec::new();
    for (caller, request, _) in &lists {
        let whole = ListMessagesRequest { limit: 1000, ..request.clone() };
        let ids: BTreeSet<i64> = api.page(caller, whole).await.iter().map(|message| message.id).collect();
        expected.push(ids.intersection(&stay).copied().collect::<BTreeSet<i64>>());
        assert!(expected.last().unwrap().len() >= 20, "{request:?}");
    }
    let stop = CancellationToken::new();
    let walks = async {
        for ((caller, request, by_sequence), expected) in lists.iter().zip(&expected) {
            for turn in std::iter::once(BY_ID).chain(*by_sequence) {
                for direction in BOTH_WAYS {
                    let request = ListMessagesRequest { direction: direction.into(), limit: 7, ..request.clone() };
                    let seen = walk(&api, caller, request.clone(), turn, last).await;
                    let once: BTreeSet<i64> = seen.iter().copied().collect();
                    assert_eq!(once.len(), seen.len(), "repeated: {request:?}");
                    let lost: Vec<_> = expected.difference(&once).collect();
                    assert!(lost.is_empty(), "lost {lost:?}: {request:?}");
                }
            }
        }
        stop.cancel();
    };
    within("the walks", async { tokio::join!(walks, disturb(&writer, parent, change, &stop)) }).await;
}
