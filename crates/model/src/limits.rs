//! The documented limits of REST API v3 that are part of its formats, the same for every app. Those that an app may set are
//! in [`crate::settings`]. Lengths of text count UTF-16 units, as the documented "an emoji counts 2" asks; byte limits say so.

/// Longest uid, guid and role id, in characters.
pub const ID_MAX: usize = 100;
/// Longest app id: it is a DNS label.
pub const APP_ID_MAX: usize = 32;
/// Longest name of a user, group, role, app or API key.
pub const NAME_MAX: usize = 100;
/// Longest avatar, icon or link URL.
pub const URL_MAX: usize = 3000;
/// Largest metadata of a user or group, in bytes of JSON.
pub const METADATA_MAX_BYTES: usize = 5 * 1024;
/// Most tags that one thing can have; an app may set less.
pub const TAGS_MAX: usize = 25;
/// Longest tag.
pub const TAG_MAX: usize = 100;
/// Longest group password, in characters.
pub const GROUP_PASSWORD_MAX: usize = 100;
/// Longest description of a group or role.
pub const DESCRIPTION_MAX: usize = 255;
/// Longest status message of a user.
pub const STATUS_MESSAGE_MAX: usize = 255;
/// Most groups in one question for who is online.
pub const GROUPS_PER_CALL_MAX: usize = 25;
/// Largest message that there can be, in bytes of its JSON `data`; an app may set less.
pub const MESSAGE_DATA_MAX_BYTES: usize = 64 * 1024;
/// Longest muid.
pub const MUID_MAX: usize = 100;
/// Longest type of a custom message.
pub const MESSAGE_TYPE_MAX: usize = 100;
/// Longest reaction, in characters.
pub const REACTION_MAX: usize = 45;
/// Most conversations that a user pins, and that an app pins for its users.
pub const CONVERSATION_PINS_MAX: i64 = 5;
/// Most bots of an app.
pub const BOTS_MAX: i64 = 25;
/// Most receivers of one call that sends a message to several.
pub const RECEIVERS_MAX: usize = 25;
/// Most elements in one call that notes interactions.
pub const INTERACTIONS_PER_CALL_MAX: usize = 100;
/// Longest id of an element of an interactive message.
pub const ELEMENT_ID_MAX: usize = 100;
/// Most different users that one message can mention; an app may set less.
pub const MENTIONS_MAX: usize = 100;
/// Rows of a page when the caller names no number.
pub const PAGE_DEFAULT: i32 = 100;
/// Most rows of a page.
pub const PAGE_MAX: i32 = 1000;
/// Rows up to which a list of messages can be paged by number: further on it takes a cursor.
pub const PAGED_ROWS_MAX: i32 = 10_000;
/// Most items of one batch between services.
pub const BATCH_MAX: usize = 1000;
