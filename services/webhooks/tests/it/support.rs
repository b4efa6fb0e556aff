//! A world to test in: a database, a bus, receivers of calls, and instances of the service.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use halley_apps::Apps;
use halley_bus::{Bus, BusConfig, Channel, Outgoing};
use halley_contracts::{
    auth::v1::{
        self as auth, Webhook, WebhookTarget,
        webhook_targets_service_server::{WebhookTargetsService, WebhookTargetsServiceServer},
    },
    common::v1::{ApiKeyPrincipal, UserPrincipal},
    events::v1::{ChangeKind, Event, MessageSent, UserChanged, WebhooksChanged, event::Body},
    identity::v1::User,
    messaging::v1::{Message, MessageCategory},
    webhooks::v1::{self as pb, webhooks_service_client::WebhooksServiceClient},
};
use halley_kit::{
    Caller, Lifecycle, MasterKey, PublicError, Transport,
    server::{Credentials, mount},
};
use halley_model::AppSettings;
use halley_testkit::{eventually, unique};
use halley_webhooks::{Dependencies, MIGRATOR, WebhooksConfig};
use prost::Message as _;
use serde_json::Value;
use sqlx::PgPool;
use tonic::{Request, Response as Answer, Status, service::Routes};

pub type Outcome<T> = Result<T, PublicError>;

/// Quick, and to this machine. Nothing is remembered of webhooks, so that a change of them is known at once.
pub fn config() -> WebhooksConfig {
    WebhooksConfig {
        allow_internal: true,
        first_retry_ms: 60,
        second_retry_ms: 120,
        poll_ms: 20,
        apps_cached: 0,
        ..WebhooksConfig::default()
    }
}

/// A call that a receiver got.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Receivers by path: `/ok…` takes, `/fail…` does not, `/slow…` answers in an hour, `/third…` takes the third call of each
/// delivery, `/moved…` leads to `/ok`.
#[derive(Clone, Default)]
pub struct Receiver(Arc<Mutex<Vec<Call>>>);

impl Receiver {
    async fn start() -> (Self, SocketAddr) {
        let receiver = Self::default();
        let router = Router::new().fallback(take).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, address)
    }

    /// What came to paths that begin so.
    pub fn calls(&self, path: &str) -> Vec<Call> {
        self.0.lock().unwrap().iter().filter(|call| call.path.starts_with(path)).cloned().collect()
    }

    /// Waits for so many calls.
    pub async fn wait_for(&self, path: &str, count: usize) -> Vec<Call> {
        eventually(&format!("{count} calls of {path}"), async || {
            let calls = self.calls(path);
            (calls.len() >= count).then_some(calls)
        })
        .await
    }
}

async fn take(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let call = Call { path: path.clone(), headers, body: serde_json::from_slice(&body).unwrap() };
    let before =
        receiver.calls(&path).iter().filter(|old| old.header("webhook-id") == call.header("webhook-id")).count();
    receiver.0.lock().unwrap().push(call);
    match path.as_str() {
        path if path.starts_with("/slow") => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::OK.into_response()
        }
        path if path.starts_with("/fail") => (StatusCode::INTERNAL_SERVER_ERROR, "no".repeat(5000)).into_response(),
        path if path.starts_with("/third") && before < 2 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        path if path.starts_with("/moved") => (StatusCode::FOUND, [(LOCATION, "/ok-moved")]).into_response(),
        _ => (StatusCode::ACCEPTED, "taken").into_response(),
    }
}

/// Whom apps want called.
#[derive(Clone, Default)]
pub struct Auth {
    targets: Arc<Mutex<HashMap<String, Vec<WebhookTarget>>>>,
    asked: Arc<AtomicU32>,
}

#[tonic::async_trait]
impl WebhookTargetsService for Auth {
    async fn list_webhook_targets(
        &self,
        request: Request<auth::ListWebhookTargetsRequest>,
    ) -> Result<Answer<auth::ListWebhookTargetsResponse>, Status> {
        halley_kit::server::require_service(&request)?;
        self.asked.fetch_add(1, Ordering::SeqCst);
        let targets = self.targets.lock().unwrap().get(&request.into_inner().app_id).cloned().unwrap_or_default();
        Ok(Answer::new(auth::ListWebhookTargetsResponse { targets, region: "eu".to_owned() }))
    }
}

