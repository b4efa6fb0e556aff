//! Every list but those of messages is walked page by page, forward and back, while writers add rows and take rows away:
//! what was there before and stays is seen exactly once.
//!
//! Lists that are walked by a cursor hold that wherever the writers write. The place of a row in a numbered list is the
//! number of rows before it, so there the writers write behind the rows that stay: no list of page numbers can hold more.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    endpoints::probe::{App, Sent},
    operations::operation,
    support::Form,
};

crate::in_both_forms!(numbered_lists_hold_still, lists_with_newest_first_hold_still, cursors_lose_and_repeat_nothing);

/// Rows that stay.
const STAYING: usize = 7;
/// Rows of a page: few, so that there are many pages.
const PER_PAGE: usize = 2;
/// How often a list is walked each way.
const ROUNDS: usize = 3;
/// Between looks whether the walk is over, of a writer who has nothing left to write.
const PAUSE: Duration = Duration::from_millis(1);

/// A list, how rows come into it and leave it.
struct List<'a> {
    app: &'a App,
    id: &'a str,
    parameters: Vec<&'a str>,
    acting: Option<&'a str>,
    query: String,
    /// What names a row.
    key: &'static str,
}

impl List<'_> {
    async fn page(&self, query: &str) -> Value {
        let operation = operation(self.id);
        let joint = if self.query.is_empty() { "" } else { "&" };
        let sent = Sent {
            method: operation.method,
            target: format!("{}?{}{joint}{query}", operation.path_with(&self.parameters), self.query),
            headers: self.app.headers(operation, self.acting),
            body: None,
        };
        let (status, answer) = self.app.send(&sent).await;
        assert!(status == 200, "{} {query}: {status} {answer}", self.id);
        answer
    }

    fn names(&self, answer: &Value) -> Vec<String> {
        let rows = answer["data"].as_array().unwrap_or_else(|| panic!("{}: no list: {answer}", self.id));
        rows.iter().map(|row| row[self.key].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn numbered(&self, page: i64) -> (Vec<String>, i64) {
        let answer = self.page(&format!("perPage={PER_PAGE}&page={page}")).await;
        (self.names(&answer), answer["meta"]["pagination"]["total_pages"].as_i64().unwrap_or_default())
    }

    /// Page after page until there is none.
    async fn forward(&self) -> Vec<String> {
        let mut seen = Vec::new();
        for page in 1..500 {
            let (names, pages) = self.numbered(page).await;
            seen.extend(names);
            if pages <= page {
                return seen;
            }
        }
        panic!("{} never ends", self.id);
    }

    /// From the last page to the first.
    async fn backward(&self) -> Vec<String> {
        let (_, last) = self.numbered(1).await;
        let mut seen = Vec::new();
        for page in (1..=last).rev() {
            seen.extend(self.numbered(page).await.0);
        }
        seen
    }

    /// By `next` or `previous`, from the end where that way begins.
    async fn by_cursor(&self, affix: &str) -> Vec<String> {
        let beside = if affix == "append" { "next" } else { "previous" };
        let begin = if affix == "append" { "&id=0" } else { "" };
        let mut query = format!("limit={PER_PAGE}&affix={affix}{begin}");
        let mut seen = Vec::new();
        for _ in 0..500 {
            let answer = self.page(&query).await;
            seen.extend(self.names(&answer));
            let Some(cursor) = answer["meta"][beside].as_object() else { return seen };
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let keys = cursor.iter().map(|(key, value)| format!("&{key}={}", text(value)));
            query = format!("limit={PER_PAGE}{}", keys.collect::<String>());
        }
        panic!("{} never ends", self.id);
    }

    fn check(&self, staying: &[String], seen: &[String], way: &str) {
        for name in staying {
            let times = seen.iter().filter(|one| *one == name).count();
            assert_eq!(times, 1, "{} {way}: {name} is seen {times} times in {seen:?}", self.id);
        }
    }

    /// Walks both ways while a writer turns rows over.
    async fn hold(&self, staying: &[String], turn: impl AsyncFn(usize)) {
        let (over, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
        let write = async {
            while !over.load(Ordering::Relaxed) {
                turn(turns.fetch_add(1, Ordering::Relaxed)).await;
            }
        };
        let walk = async {
            for _ in 0..ROUNDS {
                self.check(staying, &self.forward().await, "forward");
                self.check(staying, &self.backward().await, "backward");
            }
            over.store(true, Ordering::Relaxed);
        };
        futures::join!(write, walk);
        assert!(turns.load(Ordering::Relaxed) > 1, "{}: nobody wrote meanwhile", self.id);
    }
}

fn names(prefix: &str) -> Vec<String> {
    (0..STAYING).map(|n| format!("{prefix}{n}")).collect()
}

async fn users(app: &App, uids: &[String]) {
    for uid in uids {
        app.done("create-user", &[], None, json!({"uid": uid, "name": uid})).await;
    }
}

/// An app with users `a0…` who stay, and `z0…` who come and go.
async fn crowd(form: Form) -> (App, Vec<String>, Vec<String>) {
    let app = App::new(form.platform().await).await;
    let (stay, go) = (names("a"), names("z"));
    users(&app, &stay).await;
    users(&app, &go).await;
    (app, stay, go)
}

async fn numbered_lists_hold_still(form: Form) {
    let (app, stay, go) = crowd(form).await;
    let list = |id, parameters: Vec<&'static str>, key| List {
        app: &app,
        id,
        parameters,
        acting: None,
        query: String::new(),
        key,
    };
    let nth = |n: usize| go[n % go.len()].as_str();

    users(&app, &["hub".to_owned()]).await;
    let turn = async |n: usize| {
        let uid = format!("zz{n}");
        users(&app, std::slice::from_ref(&uid)).await;
        app.done("delete-user", &[&uid], None, json!({"permanent": n.is_multiple_of(2)})).await;
    };
    list("list-users", vec![], "uid").hold(&stay, turn).await;

    app.done("add-friend", &["hub"], None, json!({"accepted": stay})).await;
    let turn = async |n: usize| {
        app.done("add-friend", &["hub"], None, json!({"accepted": [nth(n)]})).await;
        app.done("remove-friend", &["hub"], None, json!({"friends": [nth(n)]})).await;
    };
    list("list-all-friends", vec!["hub"], "uid").hold(&stay, turn).await;

    app.done("block-users", &["hub"], None, json!({"blockedUids": stay})).await;
    let turn = async |n: usize| {
        app.done("block-users", &["hub"], None, json!({"blockedUids": [nth(n)]})).await;
        app.done("unblock-users", &["hub"], None, json!({"blockedUids": [nth(n)]})).await;
    };
    list("list-blocked-users", vec!["hub"], "uid").hold(&stay, turn).await;

    let guids = names("g");
    for guid in guids.iter().map(String::as_str).chain(["bans"]) {
        app.done("create-group", &[], None, json!({"guid": guid, "name": guid, "type": "public"})).await;
    }
    let turn = async |n: usize| {
        let guid = format!("zz{n}");
        app.done("create-group", &[], None, json!({"guid": guid, "name": guid, "type": "public"})).await;
        app.done("delete-group", &[&guid], None, json!({})).await;
    };
    let mut groups = list("list-groups", vec![], "guid");
    for order in ["", "sortBy=guid&sortOrder=asc", "sortBy=name&sortOrder=asc", "sortBy=createdAt&sortOrder=asc"] {
        groups.query = order.to_owned();
        groups.hold(&guids, &turn).await;
    }

    app.done("add-group-members", &["g0"], None, json!({"participants": stay})).await;
    let turn = async |n: usize| {
        app.done("add-group-members", &["g0"], None, json!({"participants": [nth(n)]})).await;
        app.done("kick-group-member", &["g0", nth(n)], None, json!({})).await;
    };
    list("list-group-members", vec!["g0"], "uid").hold(&stay, turn).await;

    app.done("add-group-members", &["bans"], None, json!({"usersToBan": stay})).await;
    let turn = async |n: usize| {
        app.done("add-group-members", &["bans"], None, json!({"usersToBan": [nth(n)]})).await;
        app.done("unban-group-user", &["bans", nth(n)], None, json!({})).await;
    };
    list("list-banned-group-users", vec!["bans"], "uid").hold(&stay, turn).await;

    rights_hold_still(&app).await;
}

async fn rights_hold_still(app: &App) {
    let list =
        |id, parameters: Vec<&'static str>, key| List { app, id, parameters, acting: None, query: String::new(), key };
    let roles = names("r");
    for role in &roles {
        app.done("create-role", &[], None, json!({"role": role, "name": role})).await;
    }
    let turn = async |n: usize| {
        let role = format!("zz{n}");
        app.done("create-role", &[], None, json!({"role": role, "name": role})).await;
        app.done("delete-role", &[&role], None, json!({})).await;
    };
    list("list-roles", vec![], "role").hold(&roles, turn).await;

    let features: Vec<String> =
        ["addMember", "ban", "blockUser", "changeScope", "createCall"].map(ToOwned::to_owned).into();
    app.done("restrict-features", &["r0"], None, json!({"featuresToRestrict": features})).await;
    let shown: Vec<String> = features.iter().map(|key| format!("u.{key}")).collect();
    let turn = async |_: usize| {
        app.done("restrict-features", &["r0"], None, json!({"featuresToRestrict": ["updateGroup", "updateMessage"]}))
            .await;
        app.done("allow-features", &["r0"], None, json!({"featuresToAllow": ["updateGroup", "updateMessage"]})).await;
    };
    list("get-restrictedfeatures", vec!["r0"], "key").hold(&shown, turn).await;

    let ids: Vec<String> =
        ["listUsers", "sendMessage", "createGroup", "listGroups", "joinGroup"].map(ToOwned::to_owned).into();
    let turn = async |_: usize| {
        app.done(
            "set-role-permissions",
            &["r0"],
            None,
            json!({"permissions": {"listUsers": "deny", "joinGroup": "deny"}}),
        )
        .await;
        app.done("unset-role-permissions", &["r0", "listUsers"], None, json!({})).await;
    };
    list("list-role-permissions", vec!["r0"], "id").hold(&ids, turn).await;
    let ids: Vec<String> = ["addReaction", "listMembers", "sendMessage"].map(ToOwned::to_owned).into();
    let turn = async |_: usize| {
        app.done("set-scope-permissions", &["g0", "admin"], None, json!({"permissions": {"addReaction": "deny"}}))
            .await;
        app.done("unset-scope-permissions", &["g0", "admin", "addReaction"], None, json!({})).await;
    };
    list("list-scope-permissions", vec!["g0", "admin"], "id").hold(&ids, turn).await;

    let mut keys = Vec::new();
    for _ in 0..STAYING {
        let made = app.done("create-apikey", &[], None, json!({"name": "stays"})).await;
        keys.push(made["apiKey"].as_str().unwrap_or_default().to_owned());
    }
    let turn = async |_: usize| {
        let made = app.done("create-apikey", &[], None, json!({"name": "goes"})).await;
        app.done("delete-apikey", &[made["apiKey"].as_str().unwrap_or_default()], None, json!({})).await;
    };
    list("list-apikeys", vec![], "apiKey").hold(&keys, turn).await;
}

/// Here new rows come first, so those behind the ones that stay are older, and can only leave.
async fn lists_with_newest_first_hold_still(form: Form) {
    let (app, stay, go) = crowd(form).await;
    let token = async || {
        let made = app.done("create-authtoken", &["a0"], None, json!({"force": true})).await;
        made["authToken"].as_str().unwrap_or_default().to_owned()
    };
    let (mut older, mut tokens) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        older.push(token().await);
    }
    for _ in 0..STAYING {
        tokens.push(token().await);
    }
    let parameters = vec!["a0"];
    let list =
        List { app: &app, id: "list-authtokens", parameters, acting: None, query: String::new(), key: "authToken" };
    let turn = async |n: usize| match older.get(n) {
        Some(token) => drop(app.done("delete-authtoken", &["a0", token], None, json!({})).await),
        None => tokio::time::sleep(PAUSE).await,
    };
    list.hold(&tokens, turn).await;

    let say = async |to: &str| {
        let body = json!({"receiver": to, "receiverType": "user", "category": "message", "type": "text", "data": {"text": "x"}});
        let sent = app.done("send-message", &[], Some("a0"), body).await;
        sent["conversationId"].as_str().unwrap_or_default().to_owned()
    };
    let mut conversations = Vec::new();
    for uid in &go {
        say(uid).await;
    }
    for uid in &stay[1..] {
        conversations.push(say(uid).await);
    }
    let list = List {
        app: &app,
        id: "list-all-conversations",
        parameters: vec![],
        acting: Some("a0"),
        query: String::new(),
        key: "conversationId",
    };
    let turn = async |n: usize| match go.get(n) {
        Some(uid) => drop(app.done("reset-user-conversation", &[uid], Some("a0"), json!({})).await),
        None => tokio::time::sleep(PAUSE).await,
    };
    list.hold(&conversations, turn).await;
}

