//! Rules without a database.

pub(crate) mod action;
pub(crate) mod call;
pub(crate) mod change;
pub(crate) mod content;
pub(crate) mod counting;
pub(crate) mod import;
pub(crate) mod interactive;
pub(crate) mod key;
pub(crate) mod moderation;
pub(crate) mod new_message;
pub(crate) mod news;
pub(crate) mod resume;
pub(crate) mod terms;
pub(crate) mod thread;
pub(crate) mod watermark;

use halley_contracts::identity::v1::User;
use halley_model::{APP_SYSTEM_UID, DEFAULT_ROLE};

/// The user that the app itself appears as.
pub(crate) fn system_user() -> User {
    User {
        uid: APP_SYSTEM_UID.to_owned(),
        name: "System".to_owned(),
        role: DEFAULT_ROLE.to_owned(),
        ..Default::default()
    }
}

/// A user who is gone, on whom an action was done: the action still names who it was.
pub(crate) fn unknown_user(uid: &str) -> User {
    User { uid: uid.to_owned(), ..Default::default() }
}
