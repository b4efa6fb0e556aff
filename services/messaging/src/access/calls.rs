//! Who may call whom.

use halley_contracts::{
    groups::v1::Group,
    identity::v1::User,
    messaging::v1::{CallType, message::ReceiverEntity},
};
use halley_kit::Caller;
use halley_model::{ConversationKey, permissions::ScopePermission, rights::Scope};

use super::{Parties, With, active};
use crate::{
    directory::{Directory, Standing},
    domain::call::{self, CallFault, StoredCall},
    error::{MessagingError, Result},
};

impl Directory {
    /// Lets a call through: both users exist, are active, and neither has blocked the other; who calls a group is in it
    /// with a scope that may.
    pub(crate) async fn authorise_call(&self, caller: &Caller, to: &With, kind: CallType) -> Result<Parties> {
        let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
        let users = match to {
            With::User(receiver) => self.users(app_id, [uid, receiver]).await?,
            With::Group(_) => self.users(app_id, [uid]).await?,
        };
        let sender = active(users.get(uid), uid)?;
        let receiver = match to {
            With::User(receiver) => {
                let other = active(users.get(receiver), receiver)?;
                self.require_open(app_id, uid, receiver).await?;
                ReceiverEntity::ReceiverUser(User::clone(&other))
            }
            With::Group(guid) => {
                let group = self.group(app_id, guid).await?;
                let scope = self.require_member(app_id, guid, uid).await?;
                let rights = self.scope_rights(app_id, guid).await?;
                let asks = rights.get(&scope).is_some_and(|of| of.asks_for_friends(ScopePermission::InitiateCall));
                let friends = asks && self.has_friends_only(app_id, &group, uid).await?;
                self.require_permission(app_id, guid, scope, |of| of.may_call(call::type_word(kind), friends)).await?;
                ReceiverEntity::ReceiverGroup(Group::clone(&group))
            }
        };
        Ok(Parties { key: to.key(uid), sender, receiver })
    }

    /// Whether everybody else in a group is a friend of a user: a user's friends are few.
    async fn has_friends_only(&self, app_id: &str, group: &Group, uid: &str) -> Result<bool> {
        let friends = self.friends_of(app_id, uid).await?;
        let others = i64::from(group.members_count) - 1;
        if i64::try_from(friends.len()).unwrap_or(i64::MAX) < others {
            return Ok(false);
        }
        let everybody = [Scope::Admin, Scope::Moderator, Scope::Participant];
        let within = self.members_within(app_id, &group.guid, friends, &everybody).await?;
        Ok(i64::try_from(within.len()).unwrap_or(i64::MAX) >= others)
    }

    /// Lets a user answer or decline: neither of two has blocked the other meanwhile; in a group the user is a member,
    /// and of a scope whose members may be called by the one who called.
    pub(crate) async fn authorise_answer(&self, app_id: &str, call: &StoredCall, uid: &str, joins: bool) -> Result<()> {
        let not_a_part = || CallFault::NotAPart { uid: uid.to_owned() };
        let guid = match &call.key {
            ConversationKey::Direct(a, b) if a != uid && b != uid => return Err(not_a_part().into()),
            key @ ConversationKey::Direct(..) if joins => {
                return self.require_open(app_id, uid, key.counterpart(uid)).await;
            }
            ConversationKey::Direct(..) => return Ok(()),
            ConversationKey::Group(guid) => guid,
        };
        let scope = match self.standing(app_id, guid, uid).await {
            Ok(Standing::Member(scope)) => scope,
            Ok(_) | Err(MessagingError::GroupNotFound { .. }) => return Err(not_a_part().into()),
            Err(error) => return Err(error),
        };
        if !joins || uid == call.initiator_uid {
            return Ok(());
        }
        // Who has left the group has no scope that could forbid it.
        let Standing::Member(calling) = self.standing(app_id, guid, &call.initiator_uid).await? else { return Ok(()) };
        let allowed = ScopePermission::InitiateCallAllowedScopes;
        self.require_permission(app_id, guid, calling, |of| of.allow(allowed, scope.as_str())).await
    }

    /// Lets a user see a call: either of two, a member of the group now. Others may have had a part in it.
    pub(crate) async fn may_see_call(&self, app_id: &str, call: &StoredCall, uid: &str) -> Result<bool> {
        match &call.key {
            ConversationKey::Direct(a, b) => Ok(a == uid || b == uid),
            ConversationKey::Group(guid) => match self.standing(app_id, guid, uid).await {
                Ok(standing) => Ok(matches!(standing, Standing::Member(_))),
                Err(MessagingError::GroupNotFound { .. }) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }
}
