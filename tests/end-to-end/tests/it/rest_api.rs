//! Every path of the API, with its answer and its effect.

use halley_testkit::eventually;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Form, Http, Person, Scene, answer, code, column, data, refused, whole};

crate::in_both_forms!(
    a_user_is_made_changed_deactivated_and_deleted,
    auth_tokens_are_given_out_and_ended,
    api_keys_are_made_and_ended_by_others,
    a_group_is_run_by_its_members,
    who_may_come_in_depends_on_the_type,
    a_ban_keeps_a_user_out_until_it_is_lifted,
    receipts_move_and_are_told,
    roles_friends_and_blocks_are_kept,
    lists_are_walked_page_by_page,
    messages_are_walked_as_clients_walk_them,
    who_is_online_is_shown,
    a_client_changes_its_own_details_and_logs_out,
    browsers_may_call_from_any_page,
);

async fn a_user_is_made_changed_deactivated_and_deleted(form: Form) {
    let scene = Scene::new(form).await;
    let uid = scene.world.name("Ann");
    let lower = uid.to_lowercase();
    let path = format!("/users/{uid}");
    let body = json!({"uid": uid, "name": "Ann", "tags": ["a", "b"], "metadata": {"k": 1, "@private": {"email": "e"}}, "withAuthToken": true});

    let made = data(scene.post("/users", body.clone())).await;

    assert_eq!((&made["uid"], &made["status"], &made["role"]), (&json!(lower), &json!("offline"), &json!("default")));
    assert_eq!((&made["tags"], &made["metadata"]["@private"]["email"]), (&json!(["a", "b"]), &json!("e")));
    assert!(made["authToken"].as_str().is_some_and(|token| token.starts_with(&lower)), "{made}");
    assert_eq!(refused(scene.post("/users", body)).await, "ERR_UID_ALREADY_EXISTS");
    assert_eq!(data(scene.get(&path)).await["name"], "Ann");

    let bob = scene.world.person("bob").await;
    let seen = data(scene.by(&bob, Method::GET, &path, json!({}))).await;
    assert!(seen["metadata"].get("@private").is_none(), "{seen}");
    assert_eq!(seen["metadata"]["k"], 1);
    assert_eq!(refused(scene.by(&bob, Method::PUT, &path, json!({"name": "Eve"}))).await, "AUTH_ERR_NO_ACCESS");

    let changed = data(scene.put(&path, json!({"name": "Anna", "avatar": "https://x/a.png", "tags": ["c"]}))).await;
    assert_eq!(
        (&changed["name"], &changed["avatar"], &changed["tags"]),
        (&json!("Anna"), &json!("https://x/a.png"), &json!(["c"]))
    );
    let cleared = data(scene.put(&path, json!({"unset": ["avatar"]}))).await;
    assert!(cleared.get("avatar").is_none() && cleared["updatedAt"].is_i64(), "{cleared}");

    let listed = data(scene.get(&format!("/users?searchKey={lower}&withTags=true"))).await;
    assert_eq!((column(&listed, "uid"), &listed[0]["tags"]), (vec![lower.clone()], &json!(["c"])));
    assert_eq!(data(scene.get(&format!("/users?searchKey={lower}&count=true"))).await["count"], 1);

    let gone = data(scene.delete("/users", json!({"uidsToDeactivate": [uid, "nobody-at-all"]}))).await;
    assert_eq!((&gone["deactivatedUids"], &gone["notFound"]), (&json!([lower]), &json!(["nobody-at-all"])));
    assert_eq!(refused(scene.get(&path)).await, "ERR_UID_NOT_FOUND");
    assert_eq!(data(scene.get(&format!("/users?searchKey={lower}"))).await, json!([]));
    let only = data(scene.get(&format!("/users?searchKey={lower}&onlyDeactivated=1"))).await;
    assert!(only[0]["deactivatedAt"].is_i64(), "{only}");
    let back = data(scene.put("/users", json!({"uidsToActivate": [uid, bob.uid]}))).await;
    assert_eq!((&back["reactivatedUids"], &back["nonDeactivatedUids"]), (&json!([lower]), &json!([bob.uid])));

    assert_eq!(data(scene.delete(&path, json!({"permanent": true}))).await["success"], true);
    assert_eq!(refused(scene.delete(&path, json!({"permanent": true}))).await, "ERR_UID_NOT_FOUND");
    assert_eq!(data(scene.get(&format!("/users?searchKey={lower}&withDeactivated=1"))).await, json!([]));
}

