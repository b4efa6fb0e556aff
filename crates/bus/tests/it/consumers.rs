//! Readers of the durable stream.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use halley_bus::{Bus, Outgoing, consumer};
use halley_contracts::events::v1::Event;
use halley_testkit::{eventually, unique};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::support::{bus, event};

async fn write(bus: &Bus, app_id: &str) {
    let item = Outgoing { channels: vec![], durable: true, payload: event(app_id).encode_to_vec().into() };
    bus.publish(&[item]).await.expect("published");
}

/// Runs a reader that fails `failures` times; answers what it took of these apps.
fn read(bus: Bus, group: &str, app: &str, failures: u32) -> (Arc<Mutex<Vec<String>>>, CancellationToken) {
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let shutdown = CancellationToken::new();
    let (list, stop, group, app) = (Arc::clone(&taken), shutdown.clone(), group.to_owned(), app.to_owned());
    let left = Arc::new(AtomicU32::new(failures));
    tokio::spawn(async move {
        consumer::run(bus, &group, "one", stop, |event: Event| {
            let (list, left, mine) = (Arc::clone(&list), Arc::clone(&left), event.app_id.starts_with(&app));
            async move {
                if !mine {
                    return Ok(());
                }
                if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
                    return Err("not now");
                }
                list.lock().expect("lock").push(event.app_id);
                Ok(())
            }
        })
        .await;
    });
    (taken, shutdown)
}

#[tokio::test]
async fn events_come_in_order_also_those_of_before_and_after_a_failure() {
    let bus = bus().await;
    let (app, group) = (unique("a"), unique("g"));
    for n in 0..5 {
        write(&bus, &format!("{app}-{n}")).await;
    }
    let (taken, _stop) = read(bus.clone(), &group, &app, 2);
    for n in 5..8 {
        write(&bus, &format!("{app}-{n}")).await;
    }

    let wanted: Vec<String> = (0..8).map(|n| format!("{app}-{n}")).collect();
    eventually("all events", async || (*taken.lock().expect("lock") == wanted).then_some(())).await;
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_where_it_was() {
    let bus = bus().await;
    let (app, group) = (unique("a"), unique("g"));
    write(&bus, &format!("{app}-0")).await;
    let (taken, stop) = read(bus.clone(), &group, &app, 0);
    eventually("the first event", async || (!taken.lock().expect("lock").is_empty()).then_some(())).await;
    stop.cancel();
    write(&bus, &format!("{app}-1")).await;

    let (taken, _stop) = read(bus.clone(), &group, &app, 0);

    eventually("the second event", async || (!taken.lock().expect("lock").is_empty()).then_some(())).await;
    assert_eq!(*taken.lock().expect("lock"), [format!("{app}-1")]);
}
