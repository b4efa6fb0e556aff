//! Bodies about users, friends, blocks and bots.

use utoipa::ToSchema;

use super::{Flag, Json, Tag};

/// A user to make.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewUser {
    /// Its id; kept in lower case.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    uid: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// Address of a picture.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    avatar: Option<String>,
    /// Address of a page about the user.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    link: Option<String>,
    /// The id of its role.
    #[schema(max_length = 100)]
    role: Option<String>,
    /// What the user says of itself.
    #[schema(max_length = 255)]
    status_message: Option<String>,
    /// Any JSON of the app, 5 KiB at most.
    metadata: Option<Json>,
    /// Labels.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// Make an auth token as well.
    with_auth_token: Option<Flag>,
}

/// Changes to a user. What is absent stays; an empty text clears.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UserChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// Address of a picture.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    avatar: Option<String>,
    /// Address of a page about the user.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    link: Option<String>,
    /// The id of its role.
    #[schema(max_length = 100)]
    role: Option<String>,
    /// What the user says of itself.
    #[schema(max_length = 255)]
    status_message: Option<String>,
    /// Any JSON of the app, 5 KiB at most.
    metadata: Option<Json>,
    /// Labels; they replace all that there were.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// Fields to clear.
    #[schema(inline)]
    unset: Option<Vec<UserUnset>>,
}

/// Fields of a user that can be cleared.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum UserUnset {
    /// The picture.
    Avatar,
    /// The page.
    Link,
    /// The metadata.
    Metadata,
}

/// A login, a change of own details, or both.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OwnDetails {
    /// The own name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// Address of a picture.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    avatar: Option<String>,
    /// Address of a page about the user.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    link: Option<String>,
    /// What the user says of itself.
    #[schema(max_length = 255)]
    status_message: Option<String>,
    /// Any JSON of the app, 5 KiB at most.
    metadata: Option<Json>,
    /// Labels; they replace all that there were.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// Fields to clear.
    #[schema(inline)]
    unset: Option<Vec<UserUnset>>,
    /// The id of the device; the header `resource` without it.
    #[schema(max_length = 200)]
    device_id: Option<String>,
    /// The platform of the device.
    #[schema(max_length = 1000)]
    platform: Option<String>,
    /// What the device tells of its app, 5 KiB at most.
    app_info: Option<Json>,
}

/// Users to reactivate.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsersToActivate {
    /// Their ids.
    #[schema(min_items = 1, max_items = 1000)]
    uids_to_activate: Vec<String>,
}

/// Users to deactivate.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsersToDeactivate {
    /// Their ids.
    #[schema(min_items = 1, max_items = 1000)]
    uids_to_deactivate: Vec<String>,
}

/// Friends to make.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewFriends {
    /// Their uids.
    #[schema(min_items = 1, max_items = 1000)]
    accepted: Vec<String>,
    /// Show both sides their conversation, also before anything is said in it. So it is with who was a friend before.
    add_to_conversations: Option<Flag>,
}

/// Friends to part from.
#[derive(ToSchema)]
pub struct FormerFriends {
    /// Their uids.
    #[schema(min_items = 1, max_items = 1000)]
    friends: Vec<String>,
}

/// Users to block, or to block no longer.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Blocks {
    /// Their uids.
    #[schema(min_items = 1, max_items = 1000)]
    blocked_uids: Vec<String>,
}

/// A user to make a bot.
#[derive(ToSchema)]
pub struct NewBot {
    /// The user's id.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    uid: String,
}

/// Groups whose online members are counted.
#[derive(ToSchema)]
pub struct OnlineOf {
    /// Their guids.
    #[schema(max_items = 25)]
    groups: Option<Vec<String>>,
}
