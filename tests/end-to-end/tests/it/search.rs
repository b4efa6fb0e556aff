//! Lists of messages with all of their filters, searches and mentions, over REST.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Form, Person, Scene, answer, code, column, data, refused, whole};

crate::in_both_forms!(
    every_filter_finds_what_it_names,
    a_filter_that_can_not_be_read_is_refused_by_name,
    a_search_is_walked_page_by_page_both_ways,
    what_one_may_not_see_is_not_found,
    mentions_are_shown_with_what_is_asked_for,
    counts_are_grouped_and_pages_numbered,
);

fn seen(scene: &Scene, person: &Person, path: &str) -> RequestBuilder {
    scene.by(person, Method::GET, path, json!({}))
}

fn to_user(person: &Person, text: &str) -> Value {
    json!({"receiver": person.uid, "receiverType": "user", "data": {"text": text}})
}

fn to_group(guid: &str, text: &str) -> Value {
    json!({"receiver": guid, "receiverType": "group", "data": {"text": text}})
}

async fn send(scene: &Scene, person: &Person, body: Value) -> Value {
    data(scene.by(person, Method::POST, "/messages", body)).await
}

/// The texts of a page.
async fn texts(request: RequestBuilder) -> String {
    let rows = data(request).await;
    let rows = rows.as_array().expect("a list").clone();
    let texts: Vec<&str> = rows.iter().map(|row| row["data"]["text"].as_str().unwrap_or("-")).collect();
    texts.join(" | ")
}

/// Something for each filter, between two people and in a group; answers the first message's id.
async fn furnish(scene: &Scene, ann: &Person, bob: &Person, guid: &str) -> String {
    let plain = send(scene, ann, to_user(bob, "plain words")).await;
    let id = plain["id"].as_str().expect("id").to_owned();
    let mut image = to_user(bob, "caption");
    image["type"] = json!("image");
    image["data"]["attachments"] = json!([{"url": "https://x/a.png", "name": "Sunset.png", "mimeType": "image/png"}]);
    image["tags"] = json!(["red"]);
    send(scene, ann, image).await;
    send(scene, bob, to_user(ann, "see https://example.org")).await;
    send(scene, ann, to_user(bob, &format!("hi <@uid:{}>", bob.uid))).await;
    let mut quoting = to_user(bob, "quoting");
    quoting["quotedMessageId"] = json!(id);
    send(scene, ann, quoting).await;
    let edited = send(scene, ann, to_user(bob, "before")).await;
    let edited = format!("/messages/{}", edited["id"].as_str().expect("id"));
    data(scene.by(ann, Method::PUT, &edited, json!({"data": {"text": "after"}}))).await;
    data(scene.by(bob, Method::POST, &format!("/messages/{id}/reactions/x"), json!({}))).await;
    let gone = send(scene, ann, to_user(bob, "plain gone")).await;
    let gone = format!("/messages/{}", gone["id"].as_str().expect("id"));
    data(scene.by(ann, Method::DELETE, &gone, json!({}))).await;
    let reply = format!("/messages/{id}/thread");
    data(scene.by(bob, Method::POST, &reply, to_user(ann, "plain reply"))).await;
    send(scene, ann, to_group(guid, "plain group")).await;

    id
}

