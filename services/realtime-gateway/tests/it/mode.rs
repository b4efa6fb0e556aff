//! Which signals an app's clients may send is the app's to say, at any time.

use std::time::Duration;

use halley_contracts::events::v1::{AppChanged, event::Body};
use halley_testkit::within;
use serde_json::{Value, json};

use crate::support::{World, client::Client};

/// Longer than a signal is under way.
const A_MOMENT: Duration = Duration::from_millis(300);

fn typing(action: &str) -> Value {
    json!({"type": "typing_indicator", "receiver": "bob", "receiverType": "user", "body": {"action": action}})
}

fn note() -> Value {
    json!({"type": "transient_message", "receiver": "bob", "receiverType": "user", "body": {"data": {"k": 1}}})
}

impl World {
    async fn set_mode(&self, mode: &str) {
        *self.fakes.auth.settings.lock().unwrap() = json!({"core.mode": mode}).to_string();
        self.fact(Body::AppChanged(AppChanged::default())).await;
    }
}

/// The type of what comes within a moment.
async fn heard(client: &mut Client) -> Option<String> {
    client.frame_soon(A_MOMENT).await.map(|frame| frame["type"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn typing_and_transient_messages_go_as_far_as_the_mode_says() {
    let world = World::new().await;
    let node = world.node().await;
    let (mut ann, mut bob) = (world.client(&node, "ann").await, world.client(&node, "bob").await);
    ann.send(typing("started")).await;
    assert_eq!(bob.frame().await["body"]["action"], "started");

    world.set_mode("LIMITED_TRANSIENT").await;
    // What began before ends.
    ann.send(typing("ended")).await;
    assert_eq!(bob.frame().await["body"]["action"], "ended");
    within("no typing is passed on", async {
        loop {
            ann.send(typing("started")).await;
            ann.send(typing("ended")).await;
            let mut came = false;
            while heard(&mut bob).await.is_some() {
                came = true;
            }
            if !came {
                return;
            }
        }
    })
    .await;
    ann.send(note()).await;
    assert_eq!(heard(&mut bob).await.as_deref(), Some("transient_message"));

    world.set_mode("NO_TRANSIENT").await;
    within("no transient message is passed on", async {
        loop {
            ann.send(note()).await;
            ann.send(typing("started")).await;
            ann.send(typing("ended")).await;
            match heard(&mut bob).await {
                Some(kind) => assert_eq!(kind, "transient_message"),
                None => return,
            }
        }
    })
    .await;

    world.set_mode("DEFAULT").await;
    within("all is passed on again", async {
        loop {
            ann.send(note()).await;
            if heard(&mut bob).await.is_some() {
                return;
            }
        }
    })
    .await;
}