/// The running service, seen from one app.
pub struct World {
    pub app: String,
    pub pool: PgPool,
    pub bus: Bus,
    pub receiver: Receiver,
    address: SocketAddr,
    auth: Auth,
    credentials: Credentials,
    lifecycle: Lifecycle,
    client: WebhooksServiceClient<Transport>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(config()).await
    }

    pub async fn with(config: WebhooksConfig) -> Self {
        let bus_config = BusConfig { url: halley_testkit::redis_url().await.into(), stream_max_len: 100_000 };
        let (receiver, address) = Receiver::start().await;
        let credentials = Credentials::new(&MasterKey::generate());
        let nowhere = Transport::local(mount(Routes::default(), credentials.clone()), credentials.edge());
        let mut world = Self {
            app: unique("a"),
            pool: halley_testkit::database(&MIGRATOR).await,
            bus: Bus::connect(&bus_config).await.unwrap(),
            receiver,
            address,
            auth: Auth::default(),
            credentials,
            lifecycle: Lifecycle::new(),
            client: WebhooksServiceClient::new(nowhere),
        };
        world.client = world.start(config).await;
        world
    }

    /// Another instance.
    pub async fn start(&self, config: WebhooksConfig) -> WebhooksServiceClient<Transport> {
        // Tests don't go through `main`.
        drop(rustls::crypto::ring::default_provider().install_default());
        let routes = Routes::new(WebhookTargetsServiceServer::new(self.auth.clone()));
        let auth = Transport::local(mount(routes, self.credentials.clone()), self.credentials.service());
        let nowhere = Transport::local(mount(Routes::default(), self.credentials.clone()), self.credentials.service());
        let needs = Dependencies {
            pool: self.pool.clone(),
            apps: Apps::fixed(AppSettings::default()),
            bus: self.bus.clone(),
            auth,
            identity: nowhere.clone(),
            messaging: nowhere,
            lifecycle: self.lifecycle.clone(),
        };
        let routes = halley_webhooks::start(config, needs).await.unwrap();
        WebhooksServiceClient::new(Transport::local(mount(routes, self.credentials.clone()), self.credentials.edge()))
    }

    /// The address of a receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How often auth was asked for webhooks.
    pub fn asked(&self) -> u32 {
        self.auth.asked.load(Ordering::SeqCst)
    }

    /// Sets the app's webhooks, and tells of it.
    pub async fn hooks(&self, targets: Vec<WebhookTarget>) {
        self.auth.targets.lock().unwrap().insert(self.app.clone(), targets);
        let event = halley_bus::event(&self.app, "", Body::WebhooksChanged(WebhooksChanged {}));
        let payload = event.encode_to_vec().into();
        self.bus.publish(&[Outgoing { channels: vec![Channel::facts()], durable: false, payload }]).await.unwrap();
    }

    /// A webhook of version 2 for messages.
    pub fn hook(&self, id: &str, path: &str) -> WebhookTarget {
        let webhook = Webhook {
            webhook_id: id.to_owned(),
            url: self.url(path),
            enabled: true,
            version: 2,
            created_at_ms: 1,
            ..Default::default()
        };
        WebhookTarget { webhook: Some(webhook), password: String::new(), trigger_ids: vec!["message_sent".to_owned()] }
    }

    /// The same, called again after a failure.
    pub fn stubborn(&self, id: &str, path: &str) -> WebhookTarget {
        let mut target = self.hook(id, path);
        if let Some(webhook) = &mut target.webhook {
            webhook.retry_on_failure = true;
        }
        target
    }

    /// A message of `ann` to `bob` as an event.
    pub fn message(&self, id: i64) -> Event {
        let user = |uid: &str| User { uid: uid.to_owned(), name: uid.to_owned(), ..Default::default() };
        let message = Message {
            id,
            sender_uid: "ann".to_owned(),
            sender: Some(user("ann")),
            receiver: "bob".to_owned(),
            category: MessageCategory::Message.into(),
            r#type: "text".to_owned(),
            data_json: r#"{"text":"hi"}"#.to_owned(),
            sent_at_ms: 1_700_000_000_000,
            ..Default::default()
        };
        halley_bus::event(&self.app, "", Body::MessageSent(MessageSent { message: Some(message) }))
    }

    /// Puts events onto the durable stream.
    pub async fn durable(&self, events: &[Event]) {
        let item =
            |event: &Event| Outgoing { channels: Vec::new(), durable: true, payload: event.encode_to_vec().into() };
        self.bus.publish(&events.iter().map(item).collect::<Vec<_>>()).await.unwrap();
    }

    /// Messages of ids from 1 on.
    pub async fn messages(&self, count: i64) {
        let events: Vec<Event> = (1..=count).map(|id| self.message(id)).collect();
        self.durable(&events).await;
    }

    /// The fact that a user was deleted for good.
    pub async fn user_deleted(&self, uid: &str) {
        let user = Some(User { uid: uid.to_owned(), ..Default::default() });
        let body = Body::UserChanged(UserChanged { kind: ChangeKind::Deleted.into(), user });
        self.durable(&[halley_bus::event(&self.app, "", body)]).await;
    }

    fn system(&self) -> Caller {
        Caller::system(&self.app)
    }

    pub fn server(&self) -> Caller {
        Caller::api_key(&self.app, ApiKeyPrincipal { key_id: "k".to_owned(), ..Default::default() })
    }

    pub fn user(&self) -> Caller {
        Caller::user(&self.app, UserPrincipal { uid: "ann".to_owned(), ..Default::default() })
    }

    pub fn client(&self) -> WebhooksServiceClient<Transport> {
        self.client.clone()
    }

    pub async fn list(&self, request: pb::ListDeliveriesRequest) -> Outcome<pb::ListDeliveriesResponse> {
        Ok(self.client().list_deliveries(self.system().request(request)).await?.into_inner())
    }

    /// All deliveries of a webhook, newest first.
    pub async fn log(&self, webhook_id: &str) -> Vec<pb::Delivery> {
        let request = pb::ListDeliveriesRequest { webhook_id: webhook_id.to_owned(), limit: 100, ..Default::default() };
        self.list(request).await.unwrap().deliveries
    }

    pub async fn get(&self, webhook_id: &str, delivery_id: &str) -> Outcome<pb::Delivery> {
        let request = pb::GetDeliveryRequest { webhook_id: webhook_id.into(), delivery_id: delivery_id.into() };
        let answer = self.client().get_delivery(self.system().request(request)).await?;
        Ok(answer.into_inner().delivery.unwrap())
    }

    pub async fn redeliver(&self, webhook_id: &str, delivery_id: &str) -> Outcome<pb::Delivery> {
        let request = pb::RedeliverRequest { webhook_id: webhook_id.into(), delivery_id: delivery_id.into() };
        let answer = self.client().redeliver(self.system().request(request)).await?;
        Ok(answer.into_inner().delivery.unwrap())
    }

    pub async fn send_test(&self, webhook_id: &str) -> Outcome<pb::Delivery> {
        let request = pb::SendTestRequest { webhook_id: webhook_id.to_owned() };
        let answer = self.client().send_test(self.system().request(request)).await?;
        Ok(answer.into_inner().delivery.unwrap())
    }

    /// Waits until a webhook has so many finished deliveries, and all its deliveries are so.
    pub async fn finished(&self, webhook_id: &str, count: usize, state: pb::DeliveryState) -> Vec<pb::Delivery> {
        eventually(&format!("{count} deliveries that are {state:?}"), async || {
            let log = self.log(webhook_id).await;
            (log.len() == count && log.iter().all(|delivery| delivery.state() == state)).then_some(log)
        })
        .await
    }
}
