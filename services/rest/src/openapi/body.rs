//! Bodies. A field that may be absent may be null as well; fields that are not listed are ignored.

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

mod calls;
mod conversations;
mod credentials;
mod groups;
mod import;
pub mod management;
mod messages;
mod moderation;
pub mod operators;
mod people;
mod roles;

pub use calls::{CallChange, NewCall};
pub use conversations::{ConversationTags, GroupReset, Reset, SystemPins, UnreadFrom, UpTo};
pub use credentials::{
    ApiKeyChanges, AuthTokenChanges, NewApiKey, NewAuthToken, NewPushToken, PushTokenOf, PushTokensOf,
};
pub use groups::{GroupChanges, JoinOrAdd, MemberLists, NewGroup, NewOwner, NewScope};
pub use import::{GroupsToImport, MembersToImport, MessagesToImport, UsersToImport};
pub use messages::{FileToUpload, FilesToUpload, Interactions, MessageChanges, NewMessage, NewMessageForm, Upload};
pub use moderation::{NewReason, ReasonChanges, Report, Review};
pub use people::{
    Blocks, FormerFriends, NewBot, NewFriends, NewUser, OnlineOf, OwnDetails, UserChanges, UsersToActivate,
    UsersToDeactivate,
};
pub use roles::{FeaturesToAllow, FeaturesToRestrict, NewRole, Permissions, RoleChanges};

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

/// A label.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 100, pattern = r"\S")]
pub struct Tag(#[allow(dead_code)] String);

/// How to delete.
#[derive(ToSchema)]
pub struct Deletion {
    /// For good; otherwise the row is kept. With a user go the user's messages and reactions everywhere and the user's
    /// conversations with others, within moments.
    permanent: Option<Flag>,
}