async fn auth_tokens_are_given_out_and_ended(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.world.person("ann").await;
    let path = format!("/users/{}/auth_tokens", ann.uid);

    let made = data(scene.post(&path, json!({"force": true}))).await;
    let token = made["authToken"].as_str().expect("token").to_owned();
    let one = format!("{path}/{token}");
    let listed = whole(scene.get(&path)).await;
    assert_eq!(column(&listed["data"], "authToken"), [token.clone(), ann.token.clone()]);
    assert_eq!(listed["meta"]["pagination"]["total"], 2);
    assert_eq!(data(scene.get(&one)).await["uid"], json!(ann.uid));
    data(scene.put(&one, json!({"platform": "ios", "appInfo": {"v": 1}}))).await;
    assert_eq!(
        (&data(scene.get(&one)).await["platform"], &data(scene.get(&one)).await["appInfo"]["v"]),
        (&json!("ios"), &json!(1))
    );

    assert_eq!(data(scene.delete(&one, json!({}))).await["success"], true);
    assert_eq!(refused(scene.get(&one)).await, "ERR_AUTH_TOKEN_NOT_FOUND");
    let dead = Person { uid: ann.uid.clone(), token };
    assert_eq!(refused(scene.by(&dead, Method::GET, "/me", json!({}))).await, "AUTH_ERR_AUTH_TOKEN_NOT_FOUND");
    assert_eq!(data(scene.by(&ann, Method::GET, "/me", json!({}))).await["uid"], json!(ann.uid));
    data(scene.delete(&path, json!({}))).await;
    assert_eq!(refused(scene.by(&ann, Method::GET, "/me", json!({}))).await, "AUTH_ERR_AUTH_TOKEN_NOT_FOUND");
    assert_eq!(refused(scene.post("/users/nobody-at-all/auth_tokens", json!({}))).await, "ERR_UID_NOT_FOUND");
}

async fn api_keys_are_made_and_ended_by_others(form: Form) {
    let scene = Scene::new(form).await;
    let name = scene.world.name("key");

    let made = data(scene.post("/apikeys", json!({"name": name, "scope": "fullAccess"}))).await;
    let key = made["apiKey"].as_str().expect("key").to_owned();
    assert_eq!((key.len(), &made["scope"]), (40, &json!("fullAccess")));
    let path = format!("/apikeys/{key}");
    assert_eq!(data(scene.get(&path)).await, made);
    let found = data(scene.get(&format!("/apikeys?searchKey={name}&scope=fullAccess"))).await;
    assert_eq!(column(&found, "apiKey"), [key.as_str()]);

    let with_it = |method: Method, path: &str| {
        scene.http.bare(method, path).header("appid", &scene.http.app_id).header("apikey", &key)
    };
    whole(with_it(Method::GET, "/users")).await;
    assert_eq!(refused(with_it(Method::DELETE, &path)).await, "ERR_APIKEY_NO_SELF_ACTION");
    // The fact is published before the answer; an edge on a busy machine may take a moment to read it.
    let soon_refused = async |wanted: &str| {
        eventually(wanted, async || (code(&answer(with_it(Method::GET, "/users")).await.1) == wanted).then_some(()))
            .await;
    };
    data(scene.put(&path, json!({"scope": "authOnly"}))).await;
    soon_refused("AUTH_ERR_NO_ACCESS").await;
    data(scene.delete(&path, json!({}))).await;
    soon_refused("AUTH_ERR_APIKEY_NOT_FOUND").await;
    assert_eq!(refused(scene.get(&path)).await, "ERR_APIKEY_NOT_FOUND");
    assert_eq!(refused(scene.post("/apikeys", json!({"name": name, "scope": "all"}))).await, "ERR_BAD_REQUEST");
    let ann = scene.world.person("ann").await;
    assert_eq!(refused(scene.by(&ann, Method::GET, "/apikeys", json!({}))).await, "AUTH_ERR_NO_ACCESS");
}

