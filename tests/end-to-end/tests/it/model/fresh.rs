//! What a client without a past fetches, in the same form as what one builds.

use std::collections::{BTreeMap, BTreeSet};

use halley_client::{ApiClient, ClientError, Receiver};
use reqwest::Method;
use serde_json::Value;

use super::{
    is_of_marker,
    picture::{Call, Picture, Room, Shown, Talk, guid_of, number, text},
    state::State,
};

const PER_PAGE: &str = "100";
const PER_PAGE_ROWS: usize = 100;
/// The whole list of conversations, with what it shows where it is asked to.
const LIST: [(&str, &str); 2] = [("withTags", "true"), ("includeBlockedUsers", "true")];

/// A refusal is what the caller makes of it; anything else that goes wrong, and a refusal for a while only, ends the test.
async fn rows(api: &ApiClient, path: &str, query: &[(&str, &str)]) -> Option<Vec<Value>> {
    let query = [query, &[("per_page", PER_PAGE)]].concat();
    match api.call(Method::GET, path, &query, None).await {
        Ok(answer) => Some(answer["data"].as_array().cloned().unwrap_or_default()),
        Err(ClientError::Api { status: 400..=428 | 430..=499, .. }) => None,
        Err(error) => panic!("GET {path}: {error}"),
    }
}

async fn one(api: &ApiClient, path: &str) -> Option<Value> {
    match api.call(Method::GET, path, &[], None).await {
        Ok(answer) => Some(answer["data"].clone()),
        Err(ClientError::Api { status: 400..=428 | 430..=499, .. }) => None,
        Err(error) => panic!("GET {path}: {error}"),
    }
}

/// Everything that is shown to a user.
pub async fn fetch(api: &ApiClient, uid: &str) -> Picture {
    let mut picture = Picture::default();
    for row in rows(api, "/conversations", &LIST).await.unwrap_or_default() {
        let id = text(&row["conversationId"]);
        if is_of_marker(&id) {
            continue;
        }
        for message in history(api, &peer(&row)).await.unwrap_or_default() {
            picture.messages.insert(number(&message["id"]), Shown::of(&message, uid));
        }
        picture.talks.insert(id, Talk::of(&row));
    }
    for id in saves(api).await {
        if let Some(message) = picture.messages.get_mut(&id) {
            message.saved = true;
        }
    }
    for row in rows(api, "/groups", &[("hasJoined", "true"), ("withTags", "true")]).await.unwrap_or_default() {
        picture.groups.insert(text(&row["guid"]), room(api, &row).await);
    }
    picture.calls = calls(api).await;
    picture.blocked = uids(rows(api, "/blockedusers", &[("direction", "blockedByMe")]).await);
    picture.friends = uids(rows(api, "/users", &[("friendsOnly", "true")]).await);
    picture
}

fn uids(rows: Option<Vec<Value>>) -> BTreeSet<String> {
    rows.into_iter().flatten().filter_map(|row| Some(row["uid"].as_str()?.to_owned())).collect()
}

fn peer(conversation: &Value) -> Receiver {
    let with = &conversation["conversationWith"];
    match with["guid"].as_str() {
        Some(guid) => Receiver::group(guid),
        None => Receiver::user(with["uid"].as_str().unwrap_or_default()),
    }
}

/// A conversation's messages, oldest first. `None`: they are refused.
async fn history(api: &ApiClient, peer: &Receiver) -> Option<Vec<Value>> {
    let kind = if matches!(peer, Receiver::Group(_)) { "groups" } else { "users" };
    let path = format!("/{kind}/{}/messages", peer.id());
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map_or(0, |message| number(&message["id"])).to_string();
        let query = [
            ("affix", "append"),
            ("id", after.as_str()),
            ("withSequence", "1"),
            ("withTags", "1"),
            ("withThreadSubscribed", "true"),
        ];
        let page = rows(api, &path, &query).await?;
        let is_last = page.len() < PER_PAGE_ROWS;
        all.extend(page);
        if is_last {
            return Some(all);
        }
    }
}

