//! A world to test in: a database, a bus, fakes of the other services, and instances of this one.

pub mod fakes;
mod servers;

use std::{collections::BTreeSet, sync::Arc};

use halley_apps::Apps;
use halley_bus::{Bus, BusConfig, Channel, Delivery, Outgoing};
use halley_contracts::{
    common::v1::{ApiKeyPrincipal, ApiKeyScope, UserPrincipal},
    events::v1::{Event, ReceiptChanged, event::Body},
    groups::v1::{
        Group, MembershipAction, MembershipChanged, MembershipEvent, groups_service_server::GroupsServiceServer,
    },
    identity::v1::identity_service_server::IdentityServiceServer,
    messaging::v1::{self as pb, messaging_service_client::MessagingServiceClient},
};
use halley_kit::{
    Caller, Lifecycle, MasterKey, PublicError, Transport,
    server::{Credentials, mount},
    time,
};
use halley_messaging::{Dependencies, MIGRATOR, MessagingConfig};
use halley_model::{AppSettings, ErrorCode};
use halley_testkit::{eventually, unique, within};
use prost::Message as _;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status, service::Routes};

use fakes::{FakeGroups, FakeIdentity};
pub use servers::{OwnPostgres, OwnRedis};

pub struct World {
    pub app: String,
    pub pool: PgPool,
    pub bus: Bus,
    pub identity: Arc<FakeIdentity>,
    pub groups: Arc<FakeGroups>,
    /// Of every app.
    pub settings: AppSettings,
    credentials: Credentials,
}

/// One instance of the service.
pub struct Api {
    transport: Transport,
    pub app: String,
    pub lifecycle: Lifecycle,
}

/// Moves a request's cursor to the outermost message of a page.
pub type Turn = fn(&mut pb::ListMessagesRequest, &pb::Message);

pub type Outcome<T> = Result<T, PublicError>;

impl World {
    /// With these users.
    pub async fn new(uids: &[&str]) -> Self {
        Self::on_redis(&halley_testkit::redis_url().await, uids).await
    }

    /// With a Redis that other tests don't use: its durable stream is read by this world's instances alone.
    pub async fn on_redis(redis_url: &str, uids: &[&str]) -> Self {
        Self::on(halley_testkit::database(&MIGRATOR).await, redis_url, uids).await
    }

    pub async fn on(pool: PgPool, redis_url: &str, uids: &[&str]) -> Self {
        let world = Self {
            app: unique("a"),
            pool,
            bus: bus(redis_url).await,
            identity: Arc::default(),
            groups: Arc::default(),
            settings: AppSettings::default(),
            credentials: Credentials::new(&MasterKey::generate()),
        };
        uids.iter().for_each(|uid| world.identity.add_user(uid));
        world
    }

    pub async fn start(&self) -> Api {
        self.start_with(MessagingConfig::default()).await
    }

    pub async fn start_with(&self, config: MessagingConfig) -> Api {
        self.start_on(config, self.pool.clone(), self.bus.clone()).await
    }

    /// An instance with connections of its own.
    pub async fn start_on(&self, config: MessagingConfig, pool: PgPool, bus: Bus) -> Api {
        let lifecycle = Lifecycle::new();
        let local =
            |routes: Routes| Transport::local(mount(routes, self.credentials.clone()), self.credentials.service());
        let needs = Dependencies {
            pool,
            apps: Apps::fixed(self.settings.clone()),
            bus,
            identity: local(Routes::new(IdentityServiceServer::from_arc(Arc::clone(&self.identity)))),
            groups: local(Routes::new(GroupsServiceServer::from_arc(Arc::clone(&self.groups)))),
            lifecycle: lifecycle.clone(),
        };
        let routes = halley_messaging::start(config, needs).await.unwrap();
        let transport = Transport::local(mount(routes, self.credentials.clone()), self.credentials.edge());
        Api { transport, app: self.app.clone(), lifecycle }
    }

    /// Tells every cache something.
    pub async fn fact(&self, body: Body) {
        let event = halley_bus::event(&self.app, "", body);
        let payload = event.encode_to_vec().into();
        self.bus.publish(&[Outgoing { channels: vec![Channel::facts()], durable: false, payload }]).await.unwrap();
    }

