//! Things of the server as clients see them. What a client does not know yet stays in `raw`, as it came.
//!
//! Reading is lenient: what is missing is left out, so that an older or a newer server is read, too. Times are Unix seconds.

mod call;
mod conversation;
mod group;
mod json;
mod reaction;
mod thread;
mod user;

pub use call::{Call, CallParticipant, CallStatus, CallType, LoggedCall};
pub use conversation::{Conversation, UnreadCount};
pub use group::{BannedUser, Group, GroupType, Member, MemberScope};
pub(crate) use json::{number, positive, text, texts};
pub use reaction::{Attachment, Reaction, ReactionCount};
pub use thread::{MessageReceipt, Thread};
pub use user::User;

/// Reads a model by its `From<Value>`.
macro_rules! read_from_json {
    ($($model:ty),*) => {$(
        impl<'de> serde::Deserialize<'de> for $model {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <serde_json::Value as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    )*};
}

read_from_json!(User, Group, Member, BannedUser, Conversation, UnreadCount, Reaction, LoggedCall);
