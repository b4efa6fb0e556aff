//! Answers that no other call gives.

use std::collections::BTreeMap;

use halley_wire::{
    one_of,
    schema::{
        Attachment, BannedUser, Done, Fate, Flagged, Group, GroupMember, ListCursor, Member, MemberScope, Message,
        MessageListMeta, PageMeta, Reason, ReceiverType, Thread, User, WalkedPageMeta,
    },
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AllOfBuilder, ObjectBuilder, Schema},
    },
};

use super::body::PermissionValue;

/// An entity with more keys.
macro_rules! with_more {
    ($(#[doc = $doc:literal] $name:ident = $entity:ty, $more:ty;)*) => {$(
        #[doc = $doc]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let entity = Ref::from_schema_name(<$entity>::name());
                AllOfBuilder::new().item(entity).item(<$more>::schema()).description(Some($doc.trim())).into()
            }
        }

        impl ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push((<$entity>::name().into_owned(), <$entity>::schema()));
                <$entity>::schemas(schemas);
                <$more>::schemas(schemas);
            }
        }
    )*};
}

pub mod management;
pub mod operators;
pub mod webhooks;

with_more! {
    /// A thread: its parent with what is said of the replies.
    ThreadRow = Message, Thread;
    /// A reported message in the queue.
    FlaggedMessage = Message, Flagged;
    /// A member: the user with its place in the group.
    GroupMemberUser = User, GroupMember;
    /// A banned user.
    BannedGroupUser = User, BannedUser;
    /// The logged-in user.
    LoggedIn = User, Login;
    /// A new group, and what became of its first members.
    NewGroupWithMembers = Group, FirstMembers;
    /// A group that has a new owner.
    GroupTransferred = Group, Acknowledged;
    /// A member whose scope is changed.
    ScopeChanged = Member, Acknowledged;
}

/// What a login gives.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Login {
    /// The auth token that was used.
    auth_token: String,
    /// The session, for the WebSocket.
    jwt: String,
    /// What the client must know of the server.
    settings: Settings,
}

/// An acknowledgement.
#[derive(ToSchema)]
pub struct Acknowledged {
    /// True.
    success: bool,
    /// The same for people.
    message: String,
}

/// What became of the first members of a group.
#[derive(ToSchema)]
pub struct FirstMembers {
    /// By list, and the same once more under `data`.
    #[schema(required = false)]
    members: MembersAdded,
}

/// What became of each user, by list.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MembersAdded {
    /// Of the admins, by uid.
    admins: BTreeMap<String, Fate>,
    /// Of the moderators, by uid.
    moderators: BTreeMap<String, Fate>,
    /// Of the participants, by uid.
    participants: BTreeMap<String, Fate>,
    /// Of those to ban, by uid.
    users_to_ban: BTreeMap<String, Fate>,
}

one_of! {
    /// The app's server side is told what became of each; a user who joins gets the action message.
    JoinedOrAdded = MembersAdded, Message;
}

/// Settings of the app and the server.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Settings {
    /// Host of the WebSocket.
    chat_host: String,
    /// Port of the WebSocket; empty where the host has one.
    chat_wss_port: String,
    /// Host of the API for clients.
    client_api_host: String,
    /// Host of the API for servers.
    admin_api_host: String,
    /// Version of the API.
    chat_api_version: String,
    /// Version of the API on the WebSocket's host.
    ws_api_version: String,
    /// The app's region.
    region: String,
    /// Which signals clients send: `DEFAULT`, all; `LIMITED_TRANSIENT`, no typing; `NO_TRANSIENT`, no transient messages
    /// either.
    mode: String,
    /// True: there is nothing to ping.
    analytics_ping_disabled: bool,
    /// The first label of the host that is asked how many are in a call; absent where the host has but one label.
    webrtc_api_subdomain: Option<String>,
    /// What follows that label and its dot.
    webrtc_host: Option<String>,
    /// Extensions of the app.
    #[schema(rename = "extensions")]
    extensions: Vec<String>,
    /// Reasons to flag a message.
    #[schema(rename = "flagReasons")]
    flag_reasons: Vec<Reason>,
    /// Limits, by name.
    #[schema(rename = "parameters", value_type = Object)]
    parameters: (),
}

/// A count.
#[derive(ToSchema)]
pub struct Count {
    /// How many there are.
    count: i64,
}

/// How many users there are.
#[derive(ToSchema)]
pub struct UserCount {
    /// The count.
    data: Count,
}

/// A page of users.
#[derive(ToSchema)]
pub struct UserPage {
    /// The users.
    data: Vec<User>,
    /// Where the page stands.
    meta: WalkedPageMeta,
    /// The same as in `meta`.
    #[schema(required = false)]
    cursor: ListCursor,
}

one_of! {
    /// Users, or with `count` how many there are.
    UsersOrCount = UserPage, UserCount;
}

