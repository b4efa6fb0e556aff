//! Who may write and read what.
//!
//! An app that acts for no user may do everything in its own app; what it names must exist all the same.

mod calls;

use std::sync::Arc;

use halley_contracts::{
    groups::v1::Group,
    identity::v1::User,
    messaging::v1::{ReceiverType, message::ReceiverEntity},
};
use halley_kit::Caller;
use halley_model::{
    APP_SYSTEM_UID, ConversationKey, Guid, Uid,
    permissions::{Denied, Rights, ScopePermission},
    rights::{self, Scope},
};

use crate::{
    directory::{Directory, Relation, Standing},
    error::{MessagingError, Result},
    store::messages::StoredMessage,
};

/// A sender and a receiver who may have this message between them.
pub(crate) struct Parties {
    pub key: ConversationKey,
    pub sender: Arc<User>,
    pub receiver: ReceiverEntity,
}

/// A uid or guid as a conversation's other side.
pub(crate) enum With {
    User(String),
    Group(String),
}

impl With {
    /// Reads a receiver. An id with characters that ids don't have names nobody.
    pub(crate) fn parse(kind: ReceiverType, id: &str) -> Result<Self> {
        match kind {
            _ if id.is_empty() => Err(MessagingError::EmptyReceiver),
            ReceiverType::Unspecified => Err(MessagingError::InvalidReceiverType),
            ReceiverType::User => Uid::parse(id)
                .map(|uid| Self::User(uid.into_string()))
                .map_err(|_| MessagingError::UserNotFound { uid: id.to_owned() }),
            ReceiverType::Group => Guid::parse(id)
                .map(|guid| Self::Group(guid.into_string()))
                .map_err(|_| MessagingError::GroupNotFound { guid: id.to_owned() }),
        }
    }

    /// The conversation of a user with this side.
    pub(crate) fn key(&self, uid: &str) -> ConversationKey {
        match self {
            Self::User(other) => ConversationKey::direct(uid, other),
            Self::Group(guid) => ConversationKey::group(guid),
        }
    }
}

impl Directory {
    /// Lets a message through: the sender exists and is active, the receiver exists, neither has blocked the other,
    /// and who writes to a group is in it with a scope that may.
    pub(crate) async fn authorise_send(
        &self,
        caller: &Caller,
        sender_uid: &str,
        to: &With,
        is_reply: bool,
    ) -> Result<Parties> {
        let app_id = caller.app_id();
        let acting = caller.acting_uid();
        let sender_uid = match (acting, sender_uid) {
            (Some(uid), _) => uid,
            (None, "") => APP_SYSTEM_UID,
            (None, named) => named,
        };
        match to {
            With::User(receiver) => {
                let users = self.users(app_id, [sender_uid, receiver]).await?;
                let active = |uid: &str| active(users.get(uid), uid);
                let (sender, other) = (active(sender_uid)?, active(receiver)?);
                if acting.is_some() {
                    self.require_open(app_id, sender_uid, receiver).await?;
                }
                let receiver = ReceiverEntity::ReceiverUser(User::clone(&other));
                Ok(Parties { key: to.key(sender_uid), sender, receiver })
            }
            With::Group(guid) => {
                let users = self.users(app_id, [sender_uid]).await?;
                let sender = active(users.get(sender_uid), sender_uid)?;
                let group = self.group(app_id, guid).await?;
                if acting.is_some() {
                    let scope = self.require_member(app_id, guid, sender_uid).await?;
                    self.require_permission(app_id, guid, scope, |rights| rights.may_send(is_reply)).await?;
                }
                Ok(Parties {
                    key: to.key(sender_uid),
                    sender,
                    receiver: ReceiverEntity::ReceiverGroup(Group::clone(&group)),
                })
            }
        }
    }

    async fn require_open(&self, app_id: &str, sender: &str, receiver: &str) -> Result<()> {
        match self.relation(app_id, sender, receiver).await? {
            Relation::Open => Ok(()),
            Relation::Blocking => Err(MessagingError::BlockedReceiver { uid: receiver.to_owned() }),
            Relation::Blocked => Err(MessagingError::BlockedSender { uid: receiver.to_owned() }),
        }
    }

    /// Lets a member through whose scope the group's permissions let do something.
    pub(crate) async fn require_permission(
        &self,
        app_id: &str,
        guid: &str,
        scope: Scope,
        may: impl FnOnce(&Rights<ScopePermission>) -> std::result::Result<(), Denied>,
    ) -> Result<()> {
        let rights = self.scope_rights(app_id, guid).await?;
        let Some(rights) = rights.get(&scope) else { return Ok(()) };
        may(rights).map_err(|denied| MessagingError::Denied { denied, scope, guid: guid.to_owned() })
    }

    async fn require_member(&self, app_id: &str, guid: &str, uid: &str) -> Result<Scope> {
        match self.standing(app_id, guid, uid).await? {
            Standing::Member(scope) => Ok(scope),
            Standing::Stranger => Err(MessagingError::NotJoined { guid: guid.to_owned(), uid: uid.to_owned() }),
            Standing::Banned => Err(MessagingError::Banned { guid: guid.to_owned(), uid: uid.to_owned() }),
        }
    }