    /// Puts an event onto the durable stream.
    pub async fn durable(&self, event: &Event) {
        let payload = event.encode_to_vec().into();
        self.bus.publish(&[Outgoing { channels: Vec::new(), durable: true, payload }]).await.unwrap();
    }

    /// What comes on channels from now on.
    pub async fn listen(&self, channels: Vec<Channel>) -> Feed {
        let (subscriptions, deliveries) = self.bus.subscriber(CancellationToken::new());
        subscriptions.subscribe(channels).await.unwrap();
        Feed { deliveries, _subscriptions: subscriptions }
    }

    /// Another app's view of the same instance.
    pub fn stranger(api: &Api) -> Api {
        Api { transport: api.transport.clone(), app: unique("b"), lifecycle: api.lifecycle.clone() }
    }

    pub fn group(&self, guid: &str) -> Group {
        self.groups.groups.lock().unwrap()[guid].clone()
    }

    /// What is not published yet.
    pub async fn outbox(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until everything is published.
    pub async fn emptied(&self) {
        eventually("an empty outbox", async || (self.outbox().await == 0).then_some(())).await;
    }

    /// A change of a membership in a group, as the groups service tells it.
    pub fn membership(&self, guid: &str, uid: &str, action: MembershipAction) -> MembershipEvent {
        MembershipEvent {
            event_id: unique("event-"),
            occurred_at_ms: time::now_ms(),
            change: Some(MembershipChanged {
                action: action.into(),
                group: Some(self.group(guid)),
                by_uid: uid.to_owned(),
                on_uid: uid.to_owned(),
                ..Default::default()
            }),
        }
    }
}

/// The messages on the durable stream.
pub async fn on_stream(redis_url: &str) -> BTreeSet<i64> {
    let client = redis::Client::open(redis_url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let entries: redis::streams::StreamRangeReply =
        redis::cmd("XRANGE").arg(halley_bus::STREAM).arg("-").arg("+").query_async(&mut connection).await.unwrap();
    let events =
        entries.ids.iter().map(|entry| Event::decode(entry.get::<Vec<u8>>("event").unwrap().as_slice()).unwrap());
    events.filter_map(message_of).map(|message| message.id).collect()
}

fn message_of(event: Event) -> Option<pb::Message> {
    match event.body {
        Some(Body::MessageSent(sent)) => sent.message,
        _ => None,
    }
}

pub async fn bus(redis_url: &str) -> Bus {
    Bus::connect(&BusConfig { url: redis_url.to_owned().into(), stream_max_len: 100_000 }).await.unwrap()
}

/// A membership change as it stands on the durable stream.
pub fn durable_form(app: &str, event: &MembershipEvent) -> Event {
    Event {
        id: event.event_id.clone(),
        app_id: app.to_owned(),
        occurred_at_ms: event.occurred_at_ms,
        origin_device_id: String::new(),
        body: event.change.clone().map(Body::MembershipChanged),
    }
}

pub struct Feed {
    deliveries: mpsc::Receiver<Delivery>,
    _subscriptions: halley_bus::Subscriptions,
}

impl Feed {
    pub async fn next(&mut self) -> (Channel, Event) {
        loop {
            match within("a live event", self.deliveries.recv()).await {
                Some(Delivery::Message { channel, payload }) => return (channel, Event::decode(payload).unwrap()),
                Some(_) => {}
                None => panic!("the feed ended"),
            }
        }
    }

    /// The next receipt, whatever else comes before it.
    pub async fn next_receipt(&mut self) -> (Channel, ReceiptChanged) {
        loop {
            if let (channel, Event { body: Some(Body::ReceiptChanged(changed)), .. }) = self.next().await {
                return (channel, changed);
            }
        }
    }

    /// The next message, whatever else comes before it.
    pub async fn next_message(&mut self) -> (Channel, pb::Message) {
        loop {
            if let (channel, Event { body: Some(Body::MessageSent(sent)), .. }) = self.next().await {
                return (channel, sent.message.unwrap());
            }
        }
    }
}

pub fn outcome<T>(answer: Result<Response<T>, Status>) -> Outcome<T> {
    answer.map(Response::into_inner).map_err(|status| PublicError::from_status(&status))
}

macro_rules! calls {
    ($($name:ident($request:ident) -> $response:ident;)*) => {
        impl Api {
            $(pub async fn $name(&self, caller: &Caller, request: pb::$request) -> Outcome<pb::$response> {
                outcome(MessagingServiceClient::new(self.transport.clone()).$name(caller.request(request)).await)
            })*
        }
    };
}

calls! {
    send_message(SendMessageRequest) -> SendMessageResponse;
    get_message(GetMessageRequest) -> GetMessageResponse;
    edit_message(EditMessageRequest) -> EditMessageResponse;
    delete_message(DeleteMessageRequest) -> DeleteMessageResponse;
    add_reaction(AddReactionRequest) -> AddReactionResponse;
    remove_reaction(RemoveReactionRequest) -> RemoveReactionResponse;
    list_reactions(ListReactionsRequest) -> ListReactionsResponse;
    pin_message(PinMessageRequest) -> PinMessageResponse;
    unpin_message(UnpinMessageRequest) -> UnpinMessageResponse;
    save_message(SaveMessageRequest) -> SaveMessageResponse;
    unsave_message(UnsaveMessageRequest) -> UnsaveMessageResponse;
    list_messages(ListMessagesRequest) -> ListMessagesResponse;
    list_conversations(ListConversationsRequest) -> ListConversationsResponse;
    get_conversation(GetConversationRequest) -> GetConversationResponse;
    update_conversation(UpdateConversationRequest) -> UpdateConversationResponse;
    reset_conversation(ResetConversationRequest) -> ResetConversationResponse;
    mark_read(MarkReadRequest) -> MarkReadResponse;
    mark_delivered(MarkDeliveredRequest) -> MarkDeliveredResponse;
    mark_unread(MarkUnreadRequest) -> MarkUnreadResponse;
    count_unread(CountUnreadRequest) -> CountUnreadResponse;
    mark_interacted(MarkInteractedRequest) -> MarkInteractedResponse;
    list_threads(ListThreadsRequest) -> ListThreadsResponse;
    subscribe_thread(SubscribeThreadRequest) -> SubscribeThreadResponse;
    unsubscribe_thread(UnsubscribeThreadRequest) -> UnsubscribeThreadResponse;
    pin_conversation(PinConversationRequest) -> PinConversationResponse;
    unpin_conversation(UnpinConversationRequest) -> UnpinConversationResponse;
    list_system_pins(ListSystemPinsRequest) -> ListSystemPinsResponse;
    replace_system_pins(ReplaceSystemPinsRequest) -> ReplaceSystemPinsResponse;
    open_conversations(OpenConversationsRequest) -> OpenConversationsResponse;
    record_membership(RecordMembershipRequest) -> RecordMembershipResponse;
    resume(ResumeRequest) -> ResumeResponse;
    import_messages(ImportMessagesRequest) -> ImportMessagesResponse;
    count_messages(CountMessagesRequest) -> CountMessagesResponse;
}

impl Api {
    /// The way to the instance, for services beside that of messages.
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// The app acting for a user.
    pub fn for_user(&self, uid: &str) -> Caller {
        let key = ApiKeyPrincipal {
            key_id: "k".to_owned(),
            scope: ApiKeyScope::FullAccess.into(),
            on_behalf_of: uid.to_owned(),
        };
        Caller::api_key(&self.app, key)
    }

    /// A logged-in user.
    pub fn user(&self, uid: &str) -> Caller {
        let user = UserPrincipal { uid: uid.to_owned(), device_id: format!("{uid}-phone"), token_id: "t".to_owned() };
        Caller::user(&self.app, user)
    }

    /// The app itself.
    pub fn server(&self) -> Caller {
        let key = ApiKeyPrincipal {
            key_id: "k".to_owned(),
            scope: ApiKeyScope::FullAccess.into(),
            on_behalf_of: String::new(),
        };
        Caller::api_key(&self.app, key)
    }

    /// Sends as a user; must succeed.
    pub async fn send(&self, uid: &str, request: pb::SendMessageRequest) -> pb::Message {
        self.send_message(&self.user(uid), request).await.unwrap().message.unwrap()
    }

    /// Sends as a user; must be refused.
    pub async fn refused(&self, uid: &str, request: pb::SendMessageRequest) -> ErrorCode {
        self.send_message(&self.user(uid), request).await.expect_err("refused").code
    }

    /// A user's unread count in one conversation.
    pub async fn unread(&self, uid: &str, kind: pb::ReceiverType, with: &str) -> i64 {
        let request =
            pb::GetConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() };
        self.get_conversation(&self.user(uid), request).await.unwrap().conversation.unwrap().unread_count
    }

    /// A user's conversations, newest first.
    pub async fn conversations(&self, uid: &str) -> Vec<pb::Conversation> {
        self.list_conversations(&self.user(uid), pb::ListConversationsRequest::default()).await.unwrap().conversations
    }

    /// Whether a user sees a conversation in the list.
    pub async fn is_listed(&self, uid: &str, with: &str) -> bool {
        self.conversations(uid).await.iter().any(|conversation| conversation.with == with)
    }

    /// One page; must be given.
    pub async fn page(&self, caller: &Caller, request: pb::ListMessagesRequest) -> Vec<pb::Message> {
        self.list_messages(caller, request).await.unwrap().messages
    }

    /// The whole history with a side, walked forward in pages of that size.
    pub async fn walk(&self, caller: &Caller, kind: pb::ReceiverType, with: &str, limit: i32) -> Vec<pb::Message> {
        let direction = pb::Direction::Append.into();
        let request = pb::ListMessagesRequest { direction, limit, ..history(kind, with) };
        self.pages(caller, request, |request, last| request.cursor_id = last.id).await
    }

    /// Every page from a request on, oldest message first.
    pub async fn pages(&self, caller: &Caller, mut request: pb::ListMessagesRequest, turn: Turn) -> Vec<pb::Message> {
        let forward = request.direction() == pb::Direction::Append;
        let mut pages = Vec::new();
        loop {
            let page = self.list_messages(caller, request.clone()).await.unwrap();
            let outermost = if forward { page.messages.last() } else { page.messages.first() };
            if let Some(outermost) = outermost {
                turn(&mut request, outermost);
            }
            pages.push(page.messages);
            if !page.has_more {
                break;
            }
        }
        if !forward {
            pages.reverse();
        }
        pages.concat()
    }
}

/// The history with a side.
pub fn history(kind: pb::ReceiverType, with: &str) -> pb::ListMessagesRequest {
    pb::ListMessagesRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() }
}