async fn a_group_is_run_by_its_members(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, cat) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("cat").await);
    let guid = scene.world.name("Room");
    let (lower, path) = (guid.to_lowercase(), format!("/groups/{guid}"));
    let body = json!({"guid": guid, "name": "Room", "type": "public", "tags": ["t"], "hasJoined": false, "membersCount": 0,
        "members": {"moderators": [bob.uid], "participants": [cat.uid, bob.uid, "nobody-at-all"]}});

    let made = data(scene.by(&ann, Method::POST, "/groups", body.clone())).await;

    assert_eq!(
        (&made["guid"], &made["owner"], &made["scope"], &made["hasJoined"]),
        (&json!(lower), &json!(ann.uid), &json!("admin"), &json!(true))
    );
    assert_eq!(made["membersCount"], 3);
    for lists in [&made["members"], &made["members"]["data"]] {
        assert_eq!(lists["moderators"][&bob.uid]["success"], true, "{lists}");
        assert_eq!(lists["participants"][&bob.uid], Value::Null, "the highest scope counts");
        assert_eq!(lists["participants"]["nobody-at-all"]["error"]["code"], "ERR_UID_NOT_FOUND");
        assert!(lists["admins"].is_object() && lists["usersToBan"].is_object());
    }
    assert_eq!(refused(scene.by(&ann, Method::POST, "/groups", body)).await, "ERR_GUID_ALREADY_EXISTS");
    let members =
        data(scene.by(&cat, Method::GET, &format!("{path}/members?scopes=moderator,participant"), json!({}))).await;
    let mut uids = column(&members, "uid");
    uids.sort_unstable();
    assert_eq!(uids, [bob.uid.clone(), cat.uid.clone()]);
    let found = data(scene.by(&cat, Method::GET, &format!("{path}/members?searchKey={}", bob.uid), json!({}))).await;
    assert_eq!(column(&found, "uid"), [bob.uid.as_str()]);

    assert_eq!(refused(scene.by(&cat, Method::PUT, &path, json!({"name": "Mine"}))).await, "ERR_GROUP_NO_CLEARANCE");
    let changed = data(scene.by(&bob, Method::PUT, &path, json!({"name": "Hall", "password": ""}))).await;
    assert_eq!((&changed["name"], &changed["updatedBy"]), (&json!("Hall"), &json!(bob.uid)));
    let scope = |who: &Person, whom: &Person, scope: &str| {
        scene.by(who, Method::PUT, &format!("{path}/members/{}", whom.uid), json!({"scope": scope}))
    };
    assert_eq!(refused(scope(&cat, &bob, "participant")).await, "ERR_GROUP_NO_SCOPE_CLEARANCE");
    assert_eq!(data(scope(&ann, &cat, "moderator")).await["scope"], "moderator");
    assert_eq!(refused(scope(&ann, &cat, "moderator")).await, "ERR_SAME_SCOPE");

    assert_eq!(
        refused(scene.by(&ann, Method::DELETE, &format!("{path}/members"), json!({}))).await,
        "ERR_GROUP_NO_SELF_ACTION"
    );
    let owned = data(scene.by(&ann, Method::PATCH, &format!("{path}/owner"), json!({"owner": bob.uid}))).await;
    assert_eq!((&owned["success"], &owned["owner"]), (&json!(true), &json!(bob.uid)));
    assert_eq!(data(scene.by(&ann, Method::DELETE, &format!("{path}/members"), json!({}))).await["success"], true);
    let joined = data(scene.by(&ann, Method::GET, "/groups?hasJoined=1", json!({}))).await;
    assert_eq!(joined, json!([]));

    let history = data(scene.get(&format!("{path}/messages?affix=append&limit=100"))).await;
    let actions: Vec<&str> =
        history.as_array().expect("rows").iter().filter_map(|row| row["data"]["action"].as_str()).collect();
    // Who is given a group becomes an admin of it.
    assert_eq!(actions, ["added", "added", "scopeChanged", "scopeChanged", "left"], "{history}");
    assert_eq!(history[2]["data"]["extras"]["scope"], json!({"new": "moderator", "old": "participant"}));
    assert_eq!(history[2]["data"]["entities"]["on"]["entity"]["uid"], json!(cat.uid));

    assert_eq!(data(scene.by(&bob, Method::DELETE, &path, json!({}))).await["success"], true);
    assert_eq!(refused(scene.get(&path)).await, "ERR_GUID_NOT_FOUND");
    assert_eq!(refused(scene.get(&format!("{path}/messages"))).await, "ERR_GUID_NOT_FOUND");
}

