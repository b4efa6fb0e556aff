//! Bodies. A field that may be absent may be null as well; fields that are not listed are ignored.

use std::collections::BTreeMap;

use halley_wire::schema::{ApiKeyScope, CallType, MemberScope, ReceiverType, UserFilter};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type},
    },
};

/// A type of several kinds, as clients send it.
macro_rules! kinds {
    ($(#[doc = $doc:literal] $name:ident = [$($kind:expr),* $(,)?];)*) => {$(
        #[doc = $doc]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                OneOfBuilder::new()$(.item($kind))*.description(Some($doc.trim())).into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

pub mod management;

kinds! {
    /// A truth, also as 0 or 1.
    Flag = [kind(Type::Boolean), ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([0, 1]))];
    /// Any JSON of the app. An empty list counts as an empty object.
    Json = [kind(Type::Object), ArrayBuilder::new().items(ObjectBuilder::new().schema_type(SchemaType::AnyValue)).max_items(Some(0))];
    /// The id of a message, as a number or in decimal.
    MessageId = [
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(i64::MAX)),
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[1-9][0-9]{0,17}$")),
    ];
    /// An id of the sender's; a number counts as its digits.
    Muid = [ObjectBuilder::new().schema_type(Type::String).max_length(Some(100)), kind(Type::Number)];
    /// A user or a group, by its id.
    PinnedSide = [side("uid"), side("guid")];
    /// Unix seconds, as a number or in decimal.
    Seconds = [
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(253_402_300_799_i64)),
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,12}$")),
    ];
    /// A word or a list of words.
    PermissionValue = [kind(Type::String), ArrayBuilder::new().items(kind(Type::String)).max_items(Some(100))];
}

fn kind(kind: Type) -> Object {
    ObjectBuilder::new().schema_type(kind).build()
}

fn side(key: &str) -> Object {
    let id = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(100));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property(key, id.pattern(Some("^[A-Za-z0-9_-]+$")))
        .required(key)
        .build()
}

/// One to so many values by names of the caller's. Their shape is in the document by its own entry there.
fn some<T: ToSchema, const MAX: usize>() -> Object {
    let values = Ref::from_schema_name(T::name());
    let map = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(values));
    map.min_properties(Some(1)).max_properties(Some(MAX)).build()
}

/// An API key to make.
#[derive(ToSchema)]
pub struct NewApiKey {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// What it may call; `authOnly` without it.
    scope: Option<ApiKeyScope>,
}

/// Changes to an API key.
#[derive(ToSchema)]
pub struct ApiKeyChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// What it may call.
    scope: Option<ApiKeyScope>,
}

/// An auth token to make.
#[derive(ToSchema)]
pub struct NewAuthToken {
    /// Always a new one, rather than the newest that there is.
    force: Option<Flag>,
}

/// Changes to an auth token.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AuthTokenChanges {
    /// The platform of the device.
    platform: Option<String>,
    /// The user agent of the device.
    user_agent: Option<String>,
    /// What the device tells of its app.
    app_info: Option<Json>,
}

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

/// A label.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 100, pattern = r"\S")]
pub struct Tag(#[allow(dead_code)] String);

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

/// How to delete.
#[derive(ToSchema)]
pub struct Deletion {
    /// For good; otherwise the row is kept.
    permanent: Option<Flag>,
}

/// A role to make.
#[derive(ToSchema)]
pub struct NewRole {
    /// Its id; kept in lower case.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    role: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// What it is for.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 64 KiB at most.
    metadata: Option<Json>,
    /// Its settings.
    settings: Option<RoleSettingsToSet>,
}

/// The settings of a role.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RoleSettingsToSet {
    /// Whom its users see listed.
    list_users: Option<UserFilter>,
    /// To whom its users may send.
    send_messages_to: Option<UserFilter>,
}

/// Changes to a role. What is absent stays.
#[derive(ToSchema)]
pub struct RoleChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// What it is for.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 64 KiB at most.
    metadata: Option<Json>,
    /// Its settings.
    settings: Option<RoleSettingsToSet>,
    /// Fields to clear.
    #[schema(inline)]
    unset: Option<Vec<RoleUnset>>,
}

