//! The program as its operator sees it.

use std::time::Duration;

use halley_client::{Connection, Event, Receiver, Server, ServerOptions, Trust};
use halley_testkit::{platform::Platform, unique, within};
use serde_json::json;

use crate::support::{Form, World, block_on};

/// Whoever is asked to end has 10 s.
const END_LIMIT: Duration = Duration::from_secs(10);

#[test]
fn it_ends_in_time_with_an_open_socket_and_its_data_are_there_again() {
    block_on(async {
        let platform = Platform::one_process().await;
        let world = World::on(&platform);
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let mut phone = world.device(&ann, 0).await;
        let sent = phone.say(&bob.receiver(), "before").await;
        let demo = platform.demo.clone();

        let took = platform.terminate("halley").await;

        assert!(took < END_LIMIT, "it took {took:?}");
        phone.closed().await;
        platform.restart("halley").await;
        let again: serde_json::Value =
            serde_json::from_slice(&std::fs::read(platform.data_dir().join("demo.json")).expect("demo.json"))
                .expect("JSON");
        assert_eq!(again["restApiKey"], demo["restApiKey"], "the demo app is the one of before");
        let history =
            phone.api.list_messages(&bob.receiver(), &halley_client::MessagePage::newest(10)).await.expect("history");
        assert_eq!(history.iter().map(|message| message.id).collect::<Vec<_>>(), [sent.id]);
        assert!(platform.terminate("halley").await < END_LIMIT);
    });
}

#[test]
fn a_client_needs_only_the_host_and_tls() {
    block_on(async {
        let platform = Form::OneProcess.platform().await;
        let world = World::on(platform);
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let (rest, certificate) = platform.tls.clone().expect("TLS");
        let pem = std::fs::read_to_string(&certificate).expect("the self-signed certificate");
        let open = |trust: Trust| {
            let app_id = platform.demo["appId"].as_str().expect("app id").to_owned();
            // No address of the socket: the settings of the login name it, as existing clients read them.
            let options = ServerOptions {
                rest: format!("{rest}/v3.0"),
                websocket: None,
                app_id,
                trust,
                timeout: Duration::from_secs(20),
            };
            Server::open(&options).expect("server")
        };
        let api = open(Trust::Certificates(pem)).as_user(&bob.token);
        let login = api.login().await.expect("log in");
        let host = rest.trim_start_matches("https://");
        assert_eq!(login.settings["CLIENT_API_HOST"], json!(host));
        assert_eq!(login.settings["CHAT_API_VERSION"], json!("v3.0"));
        let options = api.socket_options(&login).expect("socket options");
        assert_eq!(options.url, format!("wss://{host}/ws:"));
        let mut socket = within("the socket opens", Connection::connect(options)).await.expect("connect");

        let sent = world.device(&ann, 0).await.say(&Receiver::user(&bob.uid), "over TLS").await;

        let heard = within("the message", async {
            loop {
                if let Some(Event::Message(message)) = socket.next_event().await {
                    return message.id;
                }
            }
        })
        .await;
        assert_eq!(heard, sent.id);
        let stranger = open(Trust::PublicRoots).as_user(&bob.token);
        assert!(stranger.login().await.is_err(), "nobody else signed the certificate");
    });
}

#[test]
fn a_wrong_setting_is_named_and_nothing_starts() {
    block_on(async {
        let platform = Form::OneProcess.platform().await;
        let file = platform.data_dir().join(unique("bad"));
        std::fs::write(&file, "[rest]\nmax_boddy_bytes = 5\n[server]\ngrace_seconds = \"x\"\n").expect("write");
        let complaint = platform.run_failing(&["migrate", "--config", file.to_str().expect("path")]).await;
        assert!(
            complaint.contains("rest.max_boddy_bytes") && complaint.contains("server.grace_seconds"),
            "{complaint}"
        );
    });
}