async fn who_may_come_in_depends_on_the_type(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.world.person("ann").await;
    let (open, locked, closed) = (scene.world.name("open"), scene.world.name("locked"), scene.world.name("closed"));
    data(scene.post("/groups", json!({"guid": open, "name": "Open"}))).await;
    assert_eq!(
        refused(scene.post("/groups", json!({"guid": locked, "name": "L", "type": "password"}))).await,
        "ERR_EMPTY_GROUP_PASS"
    );
    let made =
        data(scene.post("/groups", json!({"guid": locked, "name": "L", "type": "password", "password": "sesame"})))
            .await;
    assert!(!made.to_string().contains("sesame"), "a password is never shown");
    data(scene.post("/groups", json!({"guid": closed, "name": "C", "type": "private"}))).await;

    let join = |guid: &str, password: Value| {
        scene.by(&ann, Method::POST, &format!("/groups/{guid}/members"), json!({"name": "name", "password": password}))
    };
    let joined = data(join(&open, json!(null))).await;
    assert_eq!((&joined["category"], &joined["data"]["action"]), (&json!("action"), &json!("joined")));
    let group = &joined["data"]["entities"]["for"]["entity"];
    assert_eq!(
        (&group["guid"], &group["hasJoined"], &group["scope"]),
        (&json!(open), &json!(true), &json!("participant"))
    );
    assert_eq!(refused(join(&open, json!(null))).await, "ERR_ALREADY_JOINED");
    assert_eq!(refused(join(&locked, json!(""))).await, "ERR_EMPTY_GROUP_PASS");
    assert_eq!(refused(join(&locked, json!("simsala"))).await, "ERR_WRONG_GROUP_PASS");
    data(join(&locked, json!("sesame"))).await;
    assert_eq!(refused(join(&closed, json!(""))).await, "ERR_GROUP_JOIN_NOT_ALLOWED");
    let listed = data(scene.by(&ann, Method::GET, &format!("/groups?searchKey={closed}"), json!({}))).await;
    assert_eq!(listed, json!([]), "a private group is listed to its members only");
    let added = data(scene.post(&format!("/groups/{closed}/members"), json!({"participants": [ann.uid]}))).await;
    let entry = &added["participants"][&ann.uid];
    assert_eq!(
        (&entry["success"], &entry["data"]["data"]["action"], &entry["data"]["sender"]),
        (&json!(true), &json!("added"), &json!("app_system"))
    );
    let listed = data(scene.by(&ann, Method::GET, &format!("/groups?searchKey={closed}&hasJoined=1"), json!({}))).await;
    assert_eq!((column(&listed, "guid"), &listed[0]["scope"]), (vec![closed.clone()], &json!("participant")));
    let many: Vec<String> = (0..26).map(|n| format!("u{n}")).collect();
    assert_eq!(
        refused(scene.post(&format!("/groups/{closed}/members"), json!({"admins": many}))).await,
        "ERR_BAD_REQUEST"
    );
}

