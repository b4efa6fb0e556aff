//! Numbered lists walked by their cursors, while writers add rows and take rows away wherever they like: what was there before
//! and stays is seen exactly once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::{
    endpoints::probe::{App, Sent},
    operations::operation,
    support::Form,
};

crate::in_both_forms!(cursors_of_numbered_lists_lose_and_repeat_nothing, lists_are_walked_by_the_time_of_change);

const PER_PAGE: usize = 2;
const ROUNDS: usize = 2;

struct List<'a> {
    app: &'a App,
    id: &'a str,
    parameters: &'a [&'a str],
    /// What names a row.
    key: &'a str,
}

impl List<'_> {
    async fn get(&self, query: &str) -> (u16, Value) {
        let operation = operation(self.id);
        let sent = Sent {
            method: operation.method,
            target: format!("{}?{query}", operation.path_with(self.parameters)),
            headers: self.app.headers(operation, None),
            body: None,
        };
        let (status, answer) = self.app.send(&sent).await;
        (status.as_u16(), answer)
    }

    /// The names of a page's rows, and the query of its cursor.
    async fn page(&self, query: &str) -> (Vec<String>, Option<String>) {
        let (status, answer) = self.get(&format!("perPage={PER_PAGE}{query}")).await;
        assert_eq!(status, 200, "{} {query}: {answer}", self.id);
        assert!(answer["meta"]["pagination"]["total_pages"].is_u64(), "{}: {answer}", self.id);
        assert_eq!(answer["cursor"], answer["meta"]["cursor"], "{}", self.id);
        let rows = answer["data"].as_array().expect("a list").iter();
        let names = rows.map(|row| row[self.key].as_str().unwrap_or_default().to_owned()).collect();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let keys = answer["meta"]["cursor"].as_object();
        (names, keys.map(|keys| keys.iter().map(|(key, value)| format!("&{key}={}", text(value))).collect()))
    }

    /// From a first query on by all keys of every cursor.
    async fn walk(&self, first: &str) -> Vec<String> {
        let (mut seen, mut query) = (Vec::new(), first.to_owned());
        for _ in 0..500 {
            let (names, cursor) = self.page(&query).await;
            seen.extend(names);
            let Some(cursor) = cursor else { return seen };
            query = cursor;
        }
        panic!("{} never ends", self.id);
    }

    /// Walks while a writer turns rows over.
    async fn hold(&self, staying: &[String], turn: impl AsyncFn(usize)) {
        let (over, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
        let write = async {
            while !over.load(Ordering::Relaxed) {
                turn(turns.fetch_add(1, Ordering::Relaxed)).await;
            }
        };
        let walk = async {
            for first in ["", "&affix=append", "&affix=prepend"].repeat(ROUNDS) {
                let seen = self.walk(first).await;
                for name in staying {
                    let times = seen.iter().filter(|one| *one == name).count();
                    assert_eq!(times, 1, "{}{first}: {name} is seen {times} times in {seen:?}", self.id);
                }
            }
            over.store(true, Ordering::Relaxed);
        };
        futures::join!(write, walk);
        assert!(turns.load(Ordering::Relaxed) > 1, "{}: nobody wrote meanwhile", self.id);
    }
}

async fn make_users(app: &App, uids: &[String]) {
    for uid in uids {
        app.done("create-user", &[], None, json!({"uid": uid, "name": uid})).await;
    }
}

