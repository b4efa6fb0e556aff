//! What a client without a past fetches, in the same form as what one builds.

use std::collections::{BTreeMap, BTreeSet};

use halley_client::{ApiClient, ClientError, MessagePage, Receiver};
use reqwest::Method;
use serde_json::Value;

use super::state::{Picture, Room, Shown, State, Talk, number};

const PER_PAGE: &str = "100";

/// A refusal is what the caller makes of it; anything else that goes wrong ends the test.
async fn rows(api: &ApiClient, path: &str, query: &[(&str, &str)]) -> Option<Vec<Value>> {
    let query = [query, &[("per_page", PER_PAGE)]].concat();
    match api.call(Method::GET, path, &query, None).await {
        Ok(answer) => Some(answer["data"].as_array().cloned().unwrap_or_default()),
        Err(ClientError::Api { status: 400..500, .. }) => None,
        Err(error) => panic!("GET {path}: {error}"),
    }
}

/// Everything that is shown to a user.
pub async fn fetch(api: &ApiClient, uid: &str) -> Picture {
    let mut picture = Picture::default();
    let query = [("withTags", "true"), ("includeBlockedUsers", "true")];
    for row in rows(api, "/conversations", &query).await.unwrap_or_default() {
        let id = row["conversationId"].as_str().unwrap_or_default().to_owned();
        for message in history(api, &peer(&row)).await {
            picture.messages.insert(number(&message["id"]), Shown::of(&message, uid));
        }
        picture.talks.insert(id, Talk::of(&row));
    }
    // Histories don't show what the user saved.
    for row in rows(api, "/messages", &[("saved", "true")]).await.unwrap_or_default() {
        if let Some(message) = picture.messages.get_mut(&number(&row["id"])) {
            message.saved = true;
        }
    }
    for row in rows(api, "/groups", &[("hasJoined", "true"), ("withTags", "true")]).await.unwrap_or_default() {
        let guid = row["guid"].as_str().unwrap_or_default();
        picture.groups.insert(guid.to_owned(), room(api, &row).await);
    }
    for row in rows(api, "/calls", &[]).await.unwrap_or_default() {
        let of = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        picture.calls.insert(of("sessionId"), of("status"));
    }
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

/// A conversation's messages, oldest first.
async fn history(api: &ApiClient, peer: &Receiver) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map_or(0, |message| number(&message["id"]));
        let page = MessagePage::after(after, 100).with_sequence();
        let query = [
            ("per_page", PER_PAGE.to_owned()),
            ("affix", "append".to_owned()),
            ("id", page.id.unwrap_or_default().to_string()),
            ("withSequence", "1".to_owned()),
            ("withTags", "1".to_owned()),
            ("withThreadSubscribed", "true".to_owned()),
        ];
        let query: Vec<(&str, &str)> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let kind = if matches!(peer, Receiver::Group(_)) { "groups" } else { "users" };
        let Some(page) = rows(api, &format!("/{kind}/{}/messages", peer.id()), &query[1..]).await else { return all };
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn room(api: &ApiClient, group: &Value) -> Room {
    let guid = group["guid"].as_str().unwrap_or_default();
    let members = rows(api, &format!("/groups/{guid}/members"), &[]).await.unwrap_or_default();
    let scope = |row: &Value| Some((row["uid"].as_str()?.to_owned(), row["scope"].as_str()?.to_owned()));
    let banned = rows(api, &format!("/groups/{guid}/bannedusers"), &[]).await.map(|rows| uids(Some(rows)));
    Room { members: members.iter().filter_map(scope).collect(), banned, ..Room::of(group) }
}

/// A group that the user came into, with what was said in it before.
pub async fn enter(api: &ApiClient, state: &mut State, guid: &str) {
    let Ok(answer) = api.call(Method::GET, &format!("/groups/{guid}"), &[], None).await else { return };
    if answer["data"]["hasJoined"] != true {
        return;
    }
    let entered = room(api, &answer["data"]).await;
    let name = entered.name.clone();
    state.picture.groups.insert(guid.to_owned(), entered);
    let conversation = format!("group_{guid}");
    let messages = history(api, &Receiver::group(guid)).await;
    if !messages.is_empty() {
        let asleep = state.asleep.remove(&conversation).unwrap_or_default();
        state.picture.talks.insert(conversation.clone(), Talk { name, ..asleep });
    }
    for message in messages {
        keep(state, &message);
    }
    if let Ok(answer) = api.call(Method::GET, &format!("/groups/{guid}/conversation"), &[], None).await {
        state.conversation(&answer["data"]);
    }
}

fn keep(state: &mut State, message: &Value) {
    let shown = Shown::of(message, &state.uid);
    let position = state.positions.entry(shown.conversation.clone()).or_default();
    *position = (*position).max(i64::try_from(number(&message["sequence"])).unwrap_or_default());
    state.picture.messages.insert(number(&message["id"]), shown);
}

/// The beginning of a state: what is there already.
pub async fn begin(api: &ApiClient, uid: &str) -> State {
    let picture = fetch(api, uid).await;
    let mut state = State { uid: uid.to_owned(), picture, ..State::default() };
    let query = [("withTags", "true"), ("includeBlockedUsers", "true")];
    for row in rows(api, "/conversations", &query).await.unwrap_or_default() {
        let id = row["conversationId"].as_str().unwrap_or_default().to_owned();
        for message in history(api, &peer(&row)).await {
            keep(&mut state, &message);
        }
        state.count_back(&id, number(&row["unreadMessageCount"]));
    }
    state
}

/// What no event tells: it is known from the next fetch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// Tags of conversations, unless the device resumes.
    Tags,
    /// Conversations that the own user hid on another device, unless this one resumes.
    Hidden,
    /// The own count after messages were marked unread: clients without the subprotocol aren't told.
    Unread,
    /// What groups are: clients without the subprotocol aren't told.
    Groups,
    /// Elements of interactive messages that were used on another device.
    Used,
    /// Subscriptions of threads on another device.
    Subscribed,
    /// Blocks and friends.
    Relations,
    /// Names of users.
    Names,
    /// Pins of the app.
    SystemPins,
    /// Everything: what was imported, erased in the background, or disapproved.
    All,
}

