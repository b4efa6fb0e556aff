//! The tool against a small server: a good one, and one that loses, repeats or is not there.
#![expect(clippy::unwrap_used, reason = "tests")]

// The client's tests own the server; it is the same protocol.
#[path = "../../../../crates/client/tests/it/fake.rs"]
mod fake;

use std::process::{Command, Output};
use std::sync::atomic::Ordering::SeqCst;

use fake::Fake;
use serde_json::Value;

async fn load(fake: &Fake, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_halley-load"));
    command.args(args).args(["--rest", &fake.rest(), "--websocket", &fake.websocket()]);
    command.args(["--app-id", "app", "--api-key", "key"]);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn pairs_in_a_closed_loop_all_arrive() {
    let fake = Fake::start().await;
    let pid = std::process::id().to_string();
    let args = ["pairs", "--users", "6", "--messages", "300", "--in-flight", "4", "--json", "--server-pid", &pid];
    let output = load(&fake, &args).await;
    let report = report(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    for (key, value) in [("sent", 300), ("acknowledged", 300), ("deliveries", 300), ("expectedDeliveries", 300)] {
        assert_eq!(report[key], value, "{key}");
    }
    assert_eq!(report["measured"]["messages"], 300);
    assert!(report["toDeliver"]["p50Us"].as_u64().unwrap() > 0);
    assert!(report["server"]["processes"][0]["rssKib"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_group_in_an_open_loop_all_arrive() {
    let fake = Fake::start().await;
    let args = ["group", "--members", "30", "--senders", "3", "--messages", "100", "--rate", "500", "--json"];
    let output = load(&fake, &args).await;
    let report = report(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert_eq!(report["deliveries"], 2900);
    let rate = report["acknowledgedPerSecond"].as_f64().unwrap();
    assert!((20.0..=510.0).contains(&rate), "{rate}");
    assert!(report["server"].is_null());
}

#[tokio::test]
async fn losses_fail_the_run() {
    let fake = Fake::start().await;
    fake.state.skip_every.store(10, SeqCst);
    let args = ["pairs", "--users", "2", "--messages", "50", "--quiet", "0.3", "--until", "acknowledged", "--json"];
    let output = load(&fake, &args).await;
    let report = report(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    let lost = report["faults"]["lost"].as_u64().unwrap();
    assert!(lost > 0 && report["deliveries"] == 50 - lost, "{report}");
}

#[tokio::test]
async fn duplicates_fail_the_run() {
    let fake = Fake::start().await;
    fake.state.twice.store(true, SeqCst);
    let output = load(&fake, &["group", "--members", "3", "--senders", "1", "--messages", "20", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    // The last one's second copy may come after the end.
    assert!(report(&output)["faults"]["duplicated"].as_u64().unwrap() >= 36);
}

#[tokio::test]
async fn idle_sockets_are_held() {
    let fake = Fake::start().await;
    let output = load(&fake, &["idle", "--connections", "50", "--hold", "0.1"]).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("50 idle sockets"), "{text}");
}

#[tokio::test]
async fn the_newest_page_is_read_and_a_failing_server_stops_the_filling() {
    let fake = Fake::start().await;
    let args = ["history", "--messages", "120", "--page", "50", "--in-flight", "2", "--duration", "0.2", "--json"];
    let output = load(&fake, &args).await;
    let first = report(&output);
    assert_eq!(output.status.code(), Some(0), "{first}");
    assert!(first["units"].as_u64().unwrap() > 0);
    fake.state.failing_histories.store(3, SeqCst);
    let output = load(&fake, &args).await;
    assert_eq!(output.status.code(), Some(2), "the filling must not believe a failing server");
}

#[tokio::test]
async fn everybody_comes_back_and_gets_what_was_missed() {
    let fake = Fake::start().await;
    let output = load(&fake, &["reconnect", "--users", "9", "--missed", "7", "--json"]).await;
    let report = report(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert_eq!((&report["units"], &report["faulty"]), (&9.into(), &0.into()));
}

#[tokio::test]
async fn a_run_that_cannot_be_made_says_why() {
    let fake = Fake::start().await;
    fake.state.dead_tokens.store(true, SeqCst);
    let output = load(&fake, &["pairs", "--users", "2"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("login of load-0"), "{output:?}");
    let output = load(&fake, &["pairs", "--users", "3"]).await;
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_demo_file_is_enough_to_find_the_server() {
    let path = std::env::temp_dir().join(format!("halley-load-{}.json", std::process::id()));
    std::fs::write(
        &path,
        r#"{"rest":"http://127.0.0.1:1","websocket":"ws://127.0.0.1:1","appId":"a","restApiKey":"k"}"#,
    )
    .unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_halley-load")).arg("pairs").arg("--demo").arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("creating user"), "{output:?}");
}