/// Fields of a role that can be cleared.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum RoleUnset {
    /// The settings.
    Settings,
    /// The description.
    Description,
    /// The metadata.
    Metadata,
}

/// Features to forbid.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FeaturesToRestrict {
    /// Keys of features.
    #[schema(min_items = 1, max_items = 1000)]
    features_to_restrict: Vec<String>,
}

/// Features to allow again.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FeaturesToAllow {
    /// Keys of features; required without `allowAll`.
    #[schema(max_items = 1000)]
    features_to_allow: Option<Vec<String>>,
    /// All of them.
    allow_all: Option<Flag>,
}

/// Permissions to set.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Permissions {
    /// Values by the ids of permissions.
    #[schema(schema_with = some::<PermissionValue, 1000>)]
    permissions: BTreeMap<String, PermissionValue>,
}

/// Friends to make.
#[derive(ToSchema)]
pub struct NewFriends {
    /// Their uids.
    #[schema(min_items = 1, max_items = 1000)]
    accepted: Vec<String>,
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

/// Users by the place that they get in a group; 25 at most, all lists together.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MemberLists {
    /// Admins to be.
    #[schema(max_items = 25)]
    admins: Option<Vec<String>>,
    /// Moderators to be.
    #[schema(max_items = 25)]
    moderators: Option<Vec<String>>,
    /// Participants to be.
    #[schema(max_items = 25)]
    participants: Option<Vec<String>>,
    /// Users to ban.
    #[schema(max_items = 25)]
    users_to_ban: Option<Vec<String>>,
}

/// A user who joins gives the password; the app's server side, and members, give the lists.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct JoinOrAdd {
    /// The group's password.
    password: Option<String>,
    /// Admins to be.
    #[schema(max_items = 25)]
    admins: Option<Vec<String>>,
    /// Moderators to be.
    #[schema(max_items = 25)]
    moderators: Option<Vec<String>>,
    /// Participants to be.
    #[schema(max_items = 25)]
    participants: Option<Vec<String>>,
    /// Users to ban.
    #[schema(max_items = 25)]
    users_to_ban: Option<Vec<String>>,
}

/// A group to make.
#[derive(ToSchema)]
pub struct NewGroup {
    /// Its id; kept in lower case.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    guid: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// How one gets in; `public` without it.
    #[schema(rename = "type")]
    kind: Option<GroupTypeWord>,
    /// Of a group of the type `password`, which needs one.
    #[schema(max_length = 100)]
    password: Option<String>,
    /// Address of a picture.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    icon: Option<String>,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 5 KiB at most.
    metadata: Option<Json>,
    /// The uid of its owner; the acting user without it.
    owner: Option<String>,
    /// Labels.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// Its first members.
    members: Option<MemberLists>,
}

/// How one gets into a group; an empty word is none, `protected` is `password`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum GroupTypeWord {
    /// Everybody may join.
    Public,
    /// Who knows the password may join.
    Password,
    /// The same.
    Protected,
    /// Members are added.
    Private,
    /// Not given.
    #[schema(rename = "")]
    Empty,
}

/// Changes to a group. What is absent stays.
#[derive(ToSchema)]
pub struct GroupChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// How one gets in.
    #[schema(rename = "type")]
    kind: Option<GroupTypeWord>,
    /// A new password.
    #[schema(max_length = 100)]
    password: Option<String>,
    /// Address of a picture.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    icon: Option<String>,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 5 KiB at most.
    metadata: Option<Json>,
    /// The uid of its new owner; read only of the app itself.
    owner: Option<String>,
    /// Labels; they replace all that there were.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// Fields to clear.
    #[schema(inline)]
    unset: Option<Vec<GroupUnset>>,
}

/// Fields of a group that can be cleared.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum GroupUnset {
    /// The picture.
    Icon,
    /// The description.
    Description,
    /// The metadata.
    Metadata,
}