async fn a_ban_keeps_a_user_out_until_it_is_lifted(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let group = scene.world.group("room", &[&ann, &bob]).await;
    let ban = format!("/groups/{}/bannedusers", group.id());
    let of_bob = format!("{ban}/{}", bob.uid);
    let join = || scene.by(&bob, Method::POST, &format!("/groups/{}/members", group.id()), json!({}));

    assert_eq!(refused(scene.by(&ann, Method::POST, &of_bob, json!({}))).await, "ERR_GROUP_NO_CLEARANCE");
    assert_eq!(data(scene.post(&of_bob, json!({}))).await["success"], true);
    let banned = data(scene.get(&ban)).await;
    assert_eq!((column(&banned, "uid"), &banned[0]["isBanned"]), (vec![bob.uid.clone()], &json!(true)));
    assert_eq!(refused(join()).await, "ERR_BANNED_GROUPMEMBER");
    let text = json!({"receiver": group.id(), "receiverType": "group", "category": "message", "type": "text", "data": {"text": "x"}});
    assert!(matches!(
        refused(scene.by(&bob, Method::POST, "/messages", text)).await.as_str(),
        "ERR_GROUP_NOT_JOINED" | "ERR_BANNED_GROUPMEMBER"
    ));
    assert_eq!(data(scene.delete(&of_bob, json!({}))).await["success"], true);
    assert_eq!(refused(scene.delete(&of_bob, json!({}))).await, "ERR_NOT_A_BANNED_USER");
    data(join()).await;
}

async fn receipts_move_and_are_told(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let phone = scene.world.device(&ann, 0).await;
    let sent = [
        phone.say(&bob.receiver(), "1").await,
        phone.say(&bob.receiver(), "2").await,
        phone.say(&bob.receiver(), "3").await,
    ];
    let path = format!("/users/{}/conversation", ann.uid);
    let unread = async || data(scene.by(&bob, Method::GET, &path, json!({}))).await["unreadMessageCount"].clone();
    let shown = async |id: u64| data(scene.by(&ann, Method::GET, &format!("/messages/{id}"), json!({}))).await;

    let told = data(scene.by(&bob, Method::POST, &format!("{path}/delivered"), json!({"messageId": sent[1].id}))).await;
    assert!(told["success"] == true && told["Message"].is_string() && told["message"].is_string(), "{told}");
    assert!(shown(sent[1].id).await["deliveredAt"].is_i64() && shown(sent[2].id).await["deliveredAt"].is_null());
    data(scene.by(&bob, Method::POST, &format!("{path}/read"), json!({"messageId": sent[1].id.to_string()}))).await;
    assert_eq!(unread().await, "1");
    assert!(shown(sent[0].id).await["readAt"].is_i64() && shown(sent[2].id).await["readAt"].is_null());
    data(scene.by(&bob, Method::POST, &format!("{path}/read"), json!({}))).await;
    assert_eq!(unread().await, "0");
    let back = data(scene.by(&bob, Method::DELETE, &format!("{path}/read"), json!({"messageId": sent[0].id}))).await;
    assert_eq!((&back["success"], &back["conversation"]["unreadMessageCount"]), (&json!(true), &json!("2")));
    assert_eq!(refused(scene.by(&bob, Method::DELETE, &format!("{path}/read"), json!({}))).await, "ERR_BAD_REQUEST");
    let cat = scene.world.person("cat").await;
    assert_eq!(
        refused(scene.by(&cat, Method::POST, &format!("{path}/read"), json!({}))).await,
        "ERR_CONVERSATION_NOT_ACCESSIBLE"
    );
    assert_eq!(
        refused(scene.by(&cat, Method::GET, &format!("/messages/{}", sent[0].id), json!({}))).await,
        "ERR_MESSAGE_NO_ACCESS"
    );
}