async fn every_filter_finds_what_it_names(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let room = scene.world.group("room", &[&ann, &bob]).await;
    let id = furnish(&scene, &ann, &bob, room.id()).await;
    let direct = format!("/users/{}/messages?category=message", ann.uid);
    let all_of_bob = "/messages?category=message".to_owned();
    for (base, filter, expected) in [
        (&direct, "searchKey=PLAIN", "plain words | plain reply"),
        (&direct, "searchKey=plain&hideReplies=1", "plain words"),
        (&all_of_bob, "searchKey=plain", "plain words | plain reply | plain group"),
        (&all_of_bob, "searchKey=plain&receiverType=group", "plain group"),
        (&all_of_bob, "searchKey=plain&receiverType=user&hideReplies=true", "plain words"),
        (&all_of_bob, &format!("searchKey=plain&sender={}", bob.uid), "plain reply"),
        (&all_of_bob, &format!("conversationId=group_{}&searchKey=plain", room.id()), "plain group"),
        (&direct, "searchKey=sunset", "caption"),
        (&direct, "searchKey=after", "after"),
        (&direct, "searchKey=before", ""),
        (&direct, "searchKey=gone", ""),
        (&direct, "hasAttachments=1", "caption"),
        (&direct, "attachmentTypes=image,file", "caption"),
        (&direct, "attachmentTypes=audio", ""),
        (&direct, "hasLinks=true", "see https://example.org"),
        (&direct, "hasMentions=1&searchKey=hi", &format!("hi <@uid:{}>", bob.uid)),
        (&direct, &format!("mentionedUids={},nobody", bob.uid), &format!("hi <@uid:{}>", bob.uid)),
        (&direct, &format!("mentionedUids={}", ann.uid), ""),
        (&direct, "myMentionsOnly=true", &format!("hi <@uid:{}>", bob.uid)),
        (&direct, "hasReactions=1", "plain words"),
        (&direct, "tags=red,blue&withTags=1", "caption"),
        (&direct, "onlyDeleted=1", "-"),
        (&direct, "editedAt[from]=1", "after"),
        (&direct, "editedAt[to]=1", ""),
        (&direct, "onlyUpdates=1&hideDeleted=1", "plain words | after"),
        (&direct, "sentAt[from]=1&searchKey=quot", "quoting"),
        (&direct, "sentAt[to]=1", ""),
        (&direct, "types=image", "caption"),
        (&direct, "searchKey=%3F%3F", ""),
    ] {
        assert_eq!(texts(seen(&scene, &bob, &format!("{base}&{filter}"))).await, expected, "{base} {filter}");
    }
    let in_thread = format!("/messages/{id}/thread?searchKey=reply");
    assert_eq!(texts(seen(&scene, &bob, &in_thread)).await, "plain reply");
    let quoted = data(seen(&scene, &bob, &format!("{direct}&searchKey=quoting"))).await;
    assert_eq!(quoted[0]["quotedMessage"]["id"], json!(id));
    let bare = data(seen(&scene, &bob, &format!("{direct}&searchKey=quoting&hideQuotedMessages=1"))).await;
    assert!(bare[0].get("quotedMessage").is_none() && bare[0]["quotedMessageId"] == json!(id), "{bare}");
    let unread = texts(seen(&scene, &ann, &format!("/users/{}/messages?unread=1", bob.uid))).await;
    assert_eq!(unread, "see https://example.org");
    let undelivered = texts(seen(&scene, &ann, "/messages?undelivered=1")).await;
    assert_eq!(undelivered, "see https://example.org");
    let of_app = format!("/messages?searchKey=plain&category=message&senders={},{}", ann.uid, bob.uid);
    assert_eq!(texts(scene.get(&of_app)).await, "plain words | plain reply | plain group");
}

async fn a_filter_that_can_not_be_read_is_refused_by_name(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    send(&scene, &ann, to_user(&bob, "x")).await;
    for (filter, field) in [
        ("hasLinks=maybe", "hasLinks"),
        ("hasMentions=2", "hasMentions"),
        ("hasAttachments=x", "hasAttachments"),
        ("hasReactions=x", "hasReactions"),
        ("attachmentTypes=image,poem", "attachmentTypes"),
        ("receiverType=room", "receiverType"),
        ("category=poem", "category"),
        ("categories=message,poem", "categories"),
        ("updatedAt[from]=x", "updatedAt[from]"),
        ("editedAt[to]=-1", "editedAt[to]"),
        ("fromTimestamp=x", "fromTimestamp"),
        ("unread=x", "unread"),
        ("undelivered=x", "undelivered"),
        ("mentionsWithTagInfo=x", "mentionsWithTagInfo"),
        ("mentionsWithBlockedInfo=x", "mentionsWithBlockedInfo"),
        ("hideQuotedMessages=x", "hideQuotedMessages"),
        ("myMentionsOnly=x", "myMentionsOnly"),
        ("page=0", "page"),
        ("page=100000", "page"),
        ("perPage=0", "perPage"),
        ("limit=1001", "limit"),
        ("affix=around", "affix"),
        ("id=x", "id"),
        (&format!("searchKey={}", "x".repeat(101)), "searchKey"),
        (&format!("mentionedUids={}", "x".repeat(101)), "mentionedUids"),
    ] {
        for path in ["/messages".to_owned(), format!("/users/{}/messages", bob.uid)] {
            let (status, body) = answer(seen(&scene, &ann, &format!("{path}?{filter}"))).await;
            assert_eq!((status.as_u16(), code(&body)), (400, "ERR_BAD_REQUEST"), "{path} {filter}: {body}");
            assert!(body["error"]["details"].get(field).is_some(), "{path} {filter}: {body}");
        }
    }
    let (status, body) = answer(scene.get("/messages?myMentionsOnly=1")).await;
    assert_eq!(status.as_u16(), 400, "{body}");
    let many: String = (0..11).map(|n| format!("<@uid:u{n}>")).collect();
    let too_many = scene.by(&ann, Method::POST, "/messages", to_user(&bob, &many));
    assert_eq!(refused(too_many).await, "ERR_INVALID_MESSAGE_TEXT");
}

