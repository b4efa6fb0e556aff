//! Through whose eyes an entity is shown.

use std::collections::{HashMap, HashSet};

use halley_model::ConversationKey;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::user::BlockState;

/// What depends on who looks. The default is a logged-in user of whom nothing is known: what a live event shows to
/// everybody alike.
#[derive(Debug, Clone, Copy, Default)]
pub struct View<'a> {
    /// The app's server side looks: private metadata is shown.
    pub app_side: bool,
    /// The user who looks, or for whom an API key looks.
    pub uid: Option<&'a str>,
    /// Which of the shown users are online.
    pub online: Option<&'a HashSet<String>>,
    /// Tags are wanted.
    pub with_tags: bool,
    /// Messages show their place in the conversation: Halley's own addition, shown only when asked for.
    pub with_sequence: bool,
    /// Mentioned users show their tags.
    pub mention_tags: bool,
    /// What is known of blocks between the viewer and mentioned users, if it is to be shown.
    pub blocks: Option<&'a HashMap<String, BlockState>>,
}

impl View<'_> {
    pub(crate) fn is_online(&self, uid: &str) -> bool {
        self.online.is_some_and(|online| online.contains(uid))
    }
}

/// Milliseconds of a contract as the seconds that clients read.
#[derive(Debug, Clone, Copy)]
pub struct Seconds(pub i64);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0 / 1000)
    }
}

/// The public id of the one-to-one conversation of two users.
pub fn conversation_id_of(a: &str, b: &str) -> String {
    ConversationKey::direct(a, b).public()
}

/// Stored JSON text as it goes into an answer; empty text is nothing.
pub fn object_or_none(json: &str) -> Option<&RawValue> {
    if json.is_empty() {
        return None;
    }
    // Stored JSON was checked when it came in; should it be broken all the same, it is left out rather than sent.
    serde_json::from_str(json).ok()
}
