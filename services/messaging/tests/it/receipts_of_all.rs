//! In a group: who is told of a receipt, and when everybody has received or read something.

use halley_bus::Channel;
use halley_contracts::{
    events::v1::{ReceiptChanged, ReceiptKind, event::Body},
    messaging::v1::{self as pb, Message},
};
use halley_model::{AppSettings, Limit};

use crate::support::{Api, Feed, GROUP, World, to_group};

/// A room whose members all have a place and have read what was said so far.
async fn room(settings: AppSettings) -> (World, Api) {
    let mut world = World::new(&["ann", "bob", "cat"]).await;
    world.settings = settings;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    api.send("ann", to_group("room", "first")).await;
    for uid in ["ann", "bob", "cat"] {
        read(&api, uid, 0).await;
    }
    world.emptied().await;
    (world, api)
}

async fn read(api: &Api, uid: &str, message_id: i64) {
    let (with_type, with) = (GROUP.into(), "room".to_owned());
    let request = pb::MarkReadRequest { with_type, with, message_id, ..Default::default() };
    api.mark_read(&api.user(uid), request).await.unwrap();
}

async fn delivered(api: &Api, uid: &str, message_id: i64) {
    let (with_type, with) = (GROUP.into(), "room".to_owned());
    let request = pb::MarkDeliveredRequest { with_type, with, message_id, ..Default::default() };
    api.mark_delivered(&api.user(uid), request).await.unwrap();
}

async fn own_feed(world: &World, uid: &str) -> Feed {
    world.listen(vec![Channel::user(&world.app, uid)]).await
}

async fn next(feed: &mut Feed) -> ReceiptChanged {
    feed.next_receipt().await.1
}

/// The next receipt must be this one.
async fn told(feed: &mut Feed, kind: ReceiptKind, uid: &str, message: &Message) {
    let changed = next(feed).await;
    assert_eq!((changed.kind(), changed.message_id), (kind, message.id), "{changed:?}");
    assert_eq!(changed.user.as_ref().unwrap().uid, uid);
    assert_eq!((changed.receiver_type(), changed.receiver.as_str()), (GROUP, "room"));
}

#[tokio::test]
async fn the_last_to_receive_and_to_read_are_told_as_all() {
    let (world, api) = room(AppSettings::default()).await;
    let mut ann = own_feed(&world, "ann").await;
    let message = api.send("ann", to_group("room", "x")).await;
    read(&api, "bob", message.id).await;
    delivered(&api, "cat", message.id).await;
    read(&api, "cat", message.id).await;
    told(&mut ann, ReceiptKind::Read, "bob", &message).await;
    told(&mut ann, ReceiptKind::Delivered, "cat", &message).await;
    told(&mut ann, ReceiptKind::DeliveredToAll, "app_system", &message).await;
    told(&mut ann, ReceiptKind::Read, "cat", &message).await;
    told(&mut ann, ReceiptKind::ReadByAll, "app_system", &message).await;
    // Once: the sender's own reading is no news.
    let next_one = api.send("ann", to_group("room", "y")).await;
    read(&api, "ann", next_one.id).await;
    told(&mut ann, ReceiptKind::Read, "ann", &next_one).await;
    read(&api, "bob", next_one.id).await;
    told(&mut ann, ReceiptKind::Read, "bob", &next_one).await;
}