async fn a_search_is_walked_page_by_page_both_ways(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let mut expected = Vec::new();
    for n in 0..25 {
        let text = if n % 2 == 0 { format!("needle {n}") } else { format!("hay {n}") };
        let id = send(&scene, &ann, to_user(&bob, &text)).await["id"].as_str().expect("id").to_owned();
        if n % 2 == 0 {
            expected.push(id);
        }
    }
    for list in [format!("/users/{}/messages", ann.uid), "/messages".to_owned()] {
        for (affix, direction) in [("append", "next"), ("prepend", "previous")] {
            let (mut walked, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("{list}?searchKey=needle&limit=4&affix={affix}{cursor}");
                let page = whole(seen(&scene, &bob, &path)).await;
                let ids = column(&page["data"], "id");
                if affix == "append" {
                    walked.extend(ids)
                } else {
                    walked.splice(0..0, ids).for_each(drop)
                }
                let Some(next) = page["meta"].get(direction) else { break };
                cursor = format!("&id={}", next["id"].as_str().expect("id"));
            }
            assert_eq!(walked, expected, "{list} {affix}");
        }
    }
}

async fn what_one_may_not_see_is_not_found(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, eve) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("eve").await);
    let room = scene.world.group("room", &[&ann, &bob, &eve]).await;
    send(&scene, &ann, to_group(room.id(), "secret one")).await;
    send(&scene, &bob, to_group(room.id(), "secret two")).await;
    send(&scene, &ann, to_user(&bob, "secret three")).await;
    assert_eq!(texts(seen(&scene, &eve, "/messages?searchKey=secret")).await, "secret one | secret two");
    data(scene.by(&eve, Method::POST, "/blockedusers", json!({"blockedUids": [bob.uid]}))).await;
    let hiding = "/messages?searchKey=secret&hideMessagesFromBlockedUsers=1";
    assert_eq!(texts(seen(&scene, &eve, hiding)).await, "secret one");
    data(scene.by(&bob, Method::DELETE, &format!("/groups/{}/conversation", room.id()), json!({}))).await;
    assert_eq!(texts(seen(&scene, &bob, "/messages?searchKey=secret")).await, "secret three");
    data(scene.delete(&format!("/groups/{}/members/{}", room.id(), eve.uid), json!({}))).await;
    halley_testkit::eventually("a former member finds nothing", async || {
        texts(seen(&scene, &eve, "/messages?searchKey=secret")).await.is_empty().then_some(())
    })
    .await;
    let in_room = format!("/groups/{}/messages?searchKey=secret", room.id());
    assert_eq!(refused(seen(&scene, &eve, &in_room)).await, "ERR_GROUP_NOT_JOINED");
}

