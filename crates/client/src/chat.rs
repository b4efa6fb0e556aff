//! A client for one user, with everything that an app needs.

mod event;
mod pump;
mod stream;
mod told;
mod typing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinHandle};

use crate::calls::conversations::Conversations;
use crate::calls::groups::Groups;
use crate::calls::messages::Messages;
use crate::calls::push::Push;
use crate::calls::ringing::Calls;
use crate::calls::users::Users;
use crate::outbox::{Outbox, Way};
use crate::session::Handle;
use crate::{
    ApiClient, Background, ClientError, ConnectionMode, Login, Message, Outgoing, ReceiptAction, Receiver, Session,
    SessionOptions, Settings, User,
};

pub use event::{
    CallEvent, CallSignal, ChangeKind, ChatEvent, ConnectionState, ConversationChange, ConversationEvent, GroupChange,
    GroupEvent, LogoutReason, MessageChange, OutgoingMessage, OutgoingState, PresenceEvent, ReactionEvent,
    ReceiptEvent, ReceiptKind, TransientEvent, TypingEvent,
};
use pump::Pump;
pub(crate) use stream::Audience;
pub use stream::EventStream;
use stream::Standing;
use typing::Typist;

/// Apps whose sockets take no notes of typing.
const QUIETER: &str = "LIMITED_TRANSIENT";
/// Apps whose sockets take neither those nor transient messages.
const QUIETEST: &str = "NO_TRANSIENT";

/// How a user proves to be who it is.
#[derive(Clone)]
pub enum LoginWith {
    /// An auth token, which the app's server side asks for with its API key.
    AuthToken(String),
    /// The app's auth key, in development: whoever has it can be everybody.
    AuthKey {
        /// The user.
        uid: String,
        /// The key.
        auth_key: String,
    },
}

impl LoginWith {
    /// An auth token.
    pub fn auth_token(token: &str) -> Self {
        Self::AuthToken(token.to_owned())
    }

    /// A user and the app's auth key.
    pub fn auth_key(uid: &str, auth_key: &str) -> Self {
        Self::AuthKey { uid: uid.to_owned(), auth_key: auth_key.to_owned() }
    }
}

/// A client of one app on one server, for one user. Cheap to clone; the login's socket ends with the last clone.
#[derive(Clone)]
pub struct HalleyChat {
    inner: Arc<Inner>,
}

struct Inner {
    api: ApiClient,
    handle: Handle,
    login: Login,
    user: User,
    settings: Settings,
    audience: Arc<Audience>,
    outbox: Outbox,
    typist: Arc<Typist>,
    stop: Arc<Notify>,
    pump: Mutex<Option<JoinHandle<()>>>,
    /// Ends the socket in the background; there while the app is in the background.
    grace: Mutex<Option<AbortHandle>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.notify_one();
        self.outbox.stop();
        self.typist.interrupt();
        if let Some(grace) = self.grace.get_mut().unwrap_or_else(PoisonError::into_inner) {
            grace.abort();
        }
    }
}

/// The user that a login answers, without what proves the login.
fn without_secrets(mut user: Value) -> Value {
    if let Some(user) = user.as_object_mut() {
        user.retain(|key, _| !matches!(key.as_str(), "authToken" | "jwt"));
    }
    user
}

impl HalleyChat {
    /// Logs a user in. The stream tells everything from the beginning on; it may be dropped, and others are made by
    /// [`HalleyChat::events`]. What an earlier program left in the settings' storage is sent.
    ///
    /// Must be called inside a Tokio runtime, which drives the socket.
    pub async fn login(settings: Settings, with: LoginWith) -> Result<(Self, EventStream), ClientError> {
        let token = match with {
            LoginWith::AuthToken(token) => token,
            LoginWith::AuthKey { uid, auth_key } => settings.server.with_key(&auth_key).login_token(&uid).await?,
        };
        let mut api = settings.server.as_user(&token);
        if let Some(device_id) = &settings.device_id {
            api = api.with_resource(device_id);
        }
        let login = api.login().await?;
        let options = SessionOptions { backoff: settings.backoff, format: settings.format, keep_own: true };
        let mut socket = Session::socket_options(&api, &login, &options)?;
        socket.presence = settings.presence.clone();
        socket.timings = settings.timings;
        let audience = Arc::new(Audience::new());
        let events = audience.stream();
        let is_wanted = settings.connection == ConnectionMode::Auto;
        if is_wanted {
            audience.change(ConnectionState::Connecting);
        }
        let session = Session::open(api.clone(), &login.uid, options, socket, is_wanted);
        let handle = session.handle().clone();
        let stop = Arc::new(Notify::new());
        let typist = Typist::new(handle.clone(), !matches!(login.settings["MODE"].as_str(), Some(QUIETER | QUIETEST)));
        let pump = Pump {
            session,
            audience: Arc::clone(&audience),
            typist: Arc::clone(&typist),
            stop: Arc::clone(&stop),
            reports_delivered: settings.reports_delivered,
            undelivered: HashMap::new(),
        };
        let pump = Mutex::new(Some(tokio::spawn(pump.run())));
        let user = User::from(without_secrets(login.user.clone()));
        let (sender, backoff) = (user.clone(), settings.backoff);
        let way = Way { handle: handle.clone(), audience: Arc::clone(&audience), sender, backoff };
        let outbox = Outbox::open(way, Arc::clone(&settings.storage), settings.server.app_id()).await;
        let grace = Mutex::default();
        let inner = Arc::new(Inner { api, handle, login, user, settings, audience, outbox, typist, stop, pump, grace });
        Ok((Self { inner }, events))
    }