/// Who gets a group.
#[derive(ToSchema)]
pub struct NewOwner {
    /// The uid of a member.
    #[schema(min_length = 1)]
    owner: String,
}

/// A member's new scope.
#[derive(ToSchema)]
pub struct NewScope {
    /// The scope; `participant` without it.
    scope: Option<MemberScope>,
}

/// A message to send. What stands in `data` may stand beside it as well; `data` wins.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewMessage {
    /// The uid or guid of the receiver; required without `multipleReceivers`.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    receiver: Option<String>,
    /// What the receiver is; required with `receiver`.
    receiver_type: Option<ReceiverType>,
    /// Several receivers in place of one.
    multiple_receivers: Option<Receivers>,
    /// What kind of message; `message` without it.
    category: Option<SentCategory>,
    /// `text`, `image`, `video`, `audio` or `file`; `form`, `card`, `customInteractive` or `scheduler` of interactive ones; any word of custom ones.
    #[schema(rename = "type", max_length = 100, pattern = r"\S")]
    kind: Option<String>,
    /// The content, 64 KiB at most.
    data: Option<NewMessageData>,
    /// An id of the sender's: a second message with it is the first. With several receivers it has 83 characters at most.
    muid: Option<Muid>,
    /// Labels.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// The message that it replies to in a thread.
    parent_message_id: Option<MessageId>,
    /// The message that it quotes.
    quoted_message_id: Option<MessageId>,
}

/// Receivers of a message, 1 to 25 of both kinds together. Each gets a message of its own; one that can't have it keeps it from
/// no other.
#[derive(ToSchema)]
pub struct Receivers {
    /// Users.
    #[schema(max_items = 25)]
    uids: Option<Vec<String>>,
    /// Groups.
    #[schema(max_items = 25)]
    guids: Option<Vec<String>>,
}

/// Categories that can be sent.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum SentCategory {
    /// Text and media.
    Message,
    /// The app's own.
    Custom,
    /// With elements to use.
    Interactive,
}

/// The content of a message; other keys are kept.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewMessageData {
    /// The text, or the caption of media. A text message needs it.
    text: Option<String>,
    /// Any JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// The content of a custom message, which needs it.
    #[schema(value_type = Option<Object>)]
    custom_data: Option<()>,
    /// The elements of an interactive message, which needs them.
    #[schema(value_type = Option<Object>)]
    interactive_data: Option<()>,
    /// Files. A media message needs one, or `url`.
    #[schema(max_items = 10)]
    attachments: Option<Vec<NewAttachment>>,
    /// Address of the only file.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    url: Option<String>,
}

/// A file.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewAttachment {
    /// Its address.
    #[schema(max_length = 3000, pattern = r"^https?://\S*$")]
    url: String,
    /// Its name.
    #[schema(value_type = Value)]
    name: Option<()>,
    /// Its MIME type.
    #[schema(value_type = Value)]
    mime_type: Option<()>,
    /// The ending of its name.
    #[schema(value_type = Value)]
    extension: Option<()>,
    /// Its size in bytes.
    #[schema(value_type = Value)]
    size: Option<()>,
}

/// A message as a form: the fields of its JSON, objects as JSON text, and its files.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewMessageForm {
    /// The uid or guid of the receiver; required without `multipleReceivers`.
    #[schema(min_length = 1, max_length = 100)]
    receiver: Option<String>,
    /// What the receiver is; required with `receiver`.
    receiver_type: Option<ReceiverType>,
    /// Several receivers in place of one, as JSON text.
    multiple_receivers: Option<String>,
    /// What kind of message.
    category: Option<SentCategory>,
    /// The type of media.
    #[schema(rename = "type")]
    kind: Option<String>,
    /// The content, as JSON text.
    data: Option<String>,
    /// A file; up to 10 may come, under any names.
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<Vec<u8>>,
}

/// Changes to a message. What is absent stays.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageChanges {
    /// What changes in the content.
    data: Option<DataChanges>,
    /// Labels; they replace all that there were.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
}