#[tokio::test]
async fn a_sender_need_not_read_the_own_message_and_each_hears_of_its_own() {
    let (world, api) = room(AppSettings::default()).await;
    let (mut ann, mut bob) = (own_feed(&world, "ann").await, own_feed(&world, "bob").await);
    let of_ann = api.send("ann", to_group("room", "x")).await;
    let of_bob = api.send("bob", to_group("room", "y")).await;
    // Both authors are told of one receipt that covers both messages.
    read(&api, "cat", of_bob.id).await;
    told(&mut ann, ReceiptKind::Read, "cat", &of_bob).await;
    told(&mut bob, ReceiptKind::Read, "cat", &of_bob).await;
    read(&api, "ann", of_bob.id).await;
    told(&mut ann, ReceiptKind::Read, "ann", &of_bob).await;
    told(&mut bob, ReceiptKind::Read, "ann", &of_bob).await;
    // All but bob have read bob's; ann's was not read by bob.
    told(&mut bob, ReceiptKind::DeliveredToAll, "app_system", &of_bob).await;
    told(&mut bob, ReceiptKind::ReadByAll, "app_system", &of_bob).await;
    read(&api, "bob", of_ann.id).await;
    told(&mut ann, ReceiptKind::Read, "bob", &of_ann).await;
    told(&mut ann, ReceiptKind::DeliveredToAll, "app_system", &of_ann).await;
    told(&mut ann, ReceiptKind::ReadByAll, "app_system", &of_ann).await;
}

#[tokio::test]
async fn of_two_who_are_last_at_once_one_tells() {
    let (world, api) = room(AppSettings::default()).await;
    let mut ann = own_feed(&world, "ann").await;
    for n in 0..15 {
        let message = api.send("ann", to_group("room", &format!("x{n}"))).await;
        tokio::join!(read(&api, "bob", message.id), read(&api, "cat", message.id));
        loop {
            let changed = next(&mut ann).await;
            if changed.kind() == ReceiptKind::ReadByAll && changed.message_id == message.id {
                break;
            }
        }
    }
}

#[tokio::test]
async fn in_a_larger_group_only_the_last_sender_is_told() {
    let (world, api) = room(AppSettings::default().with_limit(Limit::ReceiptsByAll, 2)).await;
    let (mut ann, mut bob) = (own_feed(&world, "ann").await, own_feed(&world, "bob").await);
    let of_ann = api.send("ann", to_group("room", "x")).await;
    let of_bob = api.send("bob", to_group("room", "y")).await;
    read(&api, "cat", of_bob.id).await;
    read(&api, "bob", of_ann.id).await;
    told(&mut bob, ReceiptKind::Read, "cat", &of_bob).await;
    told(&mut bob, ReceiptKind::Read, "bob", &of_ann).await;
    told(&mut ann, ReceiptKind::Read, "bob", &of_ann).await;
    let next_one = api.send("ann", to_group("room", "z")).await;
    read(&api, "bob", next_one.id).await;
    told(&mut ann, ReceiptKind::Read, "bob", &next_one).await;
}

#[tokio::test]
async fn counts_that_no_receipt_tells_of_go_to_own_devices() {
    let (world, api) = room(AppSettings::default()).await;
    let mut messages = Vec::new();
    for n in 0..4 {
        messages.push(api.send("ann", to_group("room", &format!("x{n}"))).await);
    }
    read(&api, "bob", messages[3].id).await;
    world.emptied().await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann"), Channel::user(&world.app, "bob")]).await;
    let (with_type, with) = (GROUP.into(), "room".to_owned());
    let request = pb::MarkUnreadRequest { with_type, with, message_id: messages[0].id };
    api.mark_unread(&api.user("bob"), request).await.unwrap();
    read(&api, "bob", messages[1].id).await;
    read(&api, "bob", messages[3].id).await;
    for unread in [3, 2, 0] {
        let (channel, event) = feed.next().await;
        let Some(Body::UnreadChanged(changed)) = event.body else { panic!("{event:?}") };
        assert_eq!(channel, Channel::user(&world.app, "bob"));
        let conversation = changed.conversation.unwrap();
        assert_eq!((conversation.unread_count, conversation.owner_uid.as_str()), (unread, "bob"));
    }
    // Whatever changes nothing is told to nobody: the next is the receipt of something new.
    read(&api, "bob", messages[3].id).await;
    let last = api.send("ann", to_group("room", "last")).await;
    read(&api, "bob", last.id).await;
    assert_eq!(next(&mut feed).await.message_id, last.id);
}
