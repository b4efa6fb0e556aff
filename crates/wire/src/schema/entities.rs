//! People, groups, roles, credentials, conversations.

use utoipa::ToSchema;

use super::{Message, ReceiverType};

/// Whether a user has an open socket.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum Presence {
    /// It has.
    Available,
    /// It has none.
    Offline,
}

/// A user.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct User {
    /// Its id, in lower case.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Address of a picture.
    #[schema(required = false)]
    pub avatar: String,
    /// Address of a page about the user.
    #[schema(required = false)]
    pub link: String,
    /// What the user says of itself.
    #[schema(required = false)]
    pub status_message: String,
    /// The id of its role.
    pub role: String,
    /// Whether it is online.
    pub status: Presence,
    /// Any JSON of the app. Its key `@private` is shown to the app's server side only.
    #[schema(required = false, value_type = Object)]
    pub metadata: (),
    /// Labels of the app, where they are asked for.
    #[schema(required = false)]
    pub tags: Vec<String>,
    /// Unix seconds of the last time online.
    #[schema(required = false)]
    pub last_active_at: i64,
    /// Unix seconds.
    #[schema(required = false)]
    pub created_at: i64,
    /// Unix seconds of the last change.
    #[schema(required = false)]
    pub updated_at: i64,
    /// Unix seconds; only of who is deactivated.
    #[schema(required = false)]
    pub deactivated_at: i64,
    /// The conversation with who looks.
    #[schema(required = false)]
    pub conversation_id: String,
    /// Who looks has blocked the user.
    #[schema(required = false)]
    pub blocked_by_me: bool,
    /// Unix seconds of the block.
    #[schema(required = false)]
    pub blocked_by_me_at: i64,
    /// The same as `blockedByMeAt`.
    #[schema(required = false)]
    pub blocked_at: i64,
    /// The user has blocked who looks.
    #[schema(required = false)]
    pub has_blocked_me: bool,
    /// An auth token, in the answer of a call that made one, or to the user itself.
    #[schema(required = false)]
    pub auth_token: String,
}

/// Nothing of a user but its id: of one that is not known any more.
#[derive(ToSchema)]
pub struct Uid {
    /// Its id.
    pub uid: String,
}

/// How one gets into a group.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum GroupType {
    /// Everybody may join.
    Public,
    /// Who knows the password may join.
    Password,
    /// Members are added.
    Private,
}

/// What a member may do in its group.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum MemberScope {
    /// Runs the group.
    Admin,
    /// Keeps order.
    Moderator,
    /// Talks.
    Participant,
}

/// A group.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Group {
    /// Its id, in lower case.
    pub guid: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    #[schema(required = false)]
    pub description: String,
    /// Address of a picture.
    #[schema(required = false)]
    pub icon: String,
    /// How one gets in.
    #[schema(rename = "type")]
    pub kind: GroupType,
    /// The uid of its owner.
    pub owner: String,
    /// Any JSON of the app.
    #[schema(required = false, value_type = Object)]
    pub metadata: (),
    /// Labels of the app, where they are asked for.
    #[schema(required = false)]
    pub tags: Vec<String>,
    /// How many members it has.
    #[schema(minimum = 0)]
    pub members_count: i32,
    /// Its conversation.
    pub conversation_id: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds of the last change.
    #[schema(required = false)]
    pub updated_at: i64,
    /// The uid of who changed it last.
    #[schema(required = false)]
    pub updated_by: String,
    /// Who looks is a member.
    pub has_joined: bool,
    /// The scope of who looks.
    #[schema(required = false)]
    pub scope: MemberScope,
    /// Unix seconds since when who looks is a member.
    #[schema(required = false)]
    pub joined_at: i64,
}

/// What a member has beside what every user has.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GroupMember {
    /// What it may do.
    pub scope: MemberScope,
    /// Unix seconds.
    pub joined_at: i64,
}

