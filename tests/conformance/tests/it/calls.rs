//! Section 6: users, blocks, groups and members, calls, online counts.

use anyhow::ensure;
use halley_testkit::eventually;
use serde_json::{Value, json};

use crate::{
    client::{Client, code, group},
    entry::Outcome,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    create_user,
    update_user,
    get_user,
    block_users,
    unblock_users,
    create_group,
    create_group_with_members,
    get_group,
    update_group,
    delete_group,
    join_group,
    join_group_by_password,
    leave_group,
    add_members_to_group,
    update_member_scope,
    kick_member,
    ban_member,
    unban_member,
    transfer_ownership,
    initiate_call,
    accept_call,
    reject_call,
    busy_call,
    cancel_call,
    end_call,
    unanswered_call,
    group_call,
    online_user_count,
    online_group_member_count,
);

async fn create_user(stage: Stage) -> Outcome {
    let uid = stage.name("new");
    let made =
        stage.device(0).create_user(json!({"uid": uid, "name": "New", "metadata": {"k": 1}, "tags": ["a"]})).await?;
    ensure!(made["uid"] == uid.as_str() && made["name"] == "New", "{made}");
    Ok(())
}

async fn update_user(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let shown =
        stage.device(1).update_user(&uid, json!({"uid": uid, "name": "Renamed", "link": "https://a.example"})).await?;
    ensure!(shown["name"] == "Renamed" && shown["link"] == "https://a.example", "{shown}");
    // The noise beside the fields says nothing.
    ensure!(shown.get("deactivatedAt").is_none(), "{shown}");
    Ok(())
}

async fn get_user(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    bob.block(&[ann.uid()]).await?;
    let seen = eventually("the block is told", async || {
        let seen = ann.get_user(bob.uid()).await.ok()?;
        (seen["hasBlockedMe"] == true).then_some(seen)
    })
    .await;
    ensure!(seen["blockedByMe"] != true, "{seen}");
    ensure!(bob.get_user(ann.uid()).await?["blockedByMe"] == true);
    Ok(())
}

async fn block_users(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let fates = ann.block(&[bob.uid(), "nobody-there"]).await?;
    ensure!(at(&fates[bob.uid()], "success") == true, "{fates}");
    eventually("the block holds", async || code(bob.say(&ann.to(), "hello?").await).ok()).await;
    Ok(())
}

async fn unblock_users(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    ann.block(&[bob.uid()]).await?;
    let fates = ann.unblock(&[bob.uid()]).await?;
    ensure!(at(&fates[bob.uid()], "success") == true, "{fates}");
    eventually("the block is over", async || bob.say(&ann.to(), "again").await.ok()).await;
    Ok(())
}

async fn create_group(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let guid = stage.name("g");
    let given = json!({"guid": guid, "name": "Group", "type": "public", "icon": "https://a.example/i.png",
        "description": "About", "metadata": {"k": 1}, "tags": ["t"]});
    let made = ann.create_group(given).await?;
    ensure!(made["hasJoined"] == true && made["scope"] == "admin" && made["owner"] == ann.uid(), "{made}");
    ensure!(made["membersCount"] == 1 && made["description"] == "About" && at(&made, "metadata.k") == 1, "{made}");
    Ok(())
}

async fn create_group_with_members(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let (cat, dan) = (stage.caller("cat").await?, stage.user("dan").await?);
    let given = json!({"guid": stage.name("g"), "name": "Group", "type": "public"});
    let made = ann
        .create_group_with(given, json!({"moderators": [bob.uid()], "participants": [cat.uid()], "usersToBan": [dan]}))
        .await?;
    let data = at(&made, "members.data");
    let is_done = |list: &str, uid: &str| data[list][uid]["success"] == true;
    ensure!(
        is_done("moderators", bob.uid()) && is_done("participants", cat.uid()) && is_done("usersToBan", &dan),
        "{made}"
    );
    ensure!(made["membersCount"] == 3, "{made}");
    Ok(())
}

async fn get_group(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann]).await?;
    ensure!(bob.get_group(&guid).await?["hasJoined"] == false);
    ensure!(code(bob.get_group(&stage.name("none")).await)? == "ERR_GUID_NOT_FOUND");
    Ok(())
}

async fn update_group(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    let mut fields = ann.get_group(&guid).await?;
    fields["name"] = json!("Renamed");
    let shown = ann.update_group(&guid, fields).await?;
    ensure!(shown["name"] == "Renamed" && shown["membersCount"] == 2, "the noise says nothing: {shown}");
    ensure!(bob.get_group(&guid).await?["name"] == "Renamed");
    Ok(())
}

async fn delete_group(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let guid = stage.room(&[&ann]).await?;
    ann.delete_group(&guid).await?;
    ensure!(code(ann.get_group(&guid).await)? == "ERR_GUID_NOT_FOUND");
    Ok(())
}

async fn join_group(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann]).await?;
    let action = bob.join(&guid, "public", "").await?;
    let room = at(&action, "data.entities.for.entity");
    ensure!(room["guid"] == guid.as_str() && room["membersCount"] == 2 && room["hasJoined"] == true, "{action}");
    ensure!(bob.get_group(&guid).await?["name"] == "Room", "the filler renames nothing");
    Ok(())
}

