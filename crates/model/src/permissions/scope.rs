//! What a scope lets the members of a group do.

use super::{ALLOW, DENY, DataType, Denied, FRIENDS, List, Permission, Rights, Spec};
use crate::rights::Scope;

const SWITCH: &[&str] = &[ALLOW, DENY];
/// A documented example sets the third word.
const CALL: &[&str] = &[ALLOW, DENY, FRIENDS];
const SCOPES: &[&str] = &["admin", "moderator", "participant"];
const CALL_TYPES: &[&str] = &["audio", "video"];

macro_rules! catalogue {
    ($($variant:ident $id:literal $data:ident $available:ident $title:literal $text:literal;)*) => {
        /// A permission of a scope.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ScopePermission {
            $(#[doc = $text] $variant,)*
        }

        impl Permission for ScopePermission {
            const KIND: &'static str = "scope";
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn spec(self) -> &'static Spec {
                match self {
                    $(Self::$variant => &Spec {
                        id: $id,
                        title: $title,
                        description: $text,
                        data_type: DataType::$data,
                        list: List::Allows,
                        available: $available,
                    },)*
                }
            }
        }
    };
}

catalogue! {
    SendMessage "sendMessage" Word SWITCH "Send messages"
        "Whether messages may be sent to the group, replies among them.";
    SendThreadedMessage "sendThreadedMessage" Word SWITCH "Reply in threads"
        "Whether replies may be sent in threads.";
    EditMessage "editMessage" Word SWITCH "Edit messages"
        "Whether messages of the group may be edited.";
    ListMembers "listMembers" Word SWITCH "List members"
        "Whether the members may be listed.";
    ListMembersAllowedScopes "listMembers.allowedScopes" Words SCOPES "List members: scopes"
        "The scopes whose members are listed.";
    AddReaction "addReaction" Word SWITCH "React"
        "Whether reactions may be added.";
    ListReactions "listReactions" Word SWITCH "List reactions"
        "Whether reactions may be listed.";
    ListReactionsAllowedScopes "listReactions.allowedScopes" Words SCOPES "List reactions: scopes"
        "The scopes whose members' reactions are listed.";
    InitiateCall "initiateCall" Word CALL "Start calls"
        "Whether calls may be started in the group.";
    InitiateCallAllowedScopes "initiateCall.allowedScopes" Words SCOPES "Start calls: scopes"
        "The scopes whose members may be called.";
    InitiateCallAllowedType "initiateCall.allowedType" Words CALL_TYPES "Start calls: types"
        "The types of calls that may be started.";
}

impl Rights<ScopePermission> {
    /// Whether a message may be sent. A reply in a thread is a message, too: both permissions must allow it.
    pub fn may_send(&self, is_reply: bool) -> Result<(), Denied> {
        self.permit(ScopePermission::SendMessage, false)?;
        if is_reply { self.permit(ScopePermission::SendThreadedMessage, false) } else { Ok(()) }
    }

    /// Whether a call may be started. `friends`: all who are called are friends of who calls.
    pub fn may_call(&self, kind: &str, friends: bool) -> Result<(), Denied> {
        self.permit(ScopePermission::InitiateCall, friends)?;
        self.allow(ScopePermission::InitiateCallAllowedType, kind)
    }

    /// The scopes that a list of members is narrowed to; none: all.
    pub fn narrow_members(&self, asked: &[Scope]) -> Result<Vec<Scope>, Denied> {
        self.permit(ScopePermission::ListMembers, false)?;
        let words = asked.iter().map(|scope| scope.as_str().to_owned()).collect();
        let narrowed = self.narrow(ScopePermission::ListMembersAllowedScopes, words)?;
        Ok(narrowed.iter().filter_map(|word| Scope::parse(word)).collect())
    }
}
