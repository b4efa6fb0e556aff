//! What a role lets its users do.

use super::{ALL, ALLOW, Call, DENY, DataType, Denied, FRIENDS, List, Permission, Rights, Spec};

const SWITCH: &[&str] = &[ALLOW, DENY];
const MODE: &[&str] = &[ALL, FRIENDS];
const SCOPES: &[&str] = &["admin", "moderator", "participant"];
const RECEIVERS: &[&str] = &["user", "group"];
const SENT_CATEGORIES: &[&str] = &["message", "custom", "interactive", "card"];
const CATEGORIES: &[&str] = &["message", "custom", "interactive", "card", "action", "call"];
const SENT_TYPES: &[&str] = &["text", "image", "audio", "video", "file"];
const GROUP_TYPES: &[&str] = &["public", "private", "password"];
const NONE: &[&str] = &[];

macro_rules! catalogue {
    ($($variant:ident $id:literal $data:ident $list:ident $available:ident $title:literal $text:literal
        [$($method:literal $path:literal),*];)*) => {
        /// A permission of a role.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RolePermission {
            $(#[doc = $text] $variant,)*
        }

        impl Permission for RolePermission {
            const KIND: &'static str = "role";
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn spec(self) -> &'static Spec {
                match self {
                    $(Self::$variant => &Spec {
                        id: $id,
                        title: $title,
                        description: $text,
                        data_type: DataType::$data,
                        list: List::$list,
                        available: $available,
                    },)*
                }
            }
        }

        impl RolePermission {
            /// The calls that nobody may make to whom it says "deny".
            pub fn calls(self) -> &'static [Call] {
                match self {
                    $(Self::$variant => &[$(Call { method: $method, path: $path }),*],)*
                }
            }
        }
    };
}

catalogue! {
    ListUsers "listUsers" Word Allows SWITCH "List users"
        "Whether users may be listed." ["GET" "/users"];
    ListUsersMode "listUsers.mode" Word Allows MODE "List users: whom"
        "Whether all users are listed, or friends only." [];
    ListUsersAllowedRoles "listUsers.allowedRoles" Roles Allows NONE "List users: roles"
        "The roles whose users are listed." [];
    GetUserDetailsMode "getUserDetails.mode" Word Allows MODE "See a user: whom"
        "Whether the details of all users may be seen, or of friends only." [];
    GetUserDetailsAllowedRoles "getUserDetails.allowedRoles" Roles Allows NONE "See a user: roles"
        "The roles whose users' details may be seen." [];
    SendMessage "sendMessage" Word Allows SWITCH "Send messages"
        "Whether messages may be sent."
        ["POST" "/messages", "POST" "/messages/{id}/thread", "POST" "/files/upload-url"];
    SendMessageMode "sendMessage.mode" Word Allows MODE "Send messages: to whom"
        "Whether one-to-one messages may go to all users, or to friends only." [];
    SendMessageAllowedReceiverTypes "sendMessage.allowedReceiverTypes" Words Allows RECEIVERS
        "Send messages: receivers" "Whether messages may go to users, to groups, or to both." [];
    SendMessageAllowedReceiverRoles "sendMessage.allowedReceiverRoles" Roles Allows NONE
        "Send messages: roles" "The roles to whose users one-to-one messages may go." [];
    SendMessageAllowedMessageCategories "sendMessage.allowedMessageCategories" Words Allows SENT_CATEGORIES
        "Send messages: categories" "The categories of messages that may be sent." [];
    SendMessageAllowedMessageTypes "sendMessage.allowedMessageTypes" Words Allows SENT_TYPES
        "Send messages: types" "The types of messages of the category message that may be sent." [];
    SendMessageAllowedCustomTypes "sendMessage.allowedCustomTypes" Texts Allows NONE
        "Send messages: custom types" "The types of custom messages that may be sent." [];
    SendMessageAllowedMimeTypes "sendMessage.allowedMimeTypes" Texts AllowsMime NONE
        "Send messages: files" "The MIME types of files that may be sent; image/* stands for all images." [];
    EditMessage "editMessage" Word Allows SWITCH "Edit messages"
        "Whether messages may be edited." ["PUT" "/messages/{id}"];
    EditMessageDenyForScopes "editMessage.denyForScopes" Words Denies SCOPES "Edit messages: not as"
        "The scopes in which messages of a group may not be edited." [];
    DeleteMessage "deleteMessage" Word Allows SWITCH "Delete messages"
        "Whether messages may be deleted." ["DELETE" "/messages/{id}"];
    DeleteMessageDenyForScopes "deleteMessage.denyForScopes" Words Denies SCOPES "Delete messages: not as"
        "The scopes in which messages of a group may not be deleted." [];
    ListMessagesAllowedMessageCategories "listMessages.allowedMessageCategories" Words Allows CATEGORIES
        "List messages: categories" "The categories of messages that are listed." [];
    ListMessagesAllowedMessageTypes "listMessages.allowedMessageTypes" Texts Allows NONE
        "List messages: types" "The types of messages that are listed, of any category." [];
    InitiateCall "initiateCall" Word Allows SWITCH "Start calls"
        "Whether calls may be started." ["POST" "/calls"];
    InitiateCallMode "initiateCall.mode" Word Allows MODE "Start calls: whom"
        "Whether all users may be called, or friends only." [];
    InitiateCallAllowedReceiverRoles "initiateCall.allowedReceiverRoles" Roles Allows NONE "Start calls: roles"
        "The roles whose users may be called." [];
    CreateGroup "createGroup" Word Allows SWITCH "Create groups"
        "Whether groups may be created." ["POST" "/groups"];
    CreateGroupAllowedGroupTypes "createGroup.allowedGroupTypes" Words Allows GROUP_TYPES "Create groups: types"
        "The types of groups that may be created." [];
    ListGroups "listGroups" Word Allows SWITCH "List groups"
        "Whether groups may be listed." ["GET" "/groups"];
    ListGroupsAllowedGroupTypes "listGroups.allowedGroupTypes" Words Allows GROUP_TYPES "List groups: types"
        "The types of groups that are listed." [];
    JoinGroup "joinGroup" Word Allows SWITCH "Join groups"
        "Whether groups may be joined." ["POST" "/groups/{guid}/members"];
    JoinGroupAllowedGroupTypes "joinGroup.allowedGroupTypes" Words Allows GROUP_TYPES "Join groups: types"
        "The types of groups that may be joined." [];
}