/// What can change in the content of a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DataChanges {
    /// The text.
    text: Option<String>,
    /// Any JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// The content of a custom message.
    #[schema(value_type = Option<Object>)]
    custom_data: Option<()>,
}

/// Labels of a conversation.
#[derive(ToSchema)]
pub struct ConversationTags {
    /// They replace all that there were.
    #[schema(max_items = 25)]
    tags: Vec<Tag>,
}

/// Up to where a conversation is delivered or read.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UpTo {
    /// The last message; the newest one without it.
    message_id: Option<MessageId>,
}

/// From where on a conversation is unread.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UnreadFrom {
    /// The first unread message.
    message_id: MessageId,
}

/// How to delete the conversation with a user. Only the own side is deleted, whatever is said here.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Reset {
    /// Read and not used.
    conversation_with: Option<String>,
    /// Read and not used: the other side keeps its messages.
    delete_messages_permanently: Option<Flag>,
    /// Read and not used.
    preserve_order: Option<Flag>,
}

/// How to delete the conversation of a group. Only the own side is deleted, whatever is said here.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GroupReset {
    /// Read and not used.
    preserve_order: Option<Flag>,
}

/// Conversations to pin for all users of the app.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SystemPins {
    /// In their order, 5 different ones at most; they replace all that there were.
    #[schema(max_items = 100)]
    pinned_conversations: Vec<PinnedSide>,
}

/// Elements that a user has used.
#[derive(ToSchema)]
pub struct Interactions {
    /// Their ids.
    #[schema(min_items = 1, max_items = 100)]
    interactions: Vec<ElementId>,
}

/// The id of an element of an interactive message.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 100, pattern = r"\S")]
pub struct ElementId(#[allow(dead_code)] String);

/// A user to make a bot.
#[derive(ToSchema)]
pub struct NewBot {
    /// The user's id.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    uid: String,
}

/// A call to start.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewCall {
    /// The uid or guid of who is called.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    receiver: String,
    /// What the receiver is.
    receiver_type: ReceiverType,
    /// What kind of call.
    #[schema(rename = "type")]
    kind: CallType,
    /// `initiated`.
    #[schema(inline)]
    status: Option<FirstStatus>,
}

/// How a call begins.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum FirstStatus {
    /// It rings.
    Initiated,
    /// The same.
    #[schema(rename = "")]
    Empty,
}

/// A change of a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CallChange {
    /// How the call is to stand. In a group each member joins, declines and leaves alone.
    status: WishedStatus,
    /// Since when the user is in it; needed where an API key joins somebody to the call of a group.
    joined_at: Option<Seconds>,
}

/// What can be asked of a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum WishedStatus {
    /// Refused: a call is initiated once.
    Initiated,
    /// The user answers, or joins.
    Ongoing,
    /// The user declines.
    Rejected,
    /// The user is in another call.
    Busy,
    /// Who called gives up.
    Cancelled,
    /// The same word.
    Canceled,
    /// Nobody answered.
    Unanswered,
    /// The call is over, or the user leaves.
    Ended,
}

/// A report of a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Report {
    /// The reason's id; required without `id`.
    reason_id: Option<String>,
    /// The same, as clients name it.
    id: Option<String>,
    /// What there is to say of it.
    #[schema(max_length = 500)]
    remark: Option<String>,
}

/// A decision about a reported message.
#[derive(ToSchema)]
pub struct Review {
    /// The decision.
    status: Decision,
}

/// What can be decided.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum Decision {
    /// It stays.
    Approved,
    /// It is taken out of sight.
    Disapproved,
    /// The same.
    Rejected,
}

/// A reason to make.
#[derive(ToSchema)]
pub struct NewReason {
    /// Its id; kept in lower case.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    id: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
}

/// Changes to a reason. What is absent stays.
#[derive(ToSchema)]
pub struct ReasonChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
}