async fn room(api: &ApiClient, group: &Value) -> Room {
    let guid = group["guid"].as_str().unwrap_or_default();
    let members = rows(api, &format!("/groups/{guid}/members"), &[]).await.unwrap_or_default();
    let scope = |row: &Value| Some((row["uid"].as_str()?.to_owned(), row["scope"].as_str()?.to_owned()));
    let banned = rows(api, &format!("/groups/{guid}/bannedusers"), &[]).await.map(|rows| uids(Some(rows)));
    Room { members: members.iter().filter_map(scope).collect(), banned, ..Room::of(group) }
}

/// Ids of what the user saved: histories don't show it.
async fn saves(api: &ApiClient) -> BTreeSet<u64> {
    let rows = rows(api, "/messages", &[("saved", "true")]).await.unwrap_or_default();
    rows.iter().map(|row| number(&row["id"])).collect()
}

/// The log of the user's calls.
async fn calls(api: &ApiClient) -> BTreeMap<String, Call> {
    let rows = rows(api, "/calls", &[]).await.unwrap_or_default();
    rows.iter().map(|row| (text(&row["sessionId"]), Call::of(row))).collect()
}

/// A group that the user came into, with what was said in it before. False: not all of it is to be had yet, as other processes
/// learn a moment later that the user is in.
pub async fn enter(api: &ApiClient, state: &mut State, guid: &str) -> bool {
    let Some(group) = one(api, &format!("/groups/{guid}")).await.filter(|group| group["hasJoined"] == true) else {
        return true;
    };
    let Some(messages) = history(api, &Receiver::group(guid)).await else { return false };
    let Some(conversation) = one(api, &format!("/groups/{guid}/conversation")).await else { return false };
    let saves = saves(api).await;
    state.picture.groups.insert(guid.to_owned(), room(api, &group).await);
    for message in &messages {
        let id = number(&message["id"]);
        let shown = Shown::of(message, &state.uid);
        state.picture.messages.insert(id, Shown { saved: saves.contains(&id), ..shown });
        keep(state, message);
    }
    know_calls(state, calls(api).await);
    state.conversation(&conversation);
    true
}

/// A conversation that came into the list: how the user has marked it, which a device that came later was not told, and, if
/// `with_history`, what was said in it before.
pub async fn appear(api: &ApiClient, state: &mut State, conversation: &str, with_history: bool) {
    let peer = match (guid_of(conversation), conversation.split_once("_user_")) {
        (Some(guid), _) => Receiver::group(guid),
        (None, Some((a, b))) => Receiver::user(if a == state.uid { b } else { a }),
        (None, None) => return,
    };
    let kind = if matches!(peer, Receiver::Group(_)) { "groups" } else { "users" };
    let own = one(api, &format!("/{kind}/{}/conversation", peer.id())).await.map(|row| Talk::of(&row));
    if let (Some(own), Some(talk)) = (own, state.picture.talks.get_mut(conversation)) {
        (talk.pinned, talk.tags) = (own.pinned, own.tags);
    }
    if !with_history {
        return;
    }
    for message in history(api, &peer).await.unwrap_or_default() {
        let id = number(&message["id"]);
        let shown = Shown::of(&message, &state.uid);
        state.picture.messages.entry(id).or_insert(shown);
    }
}

/// Takes the place of a message, and the call that it tells of.
fn keep(state: &mut State, message: &Value) {
    state.sequences.insert(number(&message["id"]), message["sequence"].as_i64().unwrap_or_default());
    let position = state.positions.entry(text(&message["conversationId"])).or_default();
    *position = (*position).max(i64::try_from(number(&message["sequence"])).unwrap_or_default());
    if message["category"] == "call" {
        state.call(message);
    }
}

fn know_calls(state: &mut State, log: BTreeMap<String, Call>) {
    state.own_calls.extend(log.keys().cloned());
    state.calls.extend(log);
}

/// The beginning of a state: what is there already.
pub async fn begin(api: &ApiClient, uid: &str, purged: BTreeMap<u64, (String, String)>) -> State {
    let picture = fetch(api, uid).await;
    let mut state = State { uid: uid.to_owned(), picture, purged, ..State::default() };
    for row in rows(api, "/conversations", &LIST).await.unwrap_or_default() {
        for message in history(api, &peer(&row)).await.unwrap_or_default() {
            keep(&mut state, &message);
        }
        state.count_back(&text(&row["conversationId"]), number(&row["unreadMessageCount"]));
    }
    let log = state.picture.calls.clone();
    know_calls(&mut state, log);
    state
}
