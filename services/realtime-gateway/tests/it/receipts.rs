//! Receipts, which are the only thing that clients send up the socket for others.

use halley_bus::Channel;
use halley_contracts::{
    events::v1::{ReceiptChanged, ReceiptKind, event::Body},
    identity::v1::User,
    messaging::v1::ReceiverType,
};
use halley_testkit::eventually;
use serde_json::json;

use crate::support::{World, fakes::Marked};

fn receipt(action: &str, receiver_type: &str, receiver: &str, message_id: &serde_json::Value) -> serde_json::Value {
    json!({"appId": "any", "type": "receipts", "sender": "somebody else", "receiver": receiver,
        "receiverType": receiver_type, "deviceId": "D", "messageSender": "bob",
        "body": {"action": action, "messageId": message_id, "user": {"uid": "somebody else"}}})
}

#[tokio::test]
async fn receipts_are_passed_on_as_the_sockets_own_users() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    ann.send(receipt("delivered", "user", "BOB", &json!("12"))).await;
    ann.send(receipt("read", "group", "room", &json!(13))).await;
    let marked = |read, with_type: ReceiverType, with: &str, message_id| Marked {
        read,
        app_id: world.app.clone(),
        uid: "ann".to_owned(),
        with_type: with_type.into(),
        with: with.to_owned(),
        message_id,
        device_id: "ann-device".to_owned(),
    };
    let wanted = [marked(false, ReceiverType::User, "bob", 12), marked(true, ReceiverType::Group, "room", 13)];
    eventually("both receipts", async || (*world.fakes.messaging.marked.lock().unwrap() == wanted).then_some(())).await;
}

#[tokio::test]
async fn a_slow_messaging_holds_up_neither_pongs_nor_messages() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    world.fakes.messaging.marks.shut();
    for id in 1..=500 {
        ann.send(receipt("read", "user", "bob", &json!(id))).await;
    }
    ann.is_alive().await;
    world.nothing_came(&mut ann, "ann").await;
    world.fakes.messaging.marks.open();
    // Later ones went with earlier ones, and the last is not lost.
    eventually("the last receipt", async || {
        let marked = world.fakes.messaging.marked.lock().unwrap();
        (marked.last().map(|marked| marked.message_id) == Some(500)).then_some(())
    })
    .await;
    assert!(world.fakes.messaging.marked.lock().unwrap().len() < 10);
}

#[tokio::test]
async fn a_moved_watermark_is_shown_to_both_sides() {
    let world = World::new().await;
    let node = world.node().await;
    let mut bob = world.client(&node, "bob").await;
    let mut ann = world.client(&node, "ann").await;
    let user = User { uid: "ann".to_owned(), name: "Ann".to_owned(), ..Default::default() };
    for (kind, action) in [(ReceiptKind::Delivered, "delivered"), (ReceiptKind::Read, "read")] {
        let changed = ReceiptChanged {
            kind: kind.into(),
            user: Some(user.clone()),
            receiver_type: ReceiverType::User.into(),
            receiver: "bob".to_owned(),
            conversation_id: "ann_user_bob".to_owned(),
            message_id: 12,
            sequence: 3,
            message_sender: "bob".to_owned(),
        };
        let event = halley_bus::event(&world.app, "ann-device", Body::ReceiptChanged(changed));
        let both = vec![Channel::user(&world.app, "ann"), Channel::user(&world.app, "bob")];
        world.publish(both, &event).await;
        for client in [&mut ann, &mut bob] {
            let frame = client.frame().await;
            let outer = json!({"appId": world.app, "type": "receipts", "sender": "ann", "receiver": "bob",
                "receiverType": "user", "deviceId": "ann-device"});
            for (key, value) in outer.as_object().unwrap() {
                assert_eq!(frame[key], *value, "{frame}");
            }
            let body = &frame["body"];
            assert_eq!((&body["action"], &body["messageId"]), (&json!(action), &json!("12")));
            assert_eq!(
                (&body["user"]["uid"], &body["timestamp"]),
                (&json!("ann"), &json!(event.occurred_at_ms / 1000))
            );
        }
    }
}
