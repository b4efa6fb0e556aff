//! Bodies of imports.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

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
