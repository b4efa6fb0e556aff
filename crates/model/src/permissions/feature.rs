//! Features: calls that clients of a role's users may not make. Permissions are the newer way to say such things.

use super::Call;

macro_rules! catalogue {
    ($($variant:ident $key:literal $title:literal $text:literal [$($method:literal $path:literal),+];)*) => {
        /// A feature that a role can be denied.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Feature {
            $(#[doc = $text] $variant,)*
        }

        impl Feature {
            /// All of them, in catalogue order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The key without its prefix.
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),* }
            }

            /// A name for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What it is, for people.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The calls that it is made of.
            pub fn calls(self) -> &'static [Call] {
                match self { $(Self::$variant => &[$(Call { method: $method, path: $path }),+]),* }
            }
        }
    };
}

impl Feature {
    /// What stands before a key in the API's answers; requests may leave it out.
    pub const PREFIX: &'static str = "u.";

    /// Reads a key, with or without the prefix.
    pub fn parse(key: &str) -> Option<Self> {
        let key = key.strip_prefix(Self::PREFIX).unwrap_or(key);
        Self::ALL.iter().copied().find(|feature| feature.key() == key)
    }
}

catalogue! {
    AddMember "addMember" "Add members" "Adding users to a group." ["PUT" "/groups/{guid}/members"];
    Ban "ban" "Ban members" "Banning users from a group."
        ["POST" "/groups/{guid}/bannedusers/{uid}", "POST" "/groups/{guid}/banned_members/{uid}"];
    BlockUser "blockUser" "Block users" "Blocking users." ["POST" "/blockedusers"];
    ChangeScope "changeScope" "Change scopes" "Changing the scope of a member." ["PUT" "/groups/{guid}/members/{uid}"];
    CreateCall "createCall" "Start calls" "Starting calls." ["POST" "/calls"];
    CreateGroup "createGroup" "Create groups" "Creating groups." ["POST" "/groups"];
    CreateMessage "createMessage" "Send messages" "Sending messages." ["POST" "/messages"];
    CreateMessageThread "createMessageThread" "Reply in threads" "Replying in threads."
        ["POST" "/messages/{id}/thread"];
    DeleteCall "deleteCall" "Delete calls" "Deleting calls." ["DELETE" "/calls/{sessionId}"];
    DeleteConversationForUser "deleteConversationForUser" "Delete conversations" "Deleting the user's own side of a conversation."
        ["DELETE" "/users/{uid}/conversation", "DELETE" "/groups/{guid}/conversation",
            "DELETE" "/conversations/{conversationId}"];
    DeleteGroup "deleteGroup" "Delete groups" "Deleting groups." ["DELETE" "/groups/{guid}"];
    DeleteGroupMessages "deleteGroupMessages" "Delete all messages of a group" "Deleting all messages of a group."
        ["DELETE" "/groups/{guid}/messages"];
    DeleteMessage "deleteMessage" "Delete messages" "Deleting messages." ["DELETE" "/messages/{id}"];
    GetBlockedUsers "getBlockedUsers" "List blocked users" "Listing blocked users." ["GET" "/blockedusers"];
    GetCall "getCall" "See a call" "Reading a call." ["GET" "/calls/{sessionId}"];
    GetConversation "getConversation" "See a conversation" "Reading a conversation."
        ["GET" "/users/{uid}/conversation", "GET" "/groups/{guid}/conversation",
            "GET" "/conversations/{conversationId}"];
    GetGroup "getGroup" "See a group" "Reading a group." ["GET" "/groups/{guid}"];
    GetGroupMessages "getGroupMessages" "List messages of a group" "Listing the messages of a group."
        ["GET" "/groups/{guid}/messages"];
    GetMember "getMember" "See a member" "Reading a member of a group." ["GET" "/groups/{guid}/members/{uid}"];
    GetMessage "getMessage" "See a message" "Reading a message." ["GET" "/messages/{id}"];
    GetMyDetails "getMyDetails" "See oneself" "Reading the user's own details." ["GET" "/me"];
    GetUser "getUser" "See a user" "Reading a user." ["GET" "/users/{uid}"];
    GetUserMessages "getUserMessages" "List messages with a user" "Listing the messages with a user."
        ["GET" "/users/{uid}/messages"];
    JoinGroup "joinGroup" "Join groups" "Joining groups." ["POST" "/groups/{guid}/members"];
    KickMember "kickMember" "Remove members" "Removing members of a group." ["DELETE" "/groups/{guid}/members/{uid}"];
    LeaveGroup "leaveGroup" "Leave groups" "Leaving groups." ["DELETE" "/groups/{guid}/members"];
    ListBannedUsers "listBannedUsers" "List banned users" "Listing the users who are banned from a group."
        ["GET" "/groups/{guid}/bannedusers", "GET" "/groups/{guid}/banned_members"];
    ListCalls "listCalls" "List calls" "Listing calls." ["GET" "/calls"];
    ListConversations "listConversations" "List conversations" "Listing conversations." ["GET" "/conversations"];
    ListGroupMembers "listGroupMembers" "List members" "Listing the members of a group."
        ["GET" "/groups/{guid}/members"];
    ListGroups "listGroups" "List groups" "Listing groups." ["GET" "/groups"];
    ListMessages "listMessages" "List messages" "Listing messages of all conversations." ["GET" "/messages"];
    ListSettings "listSettings" "See settings" "Reading the settings of the app." ["GET" "/settings"];
    ListThreadedMessages "listThreadedMessages" "List replies" "Listing threads and the replies of a thread."
        ["GET" "/messages/{id}/thread", "GET" "/threads", "GET" "/users/{uid}/threads", "GET" "/groups/{guid}/threads"];
    ListUsers "listUsers" "List users" "Listing users." ["GET" "/users"];
    Logout "logout" "Log out" "Logging out." ["DELETE" "/me"];
    MassMemberOperate "massMemberOperate" "Change many members" "Adding and banning many users at once."
        ["PUT" "/groups/{guid}/members"];
    PatchOwner "patchOwner" "Transfer ownership" "Giving a group to another member." ["PATCH" "/groups/{guid}/owner"];
    Unban "unban" "Lift bans" "Lifting bans."
        ["DELETE" "/groups/{guid}/bannedusers/{uid}", "DELETE" "/groups/{guid}/banned_members/{uid}"];
    UnblockUser "unblockUser" "Unblock users" "Unblocking users." ["DELETE" "/blockedusers"];
    UpdateAuthToken "updateAuthToken" "Tell of the device" "Telling of the auth token's device, as a login does."
        ["PUT" "/me"];
    UpdateCall "updateCall" "Change calls" "Accepting, rejecting and ending calls." ["PUT" "/calls/{sessionId}"];
    UpdateGroup "updateGroup" "Change groups" "Changing groups." ["PUT" "/groups/{guid}"];
    UpdateMessage "updateMessage" "Edit messages" "Editing messages." ["PUT" "/messages/{id}"];
}