/// Users who are active again.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsersReactivated {
    /// True.
    success: bool,
    /// The same for people.
    message: String,
    /// Who was reactivated.
    reactivated_uids: Vec<String>,
    /// Who was active.
    non_deactivated_uids: Vec<String>,
    /// Who does not exist.
    not_found: Vec<String>,
}

/// Users who are deactivated.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsersDeactivated {
    /// True.
    success: bool,
    /// The same for people.
    message: String,
    /// Who was deactivated.
    deactivated_uids: Vec<String>,
    /// Who was deactivated before.
    already_deactivated_uids: Vec<String>,
    /// Who does not exist.
    not_found: Vec<String>,
}

/// What became of each friend to be.
#[derive(ToSchema)]
pub struct FriendsAdded {
    /// By uid.
    accepted: BTreeMap<String, Fate>,
}

/// A forbidden feature.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Feature {
    /// Its name.
    title: String,
    /// What it is.
    description: String,
    /// Its key.
    key: String,
    /// The path that it forbids.
    path: String,
    /// Unix seconds of the restriction.
    created_at: i64,
}

/// A permission with its value.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Permission {
    /// Its id.
    id: String,
    /// `role` or `scope`.
    #[schema(rename = "type")]
    kind: String,
    /// Its name.
    title: String,
    /// What it decides.
    description: String,
    /// What its value is made of.
    data_type: String,
    /// The words to choose from.
    available_values: Vec<String>,
    /// The value when none was set.
    default_value: PermissionValue,
    /// The value now.
    value: PermissionValue,
    /// Unix seconds.
    created_at: i64,
    /// Unix seconds of the last change.
    updated_at: i64,
}

/// Every permission with its value.
#[derive(ToSchema)]
pub struct PermissionsInForce {
    /// Values by the ids of permissions.
    permissions: BTreeMap<String, PermissionValue>,
}

/// What became of each permission, by its id, and every permission with its value.
pub struct PermissionsSet;

impl PartialSchema for PermissionsSet {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property(
                "permissions",
                ObjectBuilder::new().additional_properties(Some(Ref::from_schema_name(PermissionValue::name()))),
            )
            .required("permissions")
            .additional_properties(Some(Ref::from_schema_name(Fate::name())))
            .description(Some("What became of each permission, by its id, and every permission with its value."))
            .into()
    }
}

impl ToSchema for PermissionsSet {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Fate::name().into_owned(), Fate::schema()));
        Fate::schemas(schemas);
        schemas.push((PermissionValue::name().into_owned(), PermissionValue::schema()));
    }
}

/// How many messages of a conversation are unread.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UnreadCount {
    /// Whether it is with a user or in a group.
    entity_type: ReceiverType,
    /// The uid or guid.
    entity_id: String,
    /// How many.
    count: i64,
}

/// A page of messages.
#[derive(ToSchema)]
pub struct MessagePage {
    /// The messages.
    data: Vec<Message>,
    /// Where the page stands.
    meta: MessageListMeta,
}

one_of! {
    /// Messages, or with `count` how many are unread in each conversation that has any.
    MessagesOrCounts = MessagePage, UnreadCounts;
}

/// How many messages are unread.
#[derive(ToSchema)]
pub struct UnreadCounts {
    /// By conversation.
    data: Vec<UnreadCount>,
}

/// The permission to upload a file: a form to send.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UploadPermission {
    /// The form.
    request: UploadForm,
    /// What to put into the message when the file is uploaded.
    attachment: Attachment,
    /// Unix seconds.
    expires_at: i64,
}

/// A form to upload a file with.
#[derive(ToSchema)]
pub struct UploadForm {
    /// Where to.
    url: String,
    /// `POST`.
    method: String,
    /// Fields that come before the file.
    body: BTreeMap<String, String>,
}

/// How many take part in a call.
#[derive(ToSchema)]
pub struct RoomSize {
    /// Users who are in it.
    participants: usize,
}

/// How many users are online.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Online {
    /// Of the app.
    online_users_count: i64,
    /// Of the groups, by guid.
    groups: BTreeMap<String, i64>,
}

/// A member as it was imported.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ImportedMember {
    /// The group's id.
    guid: String,
    /// The user's id.
    uid: String,
    /// What it may do.
    scope: MemberScope,
    /// Unix seconds.
    joined_at: i64,
}

/// What became of a message to several receivers, by receiver.
#[derive(ToSchema)]
pub struct SentToSeveral {
    /// Of the users; `data` is the message.
    uids: BTreeMap<String, Fate>,
    /// Of the groups; `data` is the message.
    guids: BTreeMap<String, Fate>,
}

one_of! {
    /// The message; of `multipleReceivers` what became of each.
    MessageOrFates = Message, SentToSeveral;
}

/// An acknowledgement, also beside `data`.
#[derive(ToSchema)]
pub struct DoneTwice {
    /// The acknowledgement.
    data: Done,
    /// True.
    success: bool,
    /// The same for people.
    message: String,
}