/// What a banned user has beside what every user has.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct BannedUser {
    /// True.
    pub is_banned: bool,
    /// Unix seconds.
    pub banned_at: i64,
}

/// A member of a group: the user with its place there.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Member {
    /// The group's id.
    pub guid: String,
    /// The user's id.
    pub uid: String,
    /// What it may do.
    pub scope: MemberScope,
    /// Unix seconds.
    pub joined_at: i64,
}

/// Whom a setting of a role reaches.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum UserFilter {
    /// Everybody.
    All,
    /// Friends only.
    FriendsOnly,
}

/// The settings of a role.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RoleSettings {
    /// Whom its users see listed.
    #[schema(required = false)]
    pub list_users: UserFilter,
    /// To whom its users may send.
    #[schema(required = false)]
    pub send_messages_to: UserFilter,
}

/// A role.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Role {
    /// Its id, in lower case.
    pub role: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[schema(required = false)]
    pub description: String,
    /// Any JSON of the app.
    #[schema(required = false, value_type = Object)]
    pub metadata: (),
    /// Its settings.
    #[schema(required = false)]
    pub settings: RoleSettings,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds of the last change.
    #[schema(required = false)]
    pub updated_at: i64,
}

/// What an API key may call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum ApiKeyScope {
    /// Create users and their auth tokens.
    AuthOnly,
    /// Everything.
    FullAccess,
}

/// An API key.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ApiKey {
    /// The key itself.
    pub api_key: String,
    /// Its name.
    pub name: String,
    /// What it may call.
    pub scope: ApiKeyScope,
    /// Unix seconds.
    pub created_at: i64,
}

/// An auth token of a user.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AuthToken {
    /// Whose.
    pub uid: String,
    /// The token itself.
    pub auth_token: String,
    /// Unix seconds.
    pub created_at: i64,
    /// The platform of the device.
    #[schema(required = false)]
    pub platform: String,
    /// The user agent of the device.
    #[schema(required = false)]
    pub user_agent: String,
    /// The device's id.
    #[schema(required = false)]
    pub device_id: String,
    /// What the device tells of its app.
    #[schema(required = false, value_type = Object)]
    pub app_info: (),
}

one_of! {
    /// The other side of a conversation; one that is not known any more has its id only.
    ConversationWith = User, Group, Uid, Guid;
}

/// Nothing of a group but its id.
#[derive(ToSchema)]
pub struct Guid {
    /// Its id.
    pub guid: String,
}

/// A user's view of a conversation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id: equal for both sides.
    pub conversation_id: String,
    /// Whether it is with a user or in a group.
    pub conversation_type: ReceiverType,
    /// How many messages are unread, in decimal.
    #[schema(pattern = "^[0-9]+$")]
    pub unread_message_count: String,
    /// How many of them mention the user.
    #[schema(minimum = 0)]
    pub unread_mentions_count: i32,
    /// The newest message that the user has read.
    #[schema(required = false)]
    pub last_read_message_id: String,
    /// The newest message that the user has received.
    #[schema(required = false)]
    pub last_delivered_message_id: String,
    /// The newest message.
    #[schema(required = false)]
    pub latest_message_id: String,
    /// Labels of the app.
    #[schema(required = false)]
    pub tags: Vec<String>,
    /// Unix seconds since when it is pinned.
    #[schema(required = false)]
    pub pinned_at: i64,
    /// The uid of who pinned it: the user, or `app_system` for the app.
    #[schema(required = false)]
    pub pinned_by: String,
    /// Unix seconds; absent while nothing was said in it.
    #[schema(required = false)]
    pub created_at: i64,
    /// Unix seconds of the last news.
    #[schema(required = false)]
    pub updated_at: i64,
    /// Whose view it is; where the app's server side lists those of everybody.
    #[schema(required = false)]
    pub uid: String,
    /// The newest message; absent when there is none.
    #[schema(required = false)]
    pub last_message: Message,
    /// A user or a group.
    pub conversation_with: ConversationWith,
}