async fn roles_friends_and_blocks_are_kept(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let role = scene.world.name("vip");
    let made =
        data(scene.post("/roles", json!({"role": role, "name": "VIP", "settings": {"listUsers": "friendsOnly"}})))
            .await;
    assert_eq!((&made["role"], &made["settings"]), (&json!(role), &json!({"listUsers": "friendsOnly"})));
    assert_eq!(data(scene.put(&format!("/roles/{role}"), json!({"unset": ["settings"]}))).await.get("settings"), None);
    data(scene.put(&format!("/users/{}", ann.uid), json!({"role": role}))).await;
    assert!(column(&data(scene.get("/roles?perPage=1000")).await, "role").contains(&role));
    data(scene.delete(&format!("/roles/{role}"), json!({}))).await;
    assert_eq!(data(scene.get(&format!("/users/{}", ann.uid))).await["role"], "default");
    assert_eq!(refused(scene.get(&format!("/roles/{role}"))).await, "ERR_ROLE_NOT_FOUND");
    assert_eq!(refused(scene.delete("/roles/default", json!({}))).await, "ERR_ROLE_DELETE_DENIED");

    let friends = format!("/users/{}/friends", ann.uid);
    let added = data(scene.post(&friends, json!({"accepted": [bob.uid, ann.uid]}))).await;
    assert_eq!(added["accepted"][&bob.uid]["success"], true);
    assert_eq!(added["accepted"][&ann.uid]["error"]["code"], "ERR_CANNOT_FORM_SELF_RELATION");
    assert_eq!(column(&data(scene.get(&format!("/users/{}/friends", bob.uid))).await, "uid"), [ann.uid.as_str()]);
    assert_eq!(data(scene.delete(&friends, json!({"friends": [bob.uid]}))).await["success"], true);
    assert_eq!(refused(scene.delete(&friends, json!({"friends": [bob.uid]}))).await, "ERR_NOT_A_FRIEND");

    let blocked = data(scene.by(&ann, Method::POST, "/blockedusers", json!({"blockedUids": [bob.uid]}))).await;
    assert_eq!(blocked[&bob.uid]["success"], true);
    let seen = data(scene.by(&ann, Method::GET, &format!("/users/{}", bob.uid), json!({}))).await;
    assert_eq!((&seen["blockedByMe"], seen["blockedByMeAt"].is_i64()), (&json!(true), true));
    let text = |to: &Person| json!({"receiver": to.uid, "receiverType": "user", "category": "message", "type": "text", "data": {"text": "x"}});
    assert_eq!(refused(scene.by(&ann, Method::POST, "/messages", text(&bob))).await, "ERR_BLOCKED_RECEIVER");
    assert_eq!(refused(scene.by(&bob, Method::POST, "/messages", text(&ann))).await, "ERR_BLOCKED_SENDER");
    let list = data(scene.by(&ann, Method::GET, "/blockedusers?direction=blockedByMe", json!({}))).await;
    assert_eq!(column(&list, "uid"), [bob.uid.as_str()]);
    data(scene.delete(&format!("/users/{}/blockedusers", ann.uid), json!({"blockedUids": [bob.uid]}))).await;
    data(scene.by(&bob, Method::POST, "/messages", text(&ann))).await;
}

/// Walks a numbered list; every page must be full but the last.
async fn walk(scene: &Scene, path: &str, per_page: usize, key: &str) -> Vec<String> {
    let mut all = Vec::new();
    for page in 1.. {
        let joint = if path.contains('?') { '&' } else { '?' };
        let answer = whole(scene.get(&format!("{path}{joint}perPage={per_page}&page={page}"))).await;
        let rows = column(&answer["data"], key);
        let info = &answer["meta"]["pagination"];
        assert_eq!((&info["current_page"], &info["count"]), (&json!(page), &json!(rows.len())), "{info}");
        all.extend(rows);
        if info["total_pages"] == json!(page) {
            assert_eq!(info["total"], json!(all.len()));
            return all;
        }
        assert!(page < 100, "the list never ends");
    }
    all
}