/// A message that somebody wants to send.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outgoing<'a> {
    /// It goes to a group.
    pub to_group: bool,
    /// Sender and receiver are friends.
    pub friends: bool,
    /// The receiving user's role.
    pub receiver_role: &'a str,
    /// The public word.
    pub category: &'a str,
    /// The public word.
    pub kind: &'a str,
}

impl Rights<RolePermission> {
    /// Whether a message may be sent. Its files are asked about one by one, by `sendMessage.allowedMimeTypes`.
    pub fn may_send(&self, message: &Outgoing<'_>) -> Result<(), Denied> {
        use RolePermission as P;
        self.permit(P::SendMessage, message.friends)?;
        self.allow(P::SendMessageAllowedReceiverTypes, if message.to_group { "group" } else { "user" })?;
        self.allow(P::SendMessageAllowedMessageCategories, message.category)?;
        match message.category {
            "message" => self.allow(P::SendMessageAllowedMessageTypes, message.kind)?,
            "custom" => self.allow(P::SendMessageAllowedCustomTypes, message.kind)?,
            _ => {}
        }
        if message.to_group {
            return Ok(());
        }
        self.permit(P::SendMessageMode, message.friends)?;
        self.allow(P::SendMessageAllowedReceiverRoles, message.receiver_role)
    }

    /// Whether the details of another user may be seen.
    pub fn may_see(&self, friends: bool, role: &str) -> Result<(), Denied> {
        self.permit(RolePermission::GetUserDetailsMode, friends)?;
        self.allow(RolePermission::GetUserDetailsAllowedRoles, role)
    }

    /// Whether a user may be called.
    pub fn may_call(&self, friends: bool, role: &str) -> Result<(), Denied> {
        self.permit(RolePermission::InitiateCall, friends)?;
        self.permit(RolePermission::InitiateCallMode, friends)?;
        self.allow(RolePermission::InitiateCallAllowedReceiverRoles, role)
    }
}
