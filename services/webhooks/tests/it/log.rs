//! The log as operators see it, by an edge that asks as Halley itself.

use std::collections::BTreeSet;

use halley_contracts::webhooks::v1::{self as pb, DeliveryState};
use halley_model::ErrorCode;
use halley_testkit::unique;

use crate::support::World;

#[tokio::test]
async fn all_pages_show_each_delivery_once_whatever_comes_meanwhile() {
    let world = World::new().await;
    world.hooks(vec![world.hook("hook", "/ok"), world.hook("other", "/ok")]).await;
    world.messages(23).await;
    world.finished("hook", 23, DeliveryState::Delivered).await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let request = pb::ListDeliveriesRequest { webhook_id: "hook".into(), limit: 5, cursor, ..Default::default() };
        let page = world.list(request).await.unwrap();
        assert!(page.deliveries.iter().all(|d| d.payload_json.is_empty() && d.webhook_id == "hook"));
        seen.extend(page.deliveries.into_iter().map(|delivery| delivery.delivery_id));
        pages += 1;
        if page.next_cursor.is_empty() {
            break;
        }
        cursor = page.next_cursor;
        world.send_test("hook").await.unwrap();
    }
    assert_eq!((pages, seen.len()), (5, 23));
    assert!(seen.is_sorted_by(|a, b| a > b), "the newest first");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 23);
}

#[tokio::test]
async fn the_log_is_filtered() {
    let world = World::new().await;
    world.hooks(vec![world.hook("hook", "/fail"), world.hook("fine", "/ok")]).await;
    world.messages(2).await;
    world.finished("hook", 2, DeliveryState::Failed).await;
    world.send_test("hook").await.unwrap();
    world.finished("hook", 3, DeliveryState::Failed).await;
    let count = async |trigger: &str, state: DeliveryState| {
        let request = pb::ListDeliveriesRequest {
            webhook_id: "hook".into(),
            trigger: trigger.into(),
            state: state.into(),
            ..Default::default()
        };
        world.list(request).await.unwrap().deliveries.len()
    };
    assert_eq!(count("", DeliveryState::Unspecified).await, 3);
    assert_eq!(count("message_sent", DeliveryState::Unspecified).await, 2);
    assert_eq!(count("ping", DeliveryState::Failed).await, 1);
    assert_eq!(count("", DeliveryState::Delivered).await, 0);
    for request in [
        pb::ListDeliveriesRequest { cursor: "x".into(), ..Default::default() },
        pb::ListDeliveriesRequest { limit: 101, ..Default::default() },
        pb::ListDeliveriesRequest { limit: -1, ..Default::default() },
        pb::ListDeliveriesRequest { state: 9, ..Default::default() },
        pb::ListDeliveriesRequest { trigger: "x".repeat(1000), ..Default::default() },
    ] {
        assert_eq!(world.list(request.clone()).await.unwrap_err().code, ErrorCode::BadRequest, "{request:?}");
    }
}

#[tokio::test]
async fn a_delivery_is_sent_again_under_the_same_id() {
    let world = World::new().await;
    world.hooks(vec![world.hook("hook", "/fail")]).await;
    world.messages(1).await;
    let failed = world.finished("hook", 1, DeliveryState::Failed).await.remove(0);
    world.hooks(vec![world.hook("hook", "/ok-now")]).await;

    let again = world.redeliver("hook", &failed.delivery_id).await.unwrap();

    assert_eq!(again.state(), DeliveryState::Pending);
    let call = world.receiver.wait_for("/ok-now", 1).await.remove(0);
    assert_eq!(call.header("webhook-id"), failed.delivery_id);
    let done = world.finished("hook", 1, DeliveryState::Delivered).await.remove(0);
    assert_eq!(done.attempts.len(), 2, "the earlier call is still known");
}