/// A conversation that the app pins for all of its users. It has either a uid or a guid.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SystemPin {
    /// Of a group its conversation; a user's is named by that user, as each other side has another one with it.
    conversation_id: String,
    /// Whether it is with a user or in a group.
    conversation_type: ReceiverType,
    /// The user that everybody talks to.
    #[schema(required = false)]
    uid: String,
    /// The group.
    #[schema(required = false)]
    guid: String,
    /// `app_system`.
    pinned_by: String,
    /// Unix seconds.
    pinned_at: i64,
}

/// Push tokens.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PushTokens {
    /// Those that are listed, or that were removed.
    push_tokens: Vec<PushToken>,
}

/// What a push token is for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum PushTokenKind {
    /// Messages.
    Chat,
    /// Calls.
    Voip,
}

/// A push token of a device.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PushToken {
    /// The auth token of the device.
    auth_token: String,
    /// What it is for.
    push_token_type: PushTokenKind,
    /// The platform of the device.
    platform: String,
    /// The push provider; empty without one.
    provider_id: String,
    /// The token itself.
    push_token: String,
    /// Whose device it is.
    uid: String,
    /// Time of the registration.
    #[schema(format = DateTime)]
    created_at: String,
    /// Time of the last change.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A numbered page without rows.
#[derive(ToSchema)]
pub struct EmptyPage {
    /// Nothing.
    #[schema(max_items = 0, value_type = Vec<Value>)]
    data: Vec<()>,
    /// Where the page stands.
    meta: PageMeta,
}

/// How much the app was used.
#[derive(ToSchema)]
pub struct Usage {
    /// The numbers.
    metrics: UsageMetrics,
    /// The time that they are of.
    time_range: UsageRange,
}

/// Numbers of usage.
#[derive(ToSchema)]
pub struct UsageMetrics {
    /// Minutes of calls with sound only, of all participants together.
    audio_minutes: f64,
    /// Minutes of calls with pictures, of all participants together.
    video_minutes: f64,
    /// 0: calls are not recorded.
    recorded_minutes: f64,
    /// Users who were online.
    active_users: i64,
    /// Most users who were online at once.
    concurrent_users: i64,
}

/// A time.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsageRange {
    /// Its beginning, Unix milliseconds.
    from_date: i64,
    /// Its end, Unix milliseconds.
    to_date: i64,
}

/// Messages and receipts of the last hour.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageStats {
    /// Beginning of the first part, Unix milliseconds in decimal.
    start_time: String,
    /// End of the last part, Unix milliseconds in decimal.
    end_time: String,
    /// Parts of five minutes, the oldest first.
    data_points: Vec<StatsPart>,
    /// The app's id.
    app_id: String,
}

/// Messages and receipts of five minutes.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StatsPart {
    /// Messages.
    messages_sent: i64,
    /// Receipts of reading.
    read_receipts: i64,
    /// Receipts of delivery.
    delivery_receipts: i64,
    /// Its beginning, Unix milliseconds in decimal.
    start_time: String,
    /// Its end, Unix milliseconds in decimal.
    end_time: String,
}

/// Something that is stored of a user.
#[derive(ToSchema)]
pub struct ExportedRow {
    /// What it is.
    kind: ExportedKind,
    /// What is stored, by kind.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    data: serde_json::Value,
}

/// What a row of an export is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum ExportedKind {
    /// The profile.
    User,
    /// A friend.
    Friend,
    /// Whom the user blocks.
    BlockedUser,
    /// A group that the user is in.
    GroupMembership,
    /// A group that the user is banned from.
    GroupBan,
    /// An auth token without its value.
    AuthToken,
    /// A push token without its value.
    PushToken,
    /// The user's own side of a conversation.
    Conversation,
    /// A message that the user sent.
    Message,
    /// A reaction of the user.
    Reaction,
    /// A message that the user saved.
    SavedMessage,
    /// An element of an interactive message that the user used.
    Interaction,
    /// A thread that the user has to do with.
    Thread,
    /// A conversation that the user pinned.
    PinnedConversation,
    /// A report by the user.
    Flag,
    /// A call that the user was in.
    Call,
    /// A day on which the user was online.
    ActiveDay,
}

/// Where a page of an export stands.
#[derive(ToSchema)]
pub struct ExportMeta {
    /// Rows of this page.
    count: usize,
    /// A query with it goes on where this page ends; null: this is the last one.
    cursor: Option<String>,
}

/// Sockets of an app, now and over time.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AppConnections {
    /// Now, as of some seconds ago.
    connections: i64,
    /// The nodes that hold them.
    nodes: Vec<NodeSockets>,
    /// Of one step.
    step_seconds: i64,
    /// Oldest first.
    points: Vec<operators::ConnectionsPoint>,
}

/// Sockets on a node.
#[derive(ToSchema)]
pub struct NodeSockets {
    /// The node's id.
    id: String,
    /// Sockets.
    connections: i64,
}
