//! A client of Halley: HTTP calls and the real-time socket.
//!
//! It speaks the public client protocol and nothing else, so it works against any server of that protocol.
//!
//! * [`Server`] is where to call; [`ApiClient`] is a server plus a credential and a device id.
//! * [`Connection`] is one authenticated socket driven by the caller's own task.
//! * [`Socket`] is the same behind channels, driven by a task of its own.
//! * [`Session`] reconnects, fetches what it missed over HTTP and yields each message once.
//!
//! ```no_run
//! # async fn example() -> Result<(), halley_client::ClientError> {
//! use halley_client::{Receiver, Server, Socket};
//!
//! let server = Server::new("http://127.0.0.1:8080", "my-app")?.with_websocket("ws://127.0.0.1:8080/ws");
//! let ann = server.as_user("ann_1700000000abcdef");
//! let login = ann.login().await?;
//! let mut socket = Socket::connect(ann.socket_options(&login)?).await?;
//! ann.send_message(&Receiver::user("bob"), "hello", "muid-1").await?;
//! while let Some(event) = socket.next().await {
//!     println!("{event:?}");
//! }
//! # Ok(()) }
//! ```

mod api;
pub mod binary;
mod calls;
mod connection;
mod error;
mod event;
mod login;
mod message;
mod outgoing;
mod seen;
mod server;
mod session;
mod socket;
mod tls;

pub use api::{ApiClient, Credential};
pub use calls::messages::{Affix, MessagePage};
pub use connection::{Connection, Format, LeftOff, PresenceSubscription, SocketOptions, Timings};
pub use error::ClientError;
pub use event::{Event, Presence, Receipt, Transient, Typing};
pub use login::Login;
pub use message::{Message, Receiver};
pub use outgoing::{Outgoing, ReceiptAction};
pub use server::{Server, ServerOptions};
pub use session::{Backoff, Session, SessionEvent, SessionOptions};
pub use socket::Socket;
pub use tls::{Trust, install_crypto};