async fn mentions_are_shown_with_what_is_asked_for(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, eve) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("eve").await);
    data(scene.put(&format!("/users/{}", eve.uid), json!({"tags": ["vip"]}))).await;
    data(scene.by(&bob, Method::POST, "/blockedusers", json!({"blockedUids": [eve.uid]}))).await;
    let mut other = scene.world.device(&bob, 1).await;
    let text = format!("<@uid:{}> and <@uid:nobody-at-all>", eve.uid);
    let sent = send(&scene, &ann, to_user(&bob, &text)).await;
    assert_eq!(sent["data"]["mentions"][&eve.uid]["name"], "eve");
    let live = other.hear().await.to_value();
    assert_eq!(live["data"]["mentions"][&eve.uid]["uid"], json!(eve.uid));
    let path = format!("/users/{}/messages?limit=1", ann.uid);
    let shown = async |more: &str| {
        let rows = data(seen(&scene, &bob, &format!("{path}{more}"))).await;
        let mentions = rows[0]["data"]["mentions"].as_object().expect("mentions").clone();
        let uids: BTreeSet<&str> = mentions.keys().map(String::as_str).collect();
        assert_eq!(uids, BTreeSet::from([eve.uid.as_str()]), "who does not exist is only in the text");
        mentions[&eve.uid].clone()
    };
    let plain = shown("").await;
    assert!(plain.get("tags").is_none() && plain.get("blockedByMe").is_none(), "{plain}");
    assert_eq!(shown("&mentionsWithTagInfo=1").await["tags"], json!(["vip"]));
    assert_eq!(shown("&mentionsWithBlockedInfo=true").await["blockedByMe"], json!(true));

    let mention_bob = format!("<@uid:{}>", bob.uid);
    send(&scene, &ann, to_user(&bob, &mention_bob)).await;
    let conversation = data(seen(&scene, &bob, &format!("/users/{}/conversation", ann.uid))).await;
    assert_eq!((&conversation["unreadMessageCount"], &conversation["unreadMentionsCount"]), (&json!("2"), &json!(1)));
    assert_eq!(conversation["lastMessage"]["data"]["mentions"][&bob.uid]["name"], "bob");
    data(scene.by(&bob, Method::POST, &format!("/users/{}/conversation/read", ann.uid), json!({}))).await;
    let conversation = data(seen(&scene, &bob, &format!("/users/{}/conversation", ann.uid))).await;
    assert_eq!(conversation["unreadMentionsCount"], json!(0));
}

async fn counts_are_grouped_and_pages_numbered(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let room = scene.world.group("room", &[&ann, &bob]).await;
    for n in 0..5 {
        send(&scene, &ann, to_user(&bob, &format!("t{n}"))).await;
    }
    send(&scene, &ann, to_group(room.id(), "g")).await;
    data(scene.by(&bob, Method::POST, &format!("/users/{}/conversation/delivered", ann.uid), json!({}))).await;
    let counts = async |query: &str| {
        let rows = data(seen(&scene, &bob, &format!("/messages?count=1{query}"))).await;
        let rows = rows.as_array().expect("rows").clone();
        let counts =
            rows.iter().map(|row| (row["entityId"].as_str().unwrap_or_default().to_owned(), row["count"].clone()));
        counts.collect::<std::collections::BTreeMap<_, _>>()
    };
    let (direct, group) = ((ann.uid.clone(), json!(5)), (room.id().to_owned(), json!(1)));
    assert_eq!(counts("&unread=1").await, [direct.clone(), group.clone()].into());
    assert_eq!(counts("&unread=1&receiverType=user").await, [direct].into());
    assert_eq!(counts("&undelivered=1").await, [group].into());
    data(scene.by(&bob, Method::POST, "/blockedusers", json!({"blockedUids": [ann.uid]}))).await;
    assert!(counts("&unread=1&hideMessagesFromBlockedUsers=1").await.is_empty());

    let numbered = async |page: usize| {
        whole(scene.get(&format!("/users/{}/messages?perPage=2&page={page}&affix=append", bob.uid))).await
    };
    let (mut walked, mut page) = (Vec::new(), 1);
    loop {
        let answer = numbered(page).await;
        walked.extend(column(&answer["data"], "id"));
        let pagination = &answer["meta"]["pagination"];
        assert_eq!((&pagination["current_page"], &pagination["per_page"]), (&json!(page), &json!(2)));
        if pagination["total_pages"] == json!(page) {
            break;
        }
        page += 1;
    }
    let all = column(&data(scene.get(&format!("/users/{}/messages", bob.uid))).await, "id");
    assert_eq!((page, walked), (3, all));
}
