//! `AddReaction`, `RemoveReaction` and `ListReactions`.

use halley_bus::outbox;
use halley_contracts::{
    events::v1::ReactionChanged,
    messaging::v1::{
        AddReactionRequest, AddReactionResponse, Direction, ListReactionsRequest, ListReactionsResponse, Message,
        Reaction, RemoveReactionRequest, RemoveReactionResponse,
    },
};
use halley_kit::{Caller, time};
use halley_model::{ConversationKey, FieldError, Limit, limits, permissions::ScopePermission};
use sqlx::PgConnection;

use super::messages::{lock_message, read_locked};
use crate::{
    directory::Users,
    domain::{change, key::receiver_type, moderation},
    error::Result,
    events,
    service::Messaging,
    store::{
        begin_batch,
        messages::StoredMessage,
        reactions::{self, ReactionKey, StoredReaction},
    },
};

/// Pages that are read for one whose rows the caller's scope hides.
const ROUNDS_MAX: usize = 20;

/// A reaction that a user wants there or away.
struct Wish {
    message_id: i64,
    reaction: String,
    device_id: String,
    add: bool,
}

pub(super) async fn add(
    messaging: &Messaging,
    caller: Caller,
    request: AddReactionRequest,
) -> Result<AddReactionResponse> {
    let AddReactionRequest { message_id, reaction, device_id } = request;
    let message = messaging.react(&caller, Wish { message_id, reaction, device_id, add: true }).await?;
    Ok(AddReactionResponse { message: Some(message) })
}

pub(super) async fn remove(
    messaging: &Messaging,
    caller: Caller,
    request: RemoveReactionRequest,
) -> Result<RemoveReactionResponse> {
    let RemoveReactionRequest { message_id, reaction, device_id } = request;
    let message = messaging.react(&caller, Wish { message_id, reaction, device_id, add: false }).await?;
    Ok(RemoveReactionResponse { message: Some(message) })
}

fn check(reaction: &str) -> Result<()> {
    let problem = match reaction {
        _ if reaction.trim().is_empty() => "is required".to_owned(),
        _ if reaction.contains('\0') => "must not contain the NUL character".to_owned(),
        _ if reaction.chars().count() > limits::REACTION_MAX => {
            format!("must not be longer than {} characters", limits::REACTION_MAX)
        }
        _ => return Ok(()),
    };
    Err(FieldError::new("reaction", problem).into())
}

impl Messaging {
    /// Adds a reaction or takes it back, tells everybody in the conversation, and answers the message.
    async fn react(&self, caller: &Caller, wish: Wish) -> Result<Message> {
        check(&wish.reaction)?;
        let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
        let target = self.living_message(caller, wish.message_id).await?;
        change::require_changeable(&target)?;
        moderation::require_shown(&target)?;
        if wish.add {
            self.directory.authorise_utterance(caller, &target.key, ScopePermission::AddReaction).await?;
        }
        let users = self.directory.users(app_id, [uid]).await?;
        let max = self.apps.settings(app_id).await.limit_i64(Limit::Reactions);
        let mut transaction = begin_batch(self.pool.acquire().await?).await?;
        let target = lock_message(&mut transaction, app_id, target).await?;
        let key = ReactionKey { app_id, message_id: target.message_id, reaction: &wish.reaction, uid };
        let Some(changed) = change_reaction(&mut transaction, &key, wish.add, max).await? else {
            transaction.rollback().await?;
            return self.show_message(app_id, Some(uid), &target).await;
        };
        let device_id = if wish.device_id.is_empty() { caller.device_id() } else { &wish.device_id };
        let changed = ReactionChanged {
            added: wish.add,
            reaction: Some(shown(&changed, target.message_id, &users)),
            receiver_type: receiver_type(&target.key).into(),
            receiver: target.key.counterpart(uid).to_owned(),
            conversation_id: target.key.public(),
            parent_id: target.parent_id,
            message_sender: target.sender_uid.clone(),
            count: reactions::count_of(&mut transaction, &key).await?,
        };
        let entry = events::reaction(app_id, device_id, &target.key, changed);
        let pending = outbox::insert(&mut transaction, &[entry]).await?;
        let target = read_locked(&mut transaction, app_id, target.message_id).await?;
        transaction.commit().await?;
        self.relay.publish(pending);
        self.show_message(app_id, Some(uid), &target).await
    }
}

