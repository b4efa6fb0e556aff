//! The documented limits of REST API v3 that protect the server. Lengths of text count UTF-16 units, as the
//! documented "an emoji counts 2" asks; byte limits say so.

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
/// Most tags of one thing.
pub const TAGS_MAX: usize = 25;
/// Longest tag.
pub const TAG_MAX: usize = 100;
/// Longest group password, in characters.
pub const GROUP_PASSWORD_MAX: usize = 100;
/// Longest description of a group or role.
pub const DESCRIPTION_MAX: usize = 255;
/// Longest status message of a user.
pub const STATUS_MESSAGE_MAX: usize = 255;
/// Most API keys of an app.
pub const API_KEYS_MAX: i64 = 25;
/// Most roles of an app.
pub const ROLES_MAX: i64 = 25;
/// Auth tokens of a user that stay valid, the newest ones.
pub const AUTH_TOKENS_MAX: i64 = 100;
/// Most friends of a user.
pub const FRIENDS_MAX: i64 = 1000;
/// Most uids in one call that adds members or friends.
pub const UIDS_PER_CALL_MAX: usize = 25;
/// Largest message, in bytes of its JSON `data`.
pub const MESSAGE_DATA_MAX_BYTES: usize = 64 * 1024;
/// Longest muid.
pub const MUID_MAX: usize = 100;
/// Longest type of a custom message.
pub const MESSAGE_TYPE_MAX: usize = 100;
/// Most different reactions to a message.
pub const REACTIONS_MAX: i64 = 25;
/// Longest reaction, in characters.
pub const REACTION_MAX: usize = 45;
/// Most pinned messages of a conversation.
pub const PINS_MAX: i64 = 100;
/// Most saved messages of a user.
pub const SAVES_MAX: i64 = 100;
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
/// Rows of a page when the caller names no number.
pub const PAGE_DEFAULT: i32 = 100;
/// Most rows of a page.
pub const PAGE_MAX: i32 = 1000;
/// Most items of one batch between services.
pub const BATCH_MAX: usize = 1000;
/// Most entities of one import request over REST.
pub const IMPORT_REST_MAX: usize = 50;