#[tokio::test]
async fn a_test_says_that_a_receiver_is_reached() {
    let world = World::new().await;
    world.hooks(vec![world.hook("hook", "/ok")]).await;

    let sent = world.send_test("hook").await.unwrap();

    let call = world.receiver.wait_for("/ok", 1).await.remove(0);
    assert_eq!((call.body["trigger"].as_str(), call.header("webhook-id")), (Some("ping"), sent.delivery_id.as_str()));
    world.finished("hook", 1, DeliveryState::Delivered).await;
    // One that is switched off is as good as none for auth.
    world.send_test("off").await.unwrap();
    let off = world.finished("off", 1, DeliveryState::Failed).await.remove(0);
    assert_eq!(off.attempts[0].error, "not-enabled");
}

#[tokio::test]
async fn what_is_not_there_is_not_shown_and_what_waits_is_not_sent_twice() {
    let world = World::new().await;
    world.hooks(vec![world.hook("hook", "/ok"), world.hook("slow", "/slow")]).await;
    world.messages(1).await;
    let own = world.finished("hook", 1, DeliveryState::Delivered).await.remove(0).delivery_id;
    let missing = uuid::Uuid::now_v7().to_string();
    for (webhook, id) in [("hook", missing.as_str()), ("hook", "x"), ("slow", own.as_str()), ("", own.as_str())] {
        assert_eq!(
            world.get(webhook, id).await.unwrap_err().code,
            ErrorCode::WebhookDeliveryNotFound,
            "{webhook} {id}"
        );
        let fault = world.redeliver(webhook, id).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::WebhookDeliveryNotFound, "{webhook} {id}");
    }
    world.receiver.wait_for("/slow", 1).await;
    let pending = world.log("slow").await.remove(0).delivery_id;
    let fault = world.redeliver("slow", &pending).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::WebhookDeliveryNotSendable);
}

#[tokio::test]
async fn neither_keys_nor_users_nor_other_apps_see_deliveries() {
    let world = World::new().await;
    world.hooks(vec![world.hook("hook", "/ok")]).await;
    world.messages(1).await;
    let id = world.finished("hook", 1, DeliveryState::Delivered).await.remove(0).delivery_id;
    for caller in [world.server(), world.user()] {
        let mut client = world.client();
        let hook = || "hook".to_owned();
        let list = pb::ListDeliveriesRequest { webhook_id: hook(), ..Default::default() };
        let get = pb::GetDeliveryRequest { webhook_id: hook(), delivery_id: id.clone() };
        let again = pb::RedeliverRequest { webhook_id: hook(), delivery_id: id.clone() };
        let faults = [
            client.list_deliveries(caller.request(list)).await.map(drop).unwrap_err(),
            client.get_delivery(caller.request(get)).await.map(drop).unwrap_err(),
            client.redeliver(caller.request(again)).await.map(drop).unwrap_err(),
            client.send_test(caller.request(pb::SendTestRequest { webhook_id: hook() })).await.map(drop).unwrap_err(),
        ];
        for fault in faults {
            assert_eq!(halley_kit::error::public_code(&fault), Some(ErrorCode::PermissionDenied));
        }
    }
    let export = pb::ExportUserRequest { uid: "ann".into(), cursor: String::new() };
    let fault = world.client().export_user(world.user().request(export)).await.unwrap_err();
    assert_eq!(halley_kit::error::public_code(&fault), Some(ErrorCode::PermissionDenied));
    let other = halley_kit::Caller::system(unique("other"));
    let get = pb::GetDeliveryRequest { webhook_id: "hook".into(), delivery_id: id };
    let fault = world.client().get_delivery(other.request(get)).await.unwrap_err();
    assert_eq!(halley_kit::error::public_code(&fault), Some(ErrorCode::WebhookDeliveryNotFound));
    let list = pb::ListDeliveriesRequest { webhook_id: "hook".into(), ..Default::default() };
    let listed = world.client().list_deliveries(other.request(list)).await.unwrap().into_inner();
    assert!(listed.deliveries.is_empty());
    assert_eq!(world.receiver.calls("/").len(), 1, "nothing was sent by any of it");
}