/// A push token to register, by any of its four names.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewPushToken {
    /// A token of Firebase.
    #[schema(max_length = 4096)]
    fcm_token: Option<String>,
    /// A token of Apple.
    #[schema(max_length = 4096)]
    device_token: Option<String>,
    /// A token of Apple for calls.
    #[schema(max_length = 4096)]
    voip_token: Option<String>,
    /// Any token.
    #[schema(max_length = 4096)]
    push_token: Option<String>,
    /// The platform of the device; one that ends with `_voip` is for calls.
    #[schema(max_length = 100, pattern = r"\S")]
    platform: String,
    /// The push provider.
    #[schema(max_length = 100)]
    provider_id: Option<String>,
    /// The device's time zone.
    #[schema(max_length = 100)]
    timezone: Option<String>,
    /// The auth token of the device; the caller's own without it.
    #[schema(max_length = 4096)]
    auth_token: Option<String>,
}

/// Whose push tokens.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PushTokensOf {
    /// The auth token of the device; the caller's own without it.
    #[schema(max_length = 4096)]
    auth_token: Option<String>,
    /// Those of all devices of its user.
    all: Option<Flag>,
}

/// Whose push token.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PushTokenOf {
    /// The auth token of the device; the caller's own without it.
    #[schema(max_length = 4096)]
    auth_token: Option<String>,
}

/// Users to import, 50 at most.
#[derive(ToSchema)]
pub struct UsersToImport {
    /// Users by their uids: the fields of a new user, and `createdAt`, `lastActiveAt`, `deactivatedAt`.
    users: Entities,
}

/// Groups to import, 50 at most.
#[derive(ToSchema)]
pub struct GroupsToImport {
    /// Groups by their guids: the fields of a new group, `createdAt`, and `groupOwnerDetails`.
    groups: Entities,
}

/// Members to import, 50 at most.
#[derive(ToSchema)]
pub struct MembersToImport {
    /// Members by ids of the caller's: `guid`, `uid`, `scope`, `isBanned`, `joinedAt`, and `userDetails`, `groupDetails`.
    members: Entities,
}

/// Messages to import, 50 at most.
#[derive(ToSchema)]
pub struct MessagesToImport {
    /// Messages by their muids: the fields of a new message, `sender`, `sentAt`, `deliveredAt`, `readAt`, `parentMuid`, `quotedMuid`,
    /// and `senderUserDetails`, `receiverUserDetails`, `receiverGroupDetails`, `receiverGroupOwnerDetails`.
    messages: Entities,
}

fn entity() -> Object {
    ObjectBuilder::new().schema_type(Type::Object).build()
}

kinds! {
    /// Entities by their ids, or a list of them. Each stands or falls alone: the answer tells of each.
    Entities = [
        ObjectBuilder::new().schema_type(Type::Object).min_properties(Some(1)).max_properties(Some(50)).additional_properties(Some(Schema::Object(entity()))),
        ArrayBuilder::new().items(entity()).min_items(Some(1)).max_items(Some(50)),
    ];
}

/// Files to upload.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FilesToUpload {
    /// The uid or guid of who receives the message.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    receiver: String,
    /// What the receiver is.
    receiver_type: ReceiverType,
    /// The message that it replies to in a thread.
    parent_message_id: Option<MessageId>,
    /// Files by ids of the caller's.
    #[schema(schema_with = some::<FileToUpload, 10>)]
    files: BTreeMap<String, FileToUpload>,
}

/// A file to upload.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FileToUpload {
    /// Its name.
    #[schema(min_length = 1)]
    name: String,
    /// Its size in bytes.
    #[schema(minimum = 1)]
    size: i64,
    /// Its MIME type.
    #[schema(value_type = Value)]
    mime_type: Option<()>,
}

/// An upload: the fields of its permission, then the file.
#[derive(ToSchema)]
pub struct Upload {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Groups whose online members are counted.
#[derive(ToSchema)]
pub struct OnlineOf {
    /// Their guids.
    #[schema(max_items = 25)]
    groups: Option<Vec<String>>,
}