/// Rows that stay lie between rows that come and go.
async fn cursors_of_numbered_lists_lose_and_repeat_nothing(form: Form) {
    let app = App::new(form.platform().await).await;
    let (stay, go): (Vec<String>, Vec<String>) = (0..5).map(|n| (format!("u{n}b"), format!("u{n}a"))).unzip();
    for (one, other) in stay.iter().zip(&go) {
        make_users(&app, &[other.clone(), one.clone()]).await;
    }
    let list = |id: &'static str, parameters: &'static [&'static str], key| List { app: &app, id, parameters, key };
    let nth = |n: usize| go[n % go.len()].as_str();

    let turn = async |n: usize| {
        let uid = format!("u{}-{n}", n % 5);
        make_users(&app, std::slice::from_ref(&uid)).await;
        app.done("delete-user", &[&uid], None, json!({"permanent": true})).await;
    };
    list("list-users", &[], "uid").hold(&stay, turn).await;

    app.done("add-friend", &["u0a"], None, json!({"accepted": stay})).await;
    let turn = async |n: usize| {
        if nth(n) != "u0a" {
            app.done("add-friend", &["u0a"], None, json!({"accepted": [nth(n)]})).await;
            app.done("remove-friend", &["u0a"], None, json!({"friends": [nth(n)]})).await;
        }
    };
    list("list-all-friends", &["u0a"], "uid").hold(&stay, turn).await;

    app.done("block-users", &["u0a"], None, json!({"blockedUids": stay})).await;
    let turn = async |n: usize| {
        if nth(n) != "u0a" {
            app.done("block-users", &["u0a"], None, json!({"blockedUids": [nth(n)]})).await;
            app.done("unblock-users", &["u0a"], None, json!({"blockedUids": [nth(n)]})).await;
        }
    };
    list("list-blocked-users", &["u0a"], "uid").hold(&stay, turn).await;

    let group = async |guid: &str| {
        app.done("create-group", &[], None, json!({"guid": guid, "name": guid, "type": "public"})).await;
    };
    let guids: Vec<String> = (0..5).map(|n| format!("g{n}b")).collect();
    for guid in &guids {
        group(guid).await;
    }
    let turn = async |n: usize| {
        let guid = format!("g{}-{n}", n % 5);
        group(&guid).await;
        app.done("delete-group", &[&guid], None, json!({})).await;
    };
    list("list-groups", &[], "guid").hold(&guids, turn).await;

    app.done("add-group-members", &["g0b"], None, json!({"participants": stay})).await;
    let turn = async |n: usize| {
        app.done("add-group-members", &["g0b"], None, json!({"participants": [nth(n)]})).await;
        app.done("kick-group-member", &["g0b", nth(n)], None, json!({})).await;
    };
    list("list-group-members", &["g0b"], "uid").hold(&stay, turn).await;

    app.done("add-group-members", &["g1b"], None, json!({"usersToBan": stay})).await;
    let turn = async |n: usize| {
        app.done("add-group-members", &["g1b"], None, json!({"usersToBan": [nth(n)]})).await;
        app.done("unban-group-user", &["g1b", nth(n)], None, json!({})).await;
    };
    list("list-banned-group-users", &["g1b"], "uid").hold(&stay, turn).await;
}

/// What is documented: an affix and whole seconds, without any other key.
async fn lists_are_walked_by_the_time_of_change(form: Form) {
    let app = App::new(form.platform().await).await;
    let second = |n: i64| 1_600_000_000 + n;
    let named: serde_json::Map<String, Value> = (1..=4)
        .map(|n| {
            (format!("g{n}"), json!({"name": "G", "type": "public", "owner": "app_system", "createdAt": second(n)}))
        })
        .collect();
    app.done("import-groups", &[], None, json!({"groups": named})).await;
    let groups = List { app: &app, id: "list-groups", parameters: &[], key: "guid" };
    let names = async |query: String| groups.page(&query).await.0;
    assert_eq!(names("&affix=append".to_owned()).await, ["g1", "g2"]);
    assert_eq!(names("&affix=append&page=2".to_owned()).await, ["g3", "g4"], "numbers count on in that order");
    assert_eq!(names("&affix=prepend".to_owned()).await, ["g4", "g3"]);
    assert_eq!(names(format!("&affix=append&updatedAt={}", second(2))).await, ["g3", "g4"]);
    assert_eq!(names(format!("&updatedAt={}", second(3))).await, ["g4"]);
    assert_eq!(names(format!("&affix=prepend&updatedAt={}", second(3))).await, ["g2", "g1"]);
    let (status, page) = groups.get(&format!("perPage=1&affix=prepend&updatedAt={}", second(3))).await;
    let cursor = &page["meta"]["cursor"];
    assert_eq!((status, &cursor["affix"], &cursor["updatedAt"]), (200, &json!("prepend"), &json!(second(2))));
    // A group that changes moves to the end.
    app.done("update-group", &["g1"], None, json!({"name": "New"})).await;
    assert_eq!(names(format!("&affix=append&updatedAt={}", second(3))).await, ["g4", "g1"]);

    for query in ["affix=up", "updatedAt=soon", "updatedAt=-1", "updatedAt=253402300799", "cursor=x", "cursor=id-asc.x"]
    {
        let (status, answer) = groups.get(query).await;
        let field = query.split('=').next().unwrap_or_default();
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("ERR_BAD_REQUEST")), "{query}: {answer}");
        assert!(answer["error"]["details"][field].is_array(), "{query}: {answer}");
    }
}