    /// Lets somebody read what was said with this side: it exists, and who asks for a group's is in it.
    pub(crate) async fn authorise_read(&self, caller: &Caller, with: &With) -> Result<()> {
        let app_id = caller.app_id();
        match with {
            With::User(uid) => {
                let users = self.users(app_id, [uid.as_str()]).await?;
                match users.contains_key(uid) {
                    true => Ok(()),
                    false => Err(MessagingError::UserNotFound { uid: uid.clone() }),
                }
            }
            With::Group(guid) => {
                self.group(app_id, guid).await?;
                match caller.acting_uid() {
                    Some(uid) => self.require_member(app_id, guid, uid).await.map(drop),
                    None => Ok(()),
                }
            }
        }
    }

    /// Lets somebody change a message that they may see: its sender, who keeps order in its group, the app itself.
    pub(crate) async fn authorise_change(&self, caller: &Caller, message: &StoredMessage) -> Result<()> {
        let not_a_sender = || MessagingError::NotASender { id: message.message_id };
        let Some(uid) = caller.acting_uid() else { return Ok(()) };
        if message.sender_uid == uid {
            return Ok(());
        }
        let ConversationKey::Group(guid) = &message.key else { return Err(not_a_sender()) };
        let scope = self.require_member(caller.app_id(), guid, uid).await?;
        let group = self.group(caller.app_id(), guid).await?;
        let standing = rights::Standing::of(uid, &group.owner, Some(scope));
        rights::may(standing, rights::Action::ModerateMessages).map_err(|_| not_a_sender())
    }

    /// Lets somebody pin a message that they may see: either user of a direct conversation, who keeps order in a group,
    /// the app itself.
    pub(crate) async fn authorise_pin(&self, caller: &Caller, message: &StoredMessage) -> Result<()> {
        let (Some(uid), ConversationKey::Group(guid)) = (caller.acting_uid(), &message.key) else { return Ok(()) };
        let scope = self.require_member(caller.app_id(), guid, uid).await?;
        let group = self.group(caller.app_id(), guid).await?;
        let standing = rights::Standing::of(uid, &group.owner, Some(scope));
        rights::may(standing, rights::Action::Pin)
            .map_err(|_| MessagingError::MayNotPin { uid: uid.to_owned(), guid: guid.clone() })
    }

    /// Lets somebody say something in a conversation by other means than a message: between two users neither may have
    /// blocked the other, in a group the member's scope must permit it.
    pub(crate) async fn authorise_utterance(
        &self,
        caller: &Caller,
        key: &ConversationKey,
        permission: ScopePermission,
    ) -> Result<()> {
        let app_id = caller.app_id();
        match (key, caller.acting_uid()) {
            (ConversationKey::Direct(..), Some(uid)) => self.require_open(app_id, uid, key.counterpart(uid)).await,
            (ConversationKey::Group(guid), Some(uid)) => {
                let scope = self.require_member(app_id, guid, uid).await?;
                self.require_permission(app_id, guid, scope, |rights| rights.permit(permission, false)).await
            }
            (_, None) => Ok(()),
        }
    }

    /// Lets somebody list the reactions in a conversation; answers whose, by their scope in the group. None: everybody's.
    pub(crate) async fn authorise_listing_reactions(
        &self,
        caller: &Caller,
        key: &ConversationKey,
    ) -> Result<Vec<Scope>> {
        let app_id = caller.app_id();
        let (ConversationKey::Group(guid), Some(uid)) = (key, caller.acting_uid()) else { return Ok(Vec::new()) };
        let scope = self.require_member(app_id, guid, uid).await?;
        self.require_permission(app_id, guid, scope, |rights| rights.permit(ScopePermission::ListReactions, false))
            .await?;
        let rights = self.scope_rights(app_id, guid).await?;
        let words = rights.get(&scope).map(|rights| rights.list(ScopePermission::ListReactionsAllowedScopes));
        Ok(words.unwrap_or_default().iter().filter_map(|word| Scope::parse(word)).collect())
    }

    /// Lets somebody see one message: its sender, its receiver, a member of its group now.
    pub(crate) async fn authorise_message(&self, caller: &Caller, message: &StoredMessage) -> Result<()> {
        let no_access = || MessagingError::NoAccess { id: message.message_id };
        let Some(uid) = caller.acting_uid() else { return Ok(()) };
        match &message.key {
            _ if message.retired => Err(no_access()),
            ConversationKey::Direct(a, b) if a == uid || b == uid => Ok(()),
            ConversationKey::Direct(..) => Err(no_access()),
            ConversationKey::Group(guid) => match self.standing(caller.app_id(), guid, uid).await {
                Ok(Standing::Member(_)) => Ok(()),
                Ok(_) | Err(MessagingError::GroupNotFound { .. }) => Err(no_access()),
                Err(error) => Err(error),
            },
        }
    }

    /// The conversation of a user with this side, if the user may have one: with a group only as its member.
    pub(crate) async fn authorise_conversation(&self, app_id: &str, uid: &str, with: &With) -> Result<ConversationKey> {
        if let With::Group(guid) = with {
            self.group(app_id, guid).await.map_err(hide)?;
            self.require_member(app_id, guid, uid).await.map_err(hide)?;
        }
        Ok(with.key(uid))
    }
}

/// Where a conversation is asked for, every denial has one face.
fn hide(error: MessagingError) -> MessagingError {
    if error.is_of_item() { MessagingError::NotAccessible } else { error }
}

fn active(user: Option<&Arc<User>>, uid: &str) -> Result<Arc<User>> {
    match user {
        Some(user) if user.deactivated_at_ms == 0 => Ok(Arc::clone(user)),
        _ => Err(MessagingError::UserNotFound { uid: uid.to_owned() }),
    }
}