async fn lists_are_walked_page_by_page(form: Form) {
    let scene = Scene::new(form).await;
    let mut people = Vec::new();
    for n in 0..7 {
        people.push(scene.world.person(&format!("walk{n}")).await);
    }
    let uids: Vec<String> = people.iter().map(|person| person.uid.clone()).collect();
    let group = scene.world.group("walk", &people.iter().collect::<Vec<_>>()).await;
    assert_eq!(walk(&scene, &format!("/users?uids={}", uids.join(",")), 3, "uid").await, uids);
    let mut members = walk(&scene, &format!("/groups/{}/members", group.id()), 2, "uid").await;
    members.sort_unstable();
    assert_eq!(members, uids);
    for uid in &uids[1..4] {
        data(scene.post(&format!("/groups/{}/bannedusers/{uid}", group.id()), json!({}))).await;
    }
    let mut banned = walk(&scene, &format!("/groups/{}/bannedusers", group.id()), 2, "uid").await;
    banned.sort_unstable();
    assert_eq!(banned, uids[1..4]);
    data(scene.post(&format!("/users/{}/friends", uids[0]), json!({"accepted": uids[1..]}))).await;
    assert_eq!(walk(&scene, &format!("/users/{}/friends", uids[0]), 4, "uid").await, uids[1..]);
    for n in 0..5 {
        data(scene.post("/groups", json!({"guid": format!("{}-{n}", group.id()), "name": "W"}))).await;
    }
    assert_eq!(walk(&scene, &format!("/groups?searchKey={}", group.id()), 2, "guid").await.len(), 6);
    for (path, page) in
        [("/users", "page=0"), ("/users", "perPage=0"), ("/groups", "perPage=1001"), ("/conversations", "page=x")]
    {
        assert_eq!(refused(scene.get(&format!("{path}?{page}"))).await, "ERR_BAD_REQUEST", "{path} {page}");
    }
}

async fn messages_are_walked_as_clients_walk_them(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let phone = scene.world.device(&ann, 0).await;
    let mut sent = Vec::new();
    for n in 0..10 {
        sent.push(phone.say(&bob.receiver(), &n.to_string()).await.id.to_string());
    }
    for affix in ["prepend", "append"] {
        let mut cursor = if affix == "append" { "&id=0".to_owned() } else { String::new() };
        let mut heard: Vec<String> = Vec::new();
        loop {
            let path =
                format!("/users/{}/messages?per_page=4&affix={affix}&withThreadSubscribed=true{cursor}", ann.uid);
            let answer = whole(scene.by(&bob, Method::GET, &path, json!({}))).await;
            let rows = answer["data"].as_array().expect("rows").clone();
            let ids = column(&answer["data"], "id");
            heard = if affix == "append" { [heard, ids].concat() } else { [ids, heard].concat() };
            // A client takes the keys from the cursor and the values from the rows.
            let Some(keys) = answer["meta"]["cursor"].as_object() else { break };
            let Some(row) = (if affix == "append" { rows.last() } else { rows.first() }) else { break };
            cursor = keys.keys().map(|key| format!("&{key}={}", row[key].to_string().trim_matches('"'))).collect();
        }
        assert_eq!(heard, sent, "{affix}");
    }
    let found = data(scene.by(
        &bob,
        Method::GET,
        &format!("/users/{}/messages?searchKey=7&categories=message&types=text", ann.uid),
        json!({}),
    ))
    .await;
    assert_eq!(column(&found, "id"), [sent[7].clone()]);
    let counts = data(scene.by(
        &bob,
        Method::GET,
        "/messages?unread=1&count=1&receiverType=user&hideMessagesFromBlockedUsers=0",
        json!({}),
    ))
    .await;
    assert_eq!(counts, json!([{"entityType": "user", "entityId": ann.uid, "count": 10}]));
    assert_eq!(refused(scene.get("/messages?affix=sideways")).await, "ERR_BAD_REQUEST");
    assert_eq!(refused(scene.get("/messages?limit=1001")).await, "ERR_BAD_REQUEST");
}