/// The texts of messages.
pub fn texts(messages: &[pb::Message]) -> Vec<String> {
    messages.iter().map(text_of).collect()
}

pub const USER: pb::ReceiverType = pb::ReceiverType::User;
pub const GROUP: pb::ReceiverType = pb::ReceiverType::Group;

/// A text message.
pub fn text(kind: pb::ReceiverType, to: &str, text: &str) -> pb::SendMessageRequest {
    pb::SendMessageRequest {
        receiver_type: kind.into(),
        receiver: to.to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: serde_json::json!({ "text": text }).to_string(),
        ..Default::default()
    }
}

pub fn to_user(uid: &str, body: &str) -> pb::SendMessageRequest {
    text(USER, uid, body)
}

pub fn to_group(guid: &str, body: &str) -> pb::SendMessageRequest {
    text(GROUP, guid, body)
}

/// The text of a message.
pub fn text_of(message: &pb::Message) -> String {
    let data: serde_json::Value = serde_json::from_str(&message.data_json).unwrap();
    data["text"].as_str().unwrap_or_default().to_owned()
}

/// Sequence numbers are 1, 2, 3… and ids grow with them.
pub fn assert_dense(messages: &[pb::Message]) {
    for (index, message) in messages.iter().enumerate() {
        assert_eq!(message.sequence, i64::try_from(index).unwrap() + 1, "a hole or a repeat");
    }
    assert!(messages.windows(2).all(|pair| pair[0].id < pair[1].id), "ids must have the order of sequence numbers");
}