impl State {
    /// Takes one thing from what was fetched.
    pub fn learn(&mut self, untold: Untold, fresh: &Picture) {
        match untold {
            Untold::Tags => self.learn_talks(fresh, |talk, now| talk.tags.clone_from(&now.tags)),
            Untold::Names => self.learn_talks(fresh, |talk, now| talk.name.clone_from(&now.name)),
            Untold::SystemPins => self.learn_talks(fresh, |talk, now| talk.pinned = now.pinned),
            Untold::Hidden => {
                let gone: Vec<String> =
                    self.picture.talks.keys().filter(|id| !fresh.talks.contains_key(*id)).cloned().collect();
                gone.iter().for_each(|id| self.sleep(id));
                // What was hidden while the conversation keeps its place in the list.
                let hidden = |id: &u64| !fresh.messages.contains_key(id);
                let emptied: BTreeMap<String, u64> = self
                    .picture
                    .messages
                    .iter()
                    .filter(|(id, _)| hidden(id))
                    .map(|(id, message)| (message.conversation.clone(), *id))
                    .collect();
                for (id, newest) in emptied {
                    self.hide_up_to(&id, newest);
                }
            }
            Untold::Unread => {
                for (id, talk) in self.picture().talks {
                    if fresh.talks.get(&id).is_some_and(|now| now.unread != talk.unread) {
                        self.count_back(&id, fresh.talks[&id].unread);
                    }
                }
            }
            Untold::Groups => {
                for (guid, now) in &fresh.groups {
                    if let Some(room) = self.picture.groups.get_mut(guid) {
                        let (members, banned) = (room.members.clone(), room.banned.clone());
                        *room = Room { members, banned, ..now.clone() };
                    }
                }
                let gone: Vec<String> =
                    self.picture.groups.keys().filter(|guid| !fresh.groups.contains_key(*guid)).cloned().collect();
                for guid in gone {
                    self.leave(&guid);
                }
                self.learn_talks(fresh, |talk, now| talk.name.clone_from(&now.name));
            }
            Untold::Used => self.learn_messages(fresh, |message, now| message.used.clone_from(&now.used)),
            Untold::Subscribed => self.learn_messages(fresh, |message, now| message.subscribed = now.subscribed),
            Untold::Relations => {
                self.picture.blocked.clone_from(&fresh.blocked);
                self.picture.friends.clone_from(&fresh.friends);
            }
            Untold::All => {
                let banned: BTreeMap<String, Option<BTreeSet<String>>> =
                    self.picture.groups.iter().map(|(guid, room)| (guid.clone(), room.banned.clone())).collect();
                self.picture = fresh.clone();
                for (guid, room) in &mut self.picture.groups {
                    room.banned = room.banned.take().or_else(|| banned.get(guid).cloned().flatten());
                }
                for (id, talk) in &fresh.talks {
                    self.count_back(id, talk.unread);
                }
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
