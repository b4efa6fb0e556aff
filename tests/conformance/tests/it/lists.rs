//! Section 7: the lists that page by number, and their options.

use anyhow::ensure;
use halley_testkit::eventually;
use serde_json::{Value, json};

use crate::{
    client::{
        Client, group,
        lists::{Numbered, column},
        user,
    },
    entry::Outcome,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    users_page_by_number,
    users_set_page,
    users_by_status,
    users_by_search,
    users_search_in,
    users_hide_blocked,
    users_by_roles,
    users_friends_only,
    users_by_tags,
    users_with_tags,
    users_by_uids,
    users_sorted,
    groups_page_by_number,
    groups_by_search,
    groups_joined,
    groups_by_tags,
    groups_with_tags,
    conversations_page_by_number,
    conversations_by_type,
    conversations_by_search,
    conversations_by_tags,
    conversations_with_tags,
    conversations_with_user_and_group_tags,
    conversations_by_group_tags,
    conversations_by_user_tags,
    conversations_include_blocked,
    conversations_with_blocked_info,
    conversations_unread,
    conversations_without_agents,
    conversations_with_agents_only,
    conversations_pinned_by,
    members_page_by_number,
    members_by_search,
    members_by_scopes,
    members_by_status,
    banned_page_by_number,
    banned_by_search,
    blocked_page_by_number,
    blocked_by_direction,
    blocked_by_search,
    pagination_of_an_empty_list,
);

