use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use halley_client::{ClientError, Receiver, Server, ServerOptions, Socket, Trust, install_crypto};

use crate::fake::{Shared, router};
use crate::soon;

async fn start() -> (String, String) {
    install_crypto();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let key = made.signing_key.serialize_pem();
    let config = RustlsConfig::from_pem(pem.clone().into_bytes(), key.into_bytes()).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let service = router(Arc::new(Shared::default())).into_make_service();
    let server = axum_server::from_tcp_rustls(listener, config).unwrap();
    tokio::spawn(async move { server.serve(service).await.unwrap() });
    (host, pem)
}

fn server(host: &str, trust: Trust) -> Server {
    let options = ServerOptions {
        rest: format!("https://{host}"),
        websocket: Some(format!("wss://{host}/ws")),
        app_id: "app".into(),
        trust,
        timeout: Duration::from_secs(5),
    };
    Server::open(&options).unwrap()
}

#[tokio::test]
async fn http_and_socket_trust_a_given_certificate_or_any_but_not_a_stranger() {
    let (host, pem) = start().await;
    for trust in [Trust::Certificates(pem), Trust::AnyCertificate] {
        let ann = server(&host, trust).as_user("token-ann");
        let login = ann.login().await.unwrap();
        let mut options = ann.socket_options(&login).unwrap();
        options.keep_own = true;
        let mut socket = Socket::connect(options.clone()).await.unwrap();
        ann.send_message(&Receiver::user("bob"), "hi", ann.resource()).await.unwrap();
        assert!(soon(socket.next()).await.is_some());
        let stranger = server(&host, Trust::PublicRoots).as_user("token-ann");
        assert!(matches!(stranger.login().await, Err(ClientError::Transport(_))));
        let strange = stranger.socket_options(&login).unwrap();
        assert!(matches!(soon(Socket::connect(strange)).await, Err(ClientError::Transport(_))));
    }
}

#[test]
fn a_text_without_a_certificate_is_refused() {
    let options = ServerOptions {
        rest: "https://h".into(),
        websocket: None,
        app_id: "app".into(),
        trust: Trust::Certificates("nonsense".into()),
        timeout: Duration::from_secs(5),
    };
    assert!(matches!(Server::open(&options), Err(ClientError::Setting(_))));
}