/// Rows that stay lie between rows that come and go.
async fn cursors_lose_and_repeat_nothing(form: Form) {
    let (app, stay, go) = crowd(form).await;
    let everybody = [stay.clone(), go.clone()].concat();
    let body = json!({"guid": "room", "name": "Room", "type": "public", "members": {"participants": everybody}});
    app.done("create-group", &[], None, body).await;
    let text = json!({"receiver": "room", "receiverType": "group", "category": "message", "type": "text", "data": {"text": "x"}});
    let parent = app.done("send-message", &[], Some("a0"), text.clone()).await;
    let parent = parent["id"].as_str().unwrap_or_default().to_owned();

    for (one, other) in stay.iter().zip(&go) {
        for uid in [other, one] {
            app.done("add-message-reactions", &[&parent, "👍"], Some(uid), json!({})).await;
        }
    }
    for id in ["list-all-reactions", "get-message-reactions"] {
        let parameters = if id == "list-all-reactions" { vec![parent.as_str()] } else { vec![parent.as_str(), "👍"] };
        let list = List { app: &app, id, parameters, acting: Some("a0"), query: String::new(), key: "uid" };
        let turn = async |n: usize| {
            let uid = Some(go[n % go.len()].as_str());
            app.done("remove-message-reactions", &[&parent, "👍"], uid, json!({})).await;
            app.done("add-message-reactions", &[&parent, "👍"], uid, json!({})).await;
        };
        both_ways(&list, &stay, turn).await;
    }

    let reply = async || {
        let sent = app.done("send-thread-message", &[&parent], Some("a0"), text.clone()).await;
        sent["id"].as_str().unwrap_or_default().to_owned()
    };
    let (mut replies, mut doomed) = (Vec::new(), Vec::new());
    for _ in 0..STAYING {
        doomed.push(reply().await);
        doomed.push(reply().await);
        replies.push(reply().await);
    }
    let list = List {
        app: &app,
        id: "list-all-thread-messages",
        parameters: vec![parent.as_str()],
        acting: Some("a1"),
        query: String::new(),
        key: "id",
    };
    let turn = async |n: usize| match doomed.get(n) {
        Some(id) => drop(app.done("delete-message", &[id], None, json!({"permanent": n.is_multiple_of(2)})).await),
        None => {
            let new = reply().await;
            app.done("delete-message", &[&new], None, json!({"permanent": true})).await;
        }
    };
    both_ways(&list, &replies, turn).await;
}

/// Walks by cursors, forward and back, while a writer turns rows over.
async fn both_ways(list: &List<'_>, staying: &[String], turn: impl AsyncFn(usize)) {
    let (over, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let write = async {
        while !over.load(Ordering::Relaxed) {
            turn(turns.fetch_add(1, Ordering::Relaxed)).await;
        }
    };
    let walk = async {
        for _ in 0..ROUNDS {
            for affix in ["append", "prepend"] {
                list.check(staying, &list.by_cursor(affix).await, affix);
            }
        }
        over.store(true, Ordering::Relaxed);
    };
    futures::join!(write, walk);
    assert!(turns.load(Ordering::Relaxed) > 1, "{}: nobody wrote meanwhile", list.id);
}