async fn all(client: &Client, path: &str, given: &[(&str, &str)]) -> anyhow::Result<Vec<Value>> {
    Ok(Numbered::new(client, path, 30, given).all().await?)
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// These options leave these ids, in whatever order.
async fn leaves(client: &Client, path: &str, given: &[(&str, &str)], key: &str, expected: &[&str]) -> Outcome {
    let ids = sorted(column(&all(client, path, given).await?, key));
    let expected = sorted(expected.iter().map(|id| (*id).to_owned()).collect());
    ensure!(ids == expected, "{path} {given:?} leaves {ids:?}, not {expected:?}");
    Ok(())
}

/// An app with Ann, who asks, and others.
async fn people(stage: Stage) -> anyhow::Result<(Stage, Client, String, String)> {
    let stage = stage.alone().await?;
    let ann = stage.caller("ann").await?;
    let (bob, cat) = (stage.user("bob").await?, stage.user("cat").await?);
    Ok((stage, ann, bob, cat))
}

async fn paged(client: &Client, path: &str, given: &[(&str, &str)], key: &str, expected: &[&str]) -> Outcome {
    let mut request = Numbered::new(client, path, 2, given);
    let ids = sorted(column(&request.all().await?, key));
    let expected = sorted(expected.iter().map(|id| (*id).to_owned()).collect());
    ensure!(ids == expected, "{path} walked by two: {ids:?}, not {expected:?}");
    ensure!(request.next().await?.is_empty());
    Ok(())
}

async fn users_page_by_number(stage: Stage) -> Outcome {
    let (stage, ann, bob, cat) = people(stage).await?;
    let dan = stage.user("dan").await?;
    let rows = Numbered::new(&ann, "/users", 2, &[]).all().await?;
    let ids = column(&rows, "uid");
    ensure!([&bob, &cat, &dan].iter().all(|uid| ids.contains(uid)), "{ids:?}");
    ensure!(sorted(ids.clone()).windows(2).all(|pair| pair[0] != pair[1]), "twice: {ids:?}");
    Ok(())
}

async fn users_set_page(stage: Stage) -> Outcome {
    let (_, ann, _, _) = people(stage).await?;
    let whole = all(&ann, "/users", &[]).await?;
    let second = Numbered::new(&ann, "/users", 1, &[]).set_page(1).next().await?;
    ensure!(second.len() == 1 && second[0]["uid"] == whole[1]["uid"], "setPage(1) sends page=2");
    Ok(())
}

async fn users_by_status(stage: Stage) -> Outcome {
    let (stage, ann, bob, cat) = people(stage).await?;
    let _phone = stage.online(&bob, 1).await?;
    eventually("he is online", async || leaves(&ann, "/users", &[("status", "available")], "uid", &[&bob]).await.ok())
        .await;
    let offline = column(&all(&ann, "/users", &[("status", "offline")]).await?, "uid");
    ensure!(offline.contains(&cat) && !offline.contains(&bob), "{offline:?}");
    Ok(())
}

async fn users_by_search(stage: Stage) -> Outcome {
    let (stage, ann, _, _) = people(stage).await?;
    stage.server("POST", "/users", json!({"uid": "zoe-1", "name": "Zoe Miller"})).await?;
    leaves(&ann, "/users", &[("searchKey", "zoe")], "uid", &["zoe-1"]).await
}

async fn users_search_in(stage: Stage) -> Outcome {
    let (stage, ann, _, _) = people(stage).await?;
    stage.server("POST", "/users", json!({"uid": "zoe-1", "name": "Walter"})).await?;
    stage.server("POST", "/users", json!({"uid": "w-1", "name": "Zoe"})).await?;
    leaves(&ann, "/users", &[("searchKey", "zoe"), ("searchIn", "uid")], "uid", &["zoe-1"]).await?;
    leaves(&ann, "/users", &[("searchKey", "zoe"), ("searchIn", "name")], "uid", &["w-1"]).await?;
    leaves(&ann, "/users", &[("searchKey", "zoe"), ("searchIn", "uid,name")], "uid", &["w-1", "zoe-1"]).await
}

async fn users_hide_blocked(stage: Stage) -> Outcome {
    let (_, ann, bob, cat) = people(stage).await?;
    ann.block(&[&bob]).await?;
    let ids = column(&all(&ann, "/users", &[("hideBlockedUsers", "1")]).await?, "uid");
    ensure!(ids.contains(&cat) && !ids.contains(&bob), "{ids:?}");
    Ok(())
}

async fn users_by_roles(stage: Stage) -> Outcome {
    let (stage, ann, bob, cat) = people(stage).await?;
    for (role, uid) in [("teacher", &bob), ("parent", &cat)] {
        stage.server("POST", "/roles", json!({"role": role, "name": role})).await?;
        stage.server("PUT", &format!("/users/{uid}"), json!({"role": role})).await?;
    }
    leaves(&ann, "/users", &[("roles", "teacher")], "uid", &[&bob]).await?;
    leaves(&ann, "/users", &[("roles", "teacher,parent")], "uid", &[&bob, &cat]).await
}

async fn users_friends_only(stage: Stage) -> Outcome {
    let (stage, ann, bob, _) = people(stage).await?;
    stage.server("POST", &format!("/users/{}/friends", ann.uid()), json!({"accepted": [bob]})).await?;
    leaves(&ann, "/users", &[("friendsOnly", "1")], "uid", &[&bob]).await
}

async fn tagged_people(stage: Stage) -> anyhow::Result<(Client, String, String)> {
    let (stage, ann, bob, cat) = people(stage).await?;
    for (uid, tag) in [(&bob, "a"), (&cat, "b")] {
        stage.server("PUT", &format!("/users/{uid}"), json!({"tags": [tag]})).await?;
    }
    Ok((ann, bob, cat))
}

async fn users_by_tags(stage: Stage) -> Outcome {
    let (ann, bob, cat) = tagged_people(stage).await?;
    leaves(&ann, "/users", &[("tags", "a")], "uid", &[&bob]).await?;
    leaves(&ann, "/users", &[("tags", "a,b")], "uid", &[&bob, &cat]).await
}

async fn users_with_tags(stage: Stage) -> Outcome {
    let (ann, _, _) = tagged_people(stage).await?;
    let rows = all(&ann, "/users", &[("tags", "a"), ("withTags", "1")]).await?;
    ensure!(rows[0]["tags"] == json!(["a"]), "{rows:?}");
    Ok(())
}

async fn users_by_uids(stage: Stage) -> Outcome {
    let (_, ann, bob, cat) = people(stage).await?;
    leaves(&ann, "/users", &[("uids", &format!("{bob},{cat}"))], "uid", &[&bob, &cat]).await
}

async fn users_sorted(stage: Stage) -> Outcome {
    let (_, ann, bob, cat) = people(stage).await?;
    let uids = format!("{cat},{bob}");
    for (order, expected) in [("asc", [&bob, &cat]), ("desc", [&cat, &bob])] {
        let rows = all(&ann, "/users", &[("uids", &*uids), ("sortBy", "name"), ("sortOrder", order)]).await?;
        let ids = column(&rows, "uid");
        ensure!(ids.iter().collect::<Vec<_>>() == expected, "{order}: {ids:?}");
    }
    Ok(())
}

/// Three groups, of which Bob is in the first.
async fn groups(stage: Stage) -> anyhow::Result<(Stage, Client, Client)> {
    let stage = stage.alone().await?;
    let (ann, bob) = stage.callers().await?;
    for (guid, name, tag) in [("g-1", "Alpha", "a"), ("g-2", "Beta", "b"), ("g-3", "Gamma", "c")] {
        ann.create_group(json!({"guid": guid, "name": name, "type": "public", "tags": [tag]})).await?;
    }
    ann.add_members("g-1", json!({"participants": [bob.uid()]})).await?;
    Ok((stage, ann, bob))
}

async fn groups_page_by_number(stage: Stage) -> Outcome {
    let (_, _, bob) = groups(stage).await?;
    paged(&bob, "/groups", &[], "guid", &["g-1", "g-2", "g-3"]).await
}

async fn groups_by_search(stage: Stage) -> Outcome {
    let (_, _, bob) = groups(stage).await?;
    leaves(&bob, "/groups", &[("searchKey", "bet")], "guid", &["g-2"]).await
}

async fn groups_joined(stage: Stage) -> Outcome {
    let (_, _, bob) = groups(stage).await?;
    leaves(&bob, "/groups", &[("hasJoined", "1")], "guid", &["g-1"]).await
}

async fn groups_by_tags(stage: Stage) -> Outcome {
    let (_, _, bob) = groups(stage).await?;
    leaves(&bob, "/groups", &[("tags", "b")], "guid", &["g-2"]).await?;
    leaves(&bob, "/groups", &[("tags", "b,c")], "guid", &["g-2", "g-3"]).await
}

async fn groups_with_tags(stage: Stage) -> Outcome {
    let (_, _, bob) = groups(stage).await?;
    let rows = all(&bob, "/groups", &[("withTags", "1"), ("searchKey", "alp")]).await?;
    ensure!(rows[0]["tags"] == json!(["a"]), "{rows:?}");
    Ok(())
}

/// Bob's conversations: with Ann, with Cat, and in a group; ids of all three.
async fn talks(stage: &Stage) -> anyhow::Result<(Client, Client, [String; 3])> {
    let (ann, bob) = stage.callers().await?;
    let cat = stage.caller("cat").await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    let first = ann.say(&bob.to(), "one").await?;
    let second = cat.say(&bob.to(), "two").await?;
    let third = ann.say(&group(&guid), "three").await?;
    let id = |message: &Value| message["conversationId"].as_str().unwrap_or_default().to_owned();
    Ok((ann, bob, [id(&first), id(&second), id(&third)]))
}

const CONVERSATIONS: &str = "/conversations";
const ID: &str = "conversationId";

async fn conversations_page_by_number(stage: Stage) -> Outcome {
    let (_, bob, [ann, cat, room]) = talks(&stage).await?;
    paged(&bob, CONVERSATIONS, &[], ID, &[&ann, &cat, &room]).await
}

async fn conversations_by_type(stage: Stage) -> Outcome {
    let (_, bob, [ann, cat, room]) = talks(&stage).await?;
    leaves(&bob, CONVERSATIONS, &[("conversationType", "user")], ID, &[&ann, &cat]).await?;
    leaves(&bob, CONVERSATIONS, &[("conversationType", "group")], ID, &[&room]).await
}

async fn conversations_by_search(stage: Stage) -> Outcome {
    let (_, bob, [_, cat, _]) = talks(&stage).await?;
    leaves(&bob, CONVERSATIONS, &[("searchKey", "cat")], ID, &[&cat]).await
}

async fn conversations_by_tags(stage: Stage) -> Outcome {
    let (ann, bob, [first, _, _]) = talks(&stage).await?;
    bob.tag_conversation(&ann.to(), &["work"]).await?;
    leaves(&bob, CONVERSATIONS, &[("tags", "work")], ID, &[&first]).await?;
    leaves(&bob, CONVERSATIONS, &[("tags", "play")], ID, &[]).await
}

async fn conversations_with_tags(stage: Stage) -> Outcome {
    let (ann, bob, [first, _, _]) = talks(&stage).await?;
    bob.tag_conversation(&ann.to(), &["work"]).await?;
    let rows = all(&bob, CONVERSATIONS, &[("withTags", "true")]).await?;
    let tags = |id: &str| rows.iter().find(|row| row[ID] == id).map(|row| row["tags"].clone());
    ensure!(tags(&first) == Some(json!(["work"])) && rows.iter().all(|row| row["tags"].is_array()), "{rows:?}");
    Ok(())
}

/// Bob talks with tagged Ann and in a tagged group.
async fn tagged_talks(stage: &Stage) -> anyhow::Result<(Client, Client, [String; 3])> {
    let (ann, bob, ids) = talks(stage).await?;
    stage.server("PUT", &format!("/users/{}", ann.uid()), json!({"tags": ["vip"]})).await?;
    let guid = ids[2].trim_start_matches("group_");
    stage.server("PUT", &format!("/groups/{guid}"), json!({"tags": ["club"]})).await?;
    Ok((ann, bob, ids))
}

async fn conversations_with_user_and_group_tags(stage: Stage) -> Outcome {
    let (_, bob, [first, _, room]) = tagged_talks(&stage).await?;
    eventually("the tags are told", async || {
        let rows = all(&bob, CONVERSATIONS, &[("withUserAndGroupTags", "true")]).await.ok()?;
        let tags = |id: &str| rows.iter().find(|row| row[ID] == id).map(|row| at(row, "conversationWith.tags").clone());
        (tags(&first) == Some(json!(["vip"])) && tags(&room) == Some(json!(["club"]))).then_some(())
    })
    .await;
    Ok(())
}

async fn conversations_by_group_tags(stage: Stage) -> Outcome {
    let (_, bob, [_, _, room]) = tagged_talks(&stage).await?;
    eventually("the tag is known", async || {
        leaves(&bob, CONVERSATIONS, &[("groupTags", "club")], ID, &[&room]).await.ok()
    })
    .await;
    Ok(())
}

async fn conversations_by_user_tags(stage: Stage) -> Outcome {
    let (_, bob, [first, _, _]) = tagged_talks(&stage).await?;
    eventually("the tag is known", async || {
        leaves(&bob, CONVERSATIONS, &[("userTags", "vip")], ID, &[&first]).await.ok()
    })
    .await;
    Ok(())
}

async fn conversations_include_blocked(stage: Stage) -> Outcome {
    let (ann, bob, [first, cat, room]) = talks(&stage).await?;
    bob.block(&[ann.uid()]).await?;
    eventually("the block is known", async || leaves(&bob, CONVERSATIONS, &[], ID, &[&cat, &room]).await.ok()).await;
    leaves(&bob, CONVERSATIONS, &[("includeBlockedUsers", "true")], ID, &[&first, &cat, &room]).await
}

async fn conversations_with_blocked_info(stage: Stage) -> Outcome {
    let (ann, bob, [first, _, _]) = talks(&stage).await?;
    bob.block(&[ann.uid()]).await?;
    eventually("the block is told", async || {
        let given = [("includeBlockedUsers", "true"), ("withBlockedInfo", "true")];
        let rows = all(&bob, CONVERSATIONS, &given).await.ok()?;
        let row = rows.iter().find(|row| row[ID] == first.as_str())?;
        (at(row, "conversationWith.blockedByMe") == true).then_some(())
    })
    .await;
    Ok(())
}

async fn conversations_unread(stage: Stage) -> Outcome {
    let (ann, bob, [_, cat, room]) = talks(&stage).await?;
    bob.mark_conversation(&ann.to(), "read").await?;
    leaves(&bob, CONVERSATIONS, &[("unread", "true")], ID, &[&cat, &room]).await
}

/// Bob talks with Ann, and with an agent.
async fn with_agent(stage: &Stage) -> anyhow::Result<(Client, String, String)> {
    let (ann, bob) = stage.callers().await?;
    let agent = stage.user("agent").await?;
    stage.server("POST", "/bots", json!({"uid": agent, "name": "Agent"})).await?;
    let first = ann.say(&bob.to(), "one").await?;
    let second = bob.say(&user(&agent), "two").await?;
    let id = |message: &Value| message["conversationId"].as_str().unwrap_or_default().to_owned();
    Ok((bob, id(&first), id(&second)))
}

async fn conversations_without_agents(stage: Stage) -> Outcome {
    let (bob, people, _) = with_agent(&stage).await?;
    leaves(&bob, CONVERSATIONS, &[("hideAgentic", "true")], ID, &[&people]).await
}

async fn conversations_with_agents_only(stage: Stage) -> Outcome {
    let (bob, _, agent) = with_agent(&stage).await?;
    leaves(&bob, CONVERSATIONS, &[("onlyAgentic", "true")], ID, &[&agent]).await
}

async fn conversations_pinned_by(stage: Stage) -> Outcome {
    let (ann, bob, [first, _, _]) = talks(&stage).await?;
    bob.pin_conversation("POST", &ann.to()).await?;
    leaves(&bob, CONVERSATIONS, &[("pinnedBy", "me,system")], ID, &[&first]).await?;
    leaves(&bob, CONVERSATIONS, &[("pinnedBy", "me")], ID, &[&first]).await
}

/// A group with an owner, a moderator and two participants.
async fn members(stage: &Stage) -> anyhow::Result<(Client, String, [String; 3])> {
    let ann = stage.caller("ann").await?;
    let others = [stage.user("bob").await?, stage.user("cat").await?, stage.user("dan").await?];
    let guid = stage.room(&[&ann]).await?;
    ann.add_members(&guid, json!({"moderators": [others[0]], "participants": [others[1], others[2]]})).await?;
    Ok((ann, format!("/groups/{guid}"), others))
}

async fn members_page_by_number(stage: Stage) -> Outcome {
    let (ann, path, [bob, cat, dan]) = members(&stage).await?;
    paged(&ann, &format!("{path}/members"), &[], "uid", &[ann.uid(), &bob, &cat, &dan]).await
}

async fn members_by_search(stage: Stage) -> Outcome {
    let (ann, path, [_, cat, _]) = members(&stage).await?;
    leaves(&ann, &format!("{path}/members"), &[("searchKey", &cat)], "uid", &[&cat]).await
}

async fn members_by_scopes(stage: Stage) -> Outcome {
    let (ann, path, [bob, _, _]) = members(&stage).await?;
    let path = format!("{path}/members");
    leaves(&ann, &path, &[("scopes", "moderator")], "uid", &[&bob]).await?;
    leaves(&ann, &path, &[("scopes", "admin,moderator")], "uid", &[ann.uid(), &bob]).await
}

async fn members_by_status(stage: Stage) -> Outcome {
    let (ann, path, [bob, cat, dan]) = members(&stage).await?;
    let _phone = stage.online(&bob, 1).await?;
    let path = format!("{path}/members");
    eventually("he is online", async || leaves(&ann, &path, &[("status", "available")], "uid", &[&bob]).await.ok())
        .await;
    leaves(&ann, &path, &[("status", "offline")], "uid", &[ann.uid(), &cat, &dan]).await
}

async fn banned(stage: &Stage) -> anyhow::Result<(Client, String, [String; 3])> {
    let (ann, path, others) = members(stage).await?;
    for uid in &others {
        ann.ban(path.trim_start_matches("/groups/"), uid).await?;
    }
    Ok((ann, format!("{path}/bannedusers"), others))
}

async fn banned_page_by_number(stage: Stage) -> Outcome {
    let (ann, path, [bob, cat, dan]) = banned(&stage).await?;
    paged(&ann, &path, &[], "uid", &[&bob, &cat, &dan]).await
}

async fn banned_by_search(stage: Stage) -> Outcome {
    let (ann, path, [_, cat, _]) = banned(&stage).await?;
    leaves(&ann, &path, &[("searchKey", &cat)], "uid", &[&cat]).await
}

/// Ann blocked Bob and Cat, and Dan blocked her.
async fn blocks(stage: &Stage) -> anyhow::Result<(Client, [String; 3])> {
    let (ann, dan) = (stage.caller("ann").await?, stage.caller("dan").await?);
    let (bob, cat) = (stage.user("bob").await?, stage.user("cat").await?);
    ann.block(&[&bob, &cat]).await?;
    dan.block(&[ann.uid()]).await?;
    let dan = dan.uid().to_owned();
    Ok((ann, [bob, cat, dan]))
}

async fn blocked_page_by_number(stage: Stage) -> Outcome {
    let (ann, [bob, cat, dan]) = blocks(&stage).await?;
    paged(&ann, "/blockedusers", &[("direction", "both")], "uid", &[&bob, &cat, &dan]).await
}

async fn blocked_by_direction(stage: Stage) -> Outcome {
    let (ann, [bob, cat, dan]) = blocks(&stage).await?;
    leaves(&ann, "/blockedusers", &[("direction", "blockedByMe")], "uid", &[&bob, &cat]).await?;
    leaves(&ann, "/blockedusers", &[("direction", "hasBlockedMe")], "uid", &[&dan]).await?;
    leaves(&ann, "/blockedusers", &[("direction", "both")], "uid", &[&bob, &cat, &dan]).await
}

async fn blocked_by_search(stage: Stage) -> Outcome {
    let (ann, [_, cat, _]) = blocks(&stage).await?;
    leaves(&ann, "/blockedusers", &[("direction", "both"), ("searchKey", &cat)], "uid", &[&cat]).await
}

async fn pagination_of_an_empty_list(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let guid = stage.room(&[&ann]).await?;
    let banned = format!("/groups/{guid}/bannedusers");
    for path in ["/users", "/groups", "/blockedusers", &banned] {
        ensure!(all(&ann, path, &[("searchKey", "nothing-is-named-so")]).await?.is_empty(), "{path}");
    }
    ensure!(all(&ann, CONVERSATIONS, &[("tags", "none-is-tagged-so")]).await?.is_empty());
    Ok(())
}
