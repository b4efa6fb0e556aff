//! What every service shares: configuration, telemetry, transport, errors, health, shutdown, Postgres.
//!
//! A service is a set of gRPC [`Routes`](tonic::service::Routes). [`server::mount`] puts the same layers on them
//! whether they are called over a socket or, through [`transport::Transport::local`], from the same process.

pub mod admin;
pub mod caller;
pub mod config;
pub mod cursor;
pub mod error;
pub mod export;
pub mod lifecycle;
pub mod page;
pub mod permissions;
pub mod postgres;
pub mod search;
pub mod secrets;
pub mod server;
pub mod telemetry;
pub mod time;
pub mod transport;

pub use caller::Caller;
pub use error::{PublicError, ServiceError};
pub use lifecycle::Lifecycle;
pub use secrets::MasterKey;
pub use transport::Transport;