async fn who_is_online_is_shown(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let group = scene.world.group("room", &[&ann, &bob]).await;
    let phone = scene.world.device(&ann, 1).await;

    let list = |status: &str| scene.get(&format!("/users?uids={},{}&status={status}", ann.uid, bob.uid));
    // A socket is open before everybody knows that.
    let is_seen = async || (column(&data(list("available")).await, "uid") == [ann.uid.as_str()]).then_some(());
    eventually("the user is online", is_seen).await;
    assert_eq!(column(&data(list("offline")).await, "uid"), [bob.uid.as_str()]);
    assert_eq!(data(scene.get(&format!("/users/{}", ann.uid))).await["status"], "available");
    let members = data(scene.get(&format!("/groups/{}/members?status=offline", group.id()))).await;
    assert_eq!(column(&members, "uid"), [bob.uid.as_str()]);

    let login = phone.api.login().await.expect("log in");
    let host = scene.http.base.trim_end_matches("/v3");
    let online = |token: &str| {
        let request =
            scene.http.http.post(format!("{host}/api/v3.0/online-members")).header("appid", &scene.http.app_id);
        request.header("authorization", token).json(&json!({"groups": [group.id()]}))
    };
    let counted = data(online(&login.jwt)).await;
    assert_eq!(counted["groups"][group.id()], 1);
    assert!(counted["onlineUsersCount"].as_u64().is_some_and(|count| count >= 1), "{counted}");
    assert_eq!(refused(online("nonsense")).await, "AUTH_ERR_AUTH_TOKEN_NOT_FOUND");
}

async fn a_client_changes_its_own_details_and_logs_out(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.world.person("ann").await;
    let me = |method: Method, body: Value| scene.by(&ann, method, "/me", body);

    let login = data(me(
        Method::PUT,
        json!({"platform": "WEB", "deviceId": "WEB-1", "appInfo": {"version": "4", "userAgent": "x"}}),
    ))
    .await;
    for key in ["CHAT_HOST", "CHAT_WSS_PORT", "CLIENT_API_HOST", "ADMIN_API_HOST", "CHAT_API_VERSION", "WS_API_VERSION"]
    {
        assert!(login["settings"][key].is_string(), "{key}: {login}");
    }
    assert!(login["jwt"].is_string() && login["authToken"] == json!(ann.token));
    let changed =
        data(me(Method::PUT, json!({"uid": ann.uid, "name": "Anna", "role": "default", "metadata": {"a": 1}}))).await;
    assert_eq!(
        (&changed["name"], &changed["metadata"], changed["jwt"].is_string()),
        (&json!("Anna"), &json!({"a": 1}), true)
    );
    assert_eq!(data(scene.by(&ann, Method::GET, "/settings", json!({}))).await["CHAT_API_VERSION"], "v3.0");
    assert_eq!(data(scene.by(&ann, Method::POST, "/user_sessions", json!({"browser": "x"}))).await, json!({}));
    assert_eq!(data(me(Method::DELETE, json!({}))).await["success"], true);
    assert_eq!(refused(me(Method::GET, json!({}))).await, "AUTH_ERR_AUTH_TOKEN_NOT_FOUND");
}

async fn browsers_may_call_from_any_page(form: Form) {
    let http = Http::new(form).await;
    let asked = http.bare(Method::OPTIONS, "/me").header("origin", "https://shop.example");
    let asked = asked.header("access-control-request-headers", "appid,authtoken,resource,sdk");
    let response = asked.header("access-control-request-method", "PUT").send().await.expect("an answer");
    assert_eq!(response.status(), 204);
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("access-control-allow-origin"), "*");
    for name in ["appid", "apikey", "authtoken", "authorization", "chatapiversion", "content-type", "resource", "sdk"] {
        assert!(header("access-control-allow-headers").split(", ").any(|allowed| allowed == name), "{name}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(header("access-control-allow-methods").split(", ").any(|allowed| allowed == method), "{method}");
    }
}
