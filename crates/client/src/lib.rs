//! The client library of Halley for Rust: messages, groups, presence, receipts, threads, files and calls, with typed events
//! and a socket that comes back by itself.
//!
//! # Your first chat
//!
//! Start a server (see the project's README). It has an app with users and writes what a client needs into `demo.json` of its
//! data directory. Auth tokens come from the app's own server side; in development [`LoginWith::auth_key`] makes one.
//!
//! ```no_run
//! use futures::StreamExt;
//! use halley_client::{ChatEvent, HalleyChat, LoginWith, Receiver, SettingsBuilder};
//!
//! # async fn example(auth_token: &str) -> Result<(), halley_client::ClientError> {
//! let settings = SettingsBuilder::new("http://127.0.0.1:8080", "my-app").build()?;
//! let (chat, mut events) = HalleyChat::login(settings, LoginWith::auth_token(auth_token)).await?;
//! chat.messages().send_text(&Receiver::user("bob"), "hello").await?;
//! while let Some(event) = events.next().await {
//!     if let ChatEvent::Message(message) = event {
//!         println!("{}: {}", message.sender, message.text.as_deref().unwrap_or_default());
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! `examples/` has an echo bot and a chat in the terminal.
//!
//! # Events
//!
//! [`ChatEvent`] lists them all. A stream of them comes with the login, [`HalleyChat::events`] makes others, and
//! [`HalleyChat::add_listener`] calls back. Each new message is told once, each conversation's in order: what is missing in
//! between is fetched first. After a break of the socket everything that was missed is told before
//! [`ChatEvent::Resumed`]. With `refetch` only the messages are, and what else is shown has to be fetched.
//!
//! # Requests
//!
//! [`HalleyChat::users`], [`HalleyChat::groups`], [`HalleyChat::conversations`], [`HalleyChat::messages`] and
//! [`HalleyChat::calls`] call the API. A list is a [`Request`]: filters, then pages or rows.
//!
//! ```no_run
//! # use futures::TryStreamExt;
//! # use halley_client::{ClientError, HalleyChat, Receiver};
//! # async fn example(chat: HalleyChat) -> Result<(), ClientError> {
//! let mut pictures = chat.messages().list_with(&Receiver::user("bob")).types(&["image"]).limit(20);
//! let newest = pictures.previous_page().await?; // older ones at each call, each page oldest first
//! let mut users = chat.users().list().search("an").items();
//! while let Some(user) = users.try_next().await? {
//!     println!("{}", user.name);
//! }
//! # Ok(()) }
//! ```
//!
//! # Sending
//!
//! [`Messages::send`] takes a [`Draft`]: a text, files to upload, files that are somewhere, a message of the app's own or an
//! interactive one. [`Messages::queue`] does the same and does not wait: the message is kept in the outbox, each
//! conversation's in their order, and sent as soon as that is possible, over the socket while there is one, else over HTTP.
//! Every try has the same muid, so it is stored once. [`ChatEvent::Outgoing`] tells how far it is.
//!
//! With a [`DirectoryStorage`] what was not sent outlives the program, and is sent after the next login:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use halley_client::{DirectoryStorage, Draft, FileToSend, HalleyChat, LoginWith, Receiver, SettingsBuilder};
//! # async fn example(auth_token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let storage = Arc::new(DirectoryStorage::open("state/outbox").await?);
//! let settings = SettingsBuilder::new("http://127.0.0.1:8080", "my-app").storage(storage).build()?;
//! let (chat, _) = HalleyChat::login(settings, LoginWith::auth_token(auth_token)).await?;
//! let picture = FileToSend::path("sunset.png", "image/png").await?;
//! let queued = chat.messages().queue(Draft::media(&Receiver::user("bob"), vec![picture]).caption("look")).await?;
//! println!("{}", queued.stored().await?.id); // need not be awaited
//! # Ok(()) }
//! ```
//!
//! # Lists
//!
//! [`MessageList`] and [`ConversationList`] are what a user interface shows, kept as they are by events.
//!
//! ```no_run
//! # use halley_client::{HalleyChat, MessageList, Receiver};
//! # async fn example(chat: HalleyChat) {
//! let list = MessageList::open(&chat, &Receiver::user("bob"));
//! let mut shown = list.subscribe();
//! while shown.changed().await.is_ok() {
//!     let now = shown.borrow_and_update().clone();
//!     println!("{} messages, {} on their way", now.messages.len(), now.outgoing.len());
//! }
//! # }
//! ```
//!
//! # Below
//!
//! The crate speaks the public client protocol and nothing else. What is above is made of parts that can be used alone:
//!
//! * [`Server`] is where to call; [`ApiClient`] is a server plus a credential and a device id.
//! * [`Session`] is a login that outlives its sockets: it reconnects, resumes, and yields each message once.
//! * [`Connection`] is one authenticated socket driven by the caller's own task.
//! * [`Socket`] is the same behind channels, driven by a task of its own.

mod api;
pub mod binary;
mod calls;
mod chat;
mod connection;
mod draft;
mod error;
mod event;
mod file;
mod lists;
mod login;
mod message;
mod models;
mod outbox;
mod outgoing;
mod request;
mod seen;
mod server;
mod session;
mod settings;
mod socket;
mod storage;
mod tls;

pub use api::{ApiClient, Credential};
pub use calls::Fates;
pub use calls::conversations::{Conversations, ConversationsList};
pub use calls::groups::{BannedUsersList, GroupFields, Groups, GroupsList, MemberLists, MembersList};
pub use calls::messages::{Affix, MessagePage, Messages, MessagesList, ReactionsList};
pub use calls::push::{Push, PushToken};
pub use calls::ringing::{Calls, CallsList};
pub use calls::threads::ThreadsList;
pub use calls::users::{BlockedUsersList, Users, UsersList};
pub use chat::{
    CallEvent, CallSignal, ChangeKind, ChatEvent, ConnectionState, ConversationChange, ConversationEvent, EventStream,
    GroupChange, GroupEvent, HalleyChat, LoginWith, LogoutReason, MessageChange, OutgoingMessage, OutgoingState,
    PresenceEvent, ReactionEvent, ReceiptEvent, ReceiptKind, TransientEvent, TypingEvent,
};
pub use connection::{Connection, Format, LeftOff, PresenceSubscription, SocketOptions, Timings};
pub use draft::Draft;
pub use error::ClientError;
pub use event::{Event, Presence, Receipt, Transient, Typing};
pub use file::{FileStream, FileToSend};
pub use lists::{ConversationList, ConversationsSnapshot, MessageList, MessagesSnapshot};
pub use login::Login;
pub use message::{Membership, MembershipKind, Message, MessageAction, Receiver};
pub use models::{
    Attachment, BannedUser, Call, CallParticipant, CallStatus, CallType, Conversation, Group, GroupType, LoggedCall,
    Member, MemberScope, MessageReceipt, Reaction, ReactionCount, Thread, UnreadCount, User,
};
pub use outbox::Queued;
pub use outgoing::{Outgoing, ReceiptAction};
pub use request::{List, Request};
pub use server::{Server, ServerOptions};
pub use session::{Backoff, Session, SessionEvent, SessionOptions};
pub use settings::{Background, ConnectionMode, Settings, SettingsBuilder};
pub use socket::Socket;
pub use storage::{DirectoryStorage, MemoryStorage, Storage};
pub use tls::{Trust, install_crypto};
