//! The public JSON: how users, groups, messages and conversations look to clients, over HTTP and on the socket.
//!
//! Shapes are those of REST API v3 and the client protocol. Everything here borrows from contract types and serializes
//! straight into the answer. Where sources differ, what clients read decides: reactions, mentions and entities stand in
//! `data`, tags on top, ids of messages are decimal strings, times are Unix seconds.

mod call;
mod conversation;
mod credential;
mod edit;
mod error;
mod group;
mod interactive;
mod message;
mod moderation;
mod reaction;
mod receipt;
mod receivers;
mod role;
pub mod schema;
mod send;
mod thread;
pub mod typed;
mod user;
mod view;

pub use call::{CallJson, call_status_word, call_type_word, parse_call_status, parse_call_type};
pub use conversation::ConversationJson;
pub use credential::{ApiKeyJson, AuthTokenJson};
pub use edit::{Edit, parse_edit};
pub use error::error_envelope;
pub use group::{BannedJson, GroupJson, MemberJson, group_type, parse_group_type, parse_scope, scope_word};
pub use message::{MessageJson, category_word, parse_category, receiver_word};
pub use moderation::{FlaggedJson, ReasonJson, moderation_word, parse_moderation};
pub use reaction::ReactionJson;
pub use receipt::MessageDetailsJson;
pub use receivers::{Receiver, parse_receivers};
pub use role::RoleJson;
pub use send::{parse_content, parse_send};
pub use thread::{ThreadCounts, ThreadJson};
pub use user::{BlockState, UserJson};
pub use view::{Seconds, View, conversation_id_of, object_or_none};