    /// Logs out: the auth token ends, and what was not sent is forgotten. A refusal is answered after that has been done on
    /// this device all the same.
    pub async fn logout(&self) -> Result<(), ClientError> {
        // The token dies before its socket is closed here, which must not look like another reason.
        self.inner.audience.expect_logout(LogoutReason::Asked);
        let answer = self.inner.api.logout().await;
        self.inner.outbox.close(true).await;
        self.inner.audience.log_out(LogoutReason::Asked);
        self.close().await;
        match answer {
            Err(error) if error.is_credential_dead() => Ok(()),
            answer => answer,
        }
    }

    /// Closes the socket and ends all streams; the auth token stays good for another login. What is not sent by then is
    /// sent after another login, if the storage lasts.
    pub async fn close(&self) {
        self.inner.outbox.close(false).await;
        self.inner.typist.interrupt();
        self.inner.stop.notify_one();
        let pump = self.inner.pump.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pump) = pump {
            // An error means that the task was cancelled with its runtime.
            drop(pump.await);
        }
    }

    /// Who is logged in, as the login told.
    pub fn user(&self) -> &User {
        &self.inner.user
    }

    /// The uid of who is logged in.
    pub fn uid(&self) -> &str {
        &self.inner.login.uid
    }

    /// The id of this device.
    pub fn device_id(&self) -> &str {
        self.inner.api.resource()
    }

    /// What the server says of the app and of itself.
    pub fn server_settings(&self) -> &Value {
        &self.inner.login.settings
    }

    /// Calls that have no function of their own.
    pub fn api(&self) -> &ApiClient {
        &self.inner.api
    }

    /// Users, and who is blocked.
    pub fn users(&self) -> Users<'_> {
        Users { api: &self.inner.api }
    }

    /// Groups and their members.
    pub fn groups(&self) -> Groups<'_> {
        Groups { api: &self.inner.api }
    }

    /// The user's conversations.
    pub fn conversations(&self) -> Conversations<'_> {
        Conversations { api: &self.inner.api, audience: &self.inner.audience }
    }

    /// Reading, sending and changing messages.
    pub fn messages(&self) -> Messages<'_> {
        Messages { api: &self.inner.api, outbox: &self.inner.outbox, audience: &self.inner.audience }
    }

    /// Ringing, answering and leaving.
    pub fn calls(&self) -> Calls<'_> {
        Calls { api: &self.inner.api }
    }

    /// Push tokens of this device.
    pub fn push(&self) -> Push<'_> {
        Push { api: &self.inner.api }
    }

    /// Everything that is told from now on.
    pub fn events(&self) -> EventStream {
        self.inner.audience.stream()
    }

    /// Adds a listener, in place of the one of the same id. It is called for one event after another and holds up the
    /// next ones meanwhile, so it must not block.
    pub fn add_listener(&self, id: &str, listener: impl Fn(&ChatEvent) + Send + Sync + 'static) {
        self.inner.audience.add(id, Arc::new(listener));
    }

    /// Takes a listener away; nothing happens if there is none of that id.
    pub fn remove_listener(&self, id: &str) {
        self.inner.audience.remove(id);
    }

    /// Whether there is a socket.
    pub fn connection(&self) -> ConnectionState {
        self.inner.audience.state()
    }

    /// Opens the socket; for manual connections, and after [`HalleyChat::disconnect`]. What was missed is told when it is
    /// there. A wait before the next try ends.
    pub fn connect(&self) {
        if self.connection() == ConnectionState::Disconnected {
            self.inner.audience.change(ConnectionState::Connecting);
        }
        self.inner.handle.want(true);
    }

    /// Closes the socket, and waits until it is closed; it comes back by [`HalleyChat::connect`].
    pub async fn disconnect(&self) {
        let mut standing = self.inner.audience.watch();
        let endings = standing.borrow_and_update().endings;
        self.inner.handle.want(false);
        // Until the socket is there nothing is to be waited for.
        if self.connection() != ConnectionState::Connected {
            self.inner.audience.change(ConnectionState::Disconnected);
        }
        // An error is no way out: the sender lives as long as this client.
        let is_over = |now: &Standing| now.state == ConnectionState::Disconnected || now.endings > endings;
        drop(standing.wait_for(is_over).await);
    }

    /// Keeps the socket in the background for another while.
    pub fn ping(&self) {
        let mut grace = self.inner.grace.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = grace.take() {
            running.abort();
            *grace = Some(self.close_later());
        }
    }

    /// The app went into the background. With [`Background::Close`] the socket is closed after a grace.
    pub fn enter_background(&self) {
        if self.inner.settings.background == Background::Close {
            let later = self.close_later();
            let before = self.inner.grace.lock().unwrap_or_else(PoisonError::into_inner).replace(later);
            if let Some(before) = before {
                before.abort();
            }
        }
    }

    /// The app is in the foreground again; a socket that the background cost comes back, unless connections are manual.
    pub fn enter_foreground(&self) {
        let running = self.inner.grace.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return };
        running.abort();
        if self.inner.settings.connection == ConnectionMode::Auto {
            self.connect();
        }
    }

    fn close_later(&self) -> AbortHandle {
        let (grace, handle) = (self.inner.settings.background_grace, self.inner.handle.clone());
        let later = async move {
            tokio::time::sleep(grace).await;
            handle.want(false);
        };
        tokio::spawn(later).abort_handle()
    }

    /// The user types, with `{"parentId": …}` as metadata in a thread; to be called at each keystroke. It is told at the
    /// first one, every 15 s of going on, and ends by itself 5 s after the last one. False: nobody is told, as there is no
    /// socket, or the app has no such notes.
    pub async fn start_typing(&self, peer: &Receiver, metadata: Option<Value>) -> bool {
        self.inner.typist.start(peer, metadata).await
    }

    /// The user has stopped, or has sent the message. False: nobody is told, as the user was not typing, or there is no
    /// socket.
    pub async fn stop_typing(&self, peer: &Receiver) -> bool {
        self.inner.typist.stop(peer).await
    }

    /// Sends a note that is not stored. False: it is lost, as there is no socket, or the app has no such notes.
    pub async fn send_transient(&self, peer: &Receiver, data: Value) -> bool {
        self.server_settings()["MODE"] != QUIETEST
            && self.inner.handle.say(Outgoing::Transient { receiver: peer.clone(), data }).await
    }

    /// Says something in a call: `action` is `join`, `leave`, `offer`, `answer`, `candidate` or `bye`, `to` the uid and the
    /// device of who is meant. False: there is no socket, and it is lost.
    pub async fn signal_call(
        &self,
        session_id: &str,
        action: &'static str,
        to: Option<(String, Option<String>)>,
        data: Option<Value>,
    ) -> bool {
        self.inner.handle.say(Outgoing::Call { session_id: session_id.to_owned(), action, to, data }).await
    }

    /// Says that the user has seen a message, and what is before it.
    pub async fn mark_read(&self, message: &Message) -> Result<(), ClientError> {
        self.report(message, ReceiptAction::Read).await
    }

    /// Says that a message has reached this device, and what is before it; by default that is said by itself.
    pub async fn mark_delivered(&self, message: &Message) -> Result<(), ClientError> {
        self.report(message, ReceiptAction::Delivered).await
    }

    /// Over the socket while that is up, else over HTTP. The user's own messages need no receipt.
    async fn report(&self, message: &Message, action: ReceiptAction) -> Result<(), ClientError> {
        if message.sender == self.uid() {
            return Ok(());
        }
        let peer = message.receiver.seen_from(self.uid(), &message.sender);
        let frame = Outgoing::Receipt {
            receiver: peer.clone(),
            action,
            message_id: message.id,
            message_sender: message.sender.clone(),
        };
        if self.inner.handle.say(frame).await {
            return Ok(());
        }
        match action {
            ReceiptAction::Read => self.inner.api.mark_read(&peer, Some(message.id)).await,
            ReceiptAction::Delivered => self.inner.api.mark_delivered(&peer, Some(message.id)).await,
        }
    }
}
