//! The public JSON as schemas, for the API's description (OpenAPI). The types are never made: they only tell of the shapes
//! that the serializers beside them write, and tests compare the two.
//!
//! A field that may be absent is `#[schema(required = false)]`; none is ever null. What is not listed may come as well.

/// Declares a shape that is any of some others. Those must be in the document by other ways: they are only referred to, so
/// that shapes may hold each other.
#[macro_export]
macro_rules! one_of {
    ($(#[doc = $doc:literal] $name:ident = $($shape:ty),+;)*) => {$(
        #[doc = $doc]
        pub struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::AnyOfBuilder::new()
                    $(.item(utoipa::openapi::Ref::from_schema_name(<$shape as utoipa::ToSchema>::name())))+
                    .description(Some($doc.trim()))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

mod answers;
mod calls;
mod entities;
mod messages;
mod moderation;

pub use answers::{
    ConversationCursor, ConversationListMeta, Data, Done, Error, ErrorAnswer, Fate, FateError, LimitedPageMeta, List,
    ListCursor, Marked, MessageCursor, MessageListMeta, MessagePlace, Page, PageMeta, Pagination, Place,
    ReactionListMeta, ReactionPlace, ThreadListMeta, ThreadPlace, UnreadMarked, WalkedPage, WalkedPageMeta,
};
pub use calls::{Call, CallParticipant, CallParties, CallStatus, CallType, ParticipantState, ToldCall, ToldCallData};
pub use entities::{
    ApiKey, ApiKeyScope, AuthToken, BannedUser, Conversation, ConversationWith, Group, GroupMember, GroupType, Guid,
    Member, MemberScope, Presence, Role, RoleSettings, Uid, User, UserFilter,
};
pub use messages::{
    Attachment, Category, Entity, EntityOf, EntityType, Interaction, Message, MessageData, MessageEntities,
    MessageReceipt, MessageReceipts, OwnReceipt, Reaction, ReactionCount, ReceiverType, Thread,
};
pub use moderation::{Flagged, MessageFlag, Moderation, ModerationStatus, Reason, ReviewedMessage};

#[cfg(test)]
mod tests;