/// `None`: it was as wished already.
async fn change_reaction(
    connection: &mut PgConnection,
    key: &ReactionKey<'_>,
    add: bool,
    max: i64,
) -> Result<Option<StoredReaction>> {
    let now = time::now();
    if !add {
        return Ok(reactions::delete(connection, key, now).await?);
    }
    let (is_there, is_known, kinds) = reactions::find_standing(connection, key).await?;
    if is_there {
        return Ok(None);
    }
    if !is_known && kinds >= max {
        let problem = format!("a message can't have more than {max} different ones");
        return Err(FieldError::new("reaction", problem).into());
    }
    let reaction_id = reactions::insert(connection, key, now).await?;
    let (reaction, uid) = (key.reaction.to_owned(), key.uid.to_owned());
    Ok(Some(StoredReaction { reaction_id, reaction, uid, reacted_at: now }))
}

fn shown(stored: &StoredReaction, message_id: i64, users: &Users) -> Reaction {
    Reaction {
        id: stored.reaction_id,
        message_id,
        reaction: stored.reaction.clone(),
        uid: stored.uid.clone(),
        reacted_at_ms: time::to_ms(stored.reacted_at),
        user: users.get(&stored.uid).map(|user| user.as_ref().clone()),
    }
}

pub(super) async fn list(
    messaging: &Messaging,
    caller: Caller,
    request: ListReactionsRequest,
) -> Result<ListReactionsResponse> {
    let limit = if request.limit == 0 { limits::PAGE_DEFAULT } else { request.limit };
    if !(1..=limits::PAGE_MAX).contains(&limit) {
        return Err(FieldError::new("limit", format!("must be 1 to {}", limits::PAGE_MAX)).into());
    }
    if !request.reaction.is_empty() {
        check(&request.reaction)?;
    }
    let app_id = caller.app_id();
    let message = messaging.visible_message(&caller, request.message_id).await?;
    let forward = request.direction() != Direction::Prepend;
    let page = reactions::Page {
        app_id,
        message_id: message.message_id,
        reaction: &request.reaction,
        cursor: request.cursor_id,
        forward,
        limit: i64::from(limit),
    };
    let (mut rows, has_more) = match message.deleted_at {
        Some(_) => (Vec::new(), false),
        None => messaging.listable_reactions(&caller, &message, page).await?,
    };
    if !forward {
        rows.reverse();
    }
    let users = messaging.directory.users(app_id, rows.iter().map(|row| row.uid.as_str())).await?;
    let reactions = rows.iter().map(|row| shown(row, message.message_id, &users)).collect();
    Ok(ListReactionsResponse { reactions, has_more })
}

impl Messaging {
    /// A page of reactions of those whose the caller's scope may list, and whether there are more.
    async fn listable_reactions(
        &self,
        caller: &Caller,
        message: &StoredMessage,
        mut page: reactions::Page<'_>,
    ) -> Result<(Vec<StoredReaction>, bool)> {
        let scopes = self.directory.authorise_listing_reactions(caller, &message.key).await?;
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let mut listed = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let mut rows = reactions::list(&self.pool, page).await?;
            let has_more = rows.len() > wanted;
            rows.truncate(wanted);
            page.cursor = rows.last().map_or(page.cursor, |row| row.reaction_id);
            if let (ConversationKey::Group(guid), false) = (&message.key, scopes.is_empty()) {
                let uids = rows.iter().map(|row| row.uid.clone()).collect();
                let within = self.directory.members_within(page.app_id, guid, uids, &scopes).await?;
                rows.retain(|row| within.contains(&row.uid));
            }
            listed.extend(rows);
            if !has_more || listed.len() >= wanted {
                let has_more = has_more || listed.len() > wanted;
                listed.truncate(wanted);
                return Ok((listed, has_more));
            }
        }
        Ok((listed, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_short_and_not_blank() {
        assert!(check("👍").is_ok() && check(":thumbs_up:").is_ok() && check(&"😀".repeat(45)).is_ok());
        for wrong in ["", " ", "a\0b", &"x".repeat(46)] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }
}
