//! Ids, value types and rules without input or output.
//!
//! Everything here is pure: it can be tested without a server, and every service shares one reading of it.

pub mod conversation;
pub mod error_code;
pub mod field;
pub mod id;
pub mod limits;
pub mod permissions;
pub mod receiver;
pub mod rights;
pub mod sample;
pub mod settings;
pub mod team;
pub mod triggers;

pub use conversation::ConversationKey;
pub use error_code::ErrorCode;
pub use field::FieldError;
pub use id::{AppId, Guid, RoleId, Uid};
pub use settings::{AppSettings, Feature, Limit, SignalMode};
pub use team::{Access, Area, TeamRole};

/// The uid that stands for the app itself: sender and actor of what no user did.
pub const APP_SYSTEM_UID: &str = "app_system";

/// The role of users who were given none; it always exists.
pub const DEFAULT_ROLE: &str = "default";