async fn join_group_by_password(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.name("locked");
    ann.create_group(json!({"guid": guid, "name": "Locked", "type": "password", "password": "sesame"})).await?;
    code(bob.join(&guid, "password", "wrong").await)?;
    bob.join(&guid, "password", "sesame").await?;
    ensure!(bob.get_group(&guid).await?["hasJoined"] == true);
    Ok(())
}

async fn leave_group(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    bob.leave(&guid).await?;
    ensure!(bob.get_group(&guid).await?["hasJoined"] == false);
    Ok(())
}

async fn add_members_to_group(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let (cat, dan) = (stage.user("cat").await?, stage.user("dan").await?);
    let guid = stage.room(&[&ann]).await?;
    let lists =
        json!({"admins": [bob.uid()], "moderators": [cat], "participants": ["nobody-there"], "usersToBan": [dan]});
    let fates = ann.add_members(&guid, lists).await?;
    ensure!(fates["admins"][bob.uid()]["success"] == true && fates["moderators"][&cat]["success"] == true, "{fates}");
    ensure!(fates["usersToBan"][&dan]["success"] == true, "{fates}");
    let failed = &fates["participants"]["nobody-there"];
    ensure!(failed["success"] == false && at(failed, "error.code") == "ERR_UID_NOT_FOUND", "{fates}");
    Ok(())
}

/// A member's scope as a list shows it.
async fn scope_of(client: &Client, guid: &str, uid: &str) -> anyhow::Result<Value> {
    let rows = crate::client::lists::Numbered::new(client, &format!("/groups/{guid}/members"), 30, &[]).all().await?;
    Ok(rows.into_iter().find(|row| row["uid"] == uid).unwrap_or_default()["scope"].clone())
}

async fn update_member_scope(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    ann.scope(&guid, bob.uid(), "moderator").await?;
    ensure!(scope_of(&ann, &guid, bob.uid()).await? == "moderator");
    code(bob.scope(&guid, ann.uid(), "participant").await)?;
    Ok(())
}

async fn kick_member(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    ann.kick(&guid, bob.uid()).await?;
    ensure!(scope_of(&ann, &guid, bob.uid()).await?.is_null());
    bob.join(&guid, "public", "").await?;
    Ok(())
}

async fn ban_member(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    ann.ban(&guid, bob.uid()).await?;
    code(bob.join(&guid, "public", "").await)?;
    Ok(())
}

async fn unban_member(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    ann.ban(&guid, bob.uid()).await?;
    ann.unban(&guid, bob.uid()).await?;
    bob.join(&guid, "public", "").await?;
    Ok(())
}

async fn transfer_ownership(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    ann.transfer(&guid, bob.uid()).await?;
    ensure!(ann.get_group(&guid).await?["owner"] == bob.uid());
    Ok(())
}

/// A call that rings, moved by who is told to.
async fn moved(stage: &Stage, status: &str, by_caller: bool) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let call = ann.ring(&bob.to()).await?;
    if status == "ended" {
        bob.change_call(&call, "ongoing").await?;
    }
    let changed = if by_caller { &ann } else { &bob }.change_call(&call, status).await?;
    let shown = at(&changed, "data.entities.on.entity");
    ensure!(shown["status"] == status && at(&changed, "data.action") == status, "{changed}");
    ensure!(shown["sessionid"] == at(&call, "data.entities.on.entity.sessionid").clone(), "{changed}");
    if status == "ongoing" {
        ensure!(shown["joinedAt"].is_u64(), "{changed}");
    }
    Ok(())
}

async fn initiate_call(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let call = ann.ring(&bob.to()).await?;
    ensure!(at(&call, "data.entities.on.entity.status") == "initiated" && call["type"] == "audio", "{call}");
    Ok(())
}

async fn accept_call(stage: Stage) -> Outcome {
    moved(&stage, "ongoing", false).await
}

async fn reject_call(stage: Stage) -> Outcome {
    moved(&stage, "rejected", false).await
}

async fn busy_call(stage: Stage) -> Outcome {
    moved(&stage, "busy", false).await
}

async fn cancel_call(stage: Stage) -> Outcome {
    moved(&stage, "cancelled", true).await
}

async fn end_call(stage: Stage) -> Outcome {
    moved(&stage, "ended", true).await
}

async fn unanswered_call(stage: Stage) -> Outcome {
    moved(&stage, "unanswered", true).await
}

async fn group_call(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    let call = people[0].ring(&group(&guid)).await?;
    for other in &people[1..] {
        let frame = other.socket().hears("onIncomingCallReceived", |body| body["id"] == call["id"]).await?;
        ensure!(at(&frame, "body.data.entities.for.entity.guid") == guid.as_str(), "{frame}");
    }
    people[1].change_call(&call, "ongoing").await?;
    people[0].socket().hears("onOutgoingCallAccepted", |_| true).await?;
    Ok(())
}

async fn online_user_count(stage: Stage) -> Outcome {
    let stage = stage.alone().await?;
    let (ann, _bob) = stage.pair().await?;
    eventually("two are online", async || {
        let answer = ann.online_members(None).await.ok()?;
        (answer["onlineUsersCount"] == 2).then_some(())
    })
    .await;
    Ok(())
}

async fn online_group_member_count(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    let away = stage.user("cat").await?;
    people[0].add_members(&guid, json!({"participants": [away]})).await?;
    eventually("two of three are online", async || {
        let answer = people[0].online_members(Some(&[&guid])).await.ok()?;
        (answer["groups"][&guid] == 2).then_some(())
    })
    .await;
    Ok(())
}
