//! `RecordMembership`, for the edge that answers the call and for the reader of events: whoever comes first.

use halley_contracts::{
    groups::v1::{MembershipAction, MembershipEvent},
    messaging::v1::{
        Message, MessageCategory, ReceiverType, RecordMembershipRequest, RecordMembershipResponse,
        message::ReceiverEntity,
    },
};
use halley_kit::{Caller, PublicError, time};
use halley_model::{APP_SYSTEM_UID, ConversationKey, ErrorCode, Feature, FieldError, Guid, Uid, field, limits};

use crate::{
    domain::{
        self,
        action::{self, Membership},
        new_message::NewMessage,
    },
    error::{MessagingError, Result},
    service::Messaging,
    store::traces,
    write::Written,
};

pub(super) async fn record(
    messaging: &Messaging,
    caller: Caller,
    request: RecordMembershipRequest,
) -> Result<RecordMembershipResponse> {
    // A member could put anything into the history of a group.
    if caller.is_logged_in_user() {
        return Err(PublicError::new(ErrorCode::PermissionDenied, "a user may not record memberships").into());
    }
    let event = request.event.ok_or_else(|| FieldError::new("event", "is required"))?;
    let message = messaging.record_membership(caller.app_id(), event).await?;
    Ok(RecordMembershipResponse { message: Some(message) })
}

impl Messaging {
    /// Stores what a membership change means here. Its id is the action message's muid, so that it is stored once.
    pub(crate) async fn record_membership(&self, app_id: &str, event: MembershipEvent) -> Result<Message> {
        let departed = self.departed(app_id, &event).await?;
        let new = self.action_message(app_id, event).await?;
        let stored_key = new.stored_key.clone();
        let message = match self.writers.write(new).await? {
            Written::New(message) | Written::RepeatedNew(message) => *message,
            Written::Repeated(stored) => self.show_message(app_id, None, &stored).await?,
        };
        if let Some(uid) = departed {
            traces::ask_for_late(&self.pool, app_id, &uid, &stored_key, (message.id, message.sequence)).await?;
        }
        Ok(message)
    }

    /// The user whom the app took out of a group because the user was deleted: what says so must not name the user for long,
    /// and comes when everything else that does is perhaps erased already.
    async fn departed(&self, app_id: &str, event: &MembershipEvent) -> Result<Option<String>> {
        let Some(change) = event.change.as_ref() else { return Ok(None) };
        let is_by_app = change.by_uid.is_empty() || change.by_uid == APP_SYSTEM_UID;
        if change.action() != MembershipAction::Kicked || !is_by_app {
            return Ok(None);
        }
        let exists = self.directory.exists(app_id, &change.on_uid).await?;
        Ok((!exists).then(|| change.on_uid.clone()))
    }

    async fn action_message(&self, app_id: &str, event: MembershipEvent) -> Result<NewMessage> {
        field::required_text("event.eventId", &event.event_id, limits::MUID_MAX)?;
        let change = event.change.ok_or_else(|| FieldError::new("event.change", "is required"))?;
        let word =
            action::word(change.action()).ok_or_else(|| FieldError::new("event.change.action", "is required"))?;
        let data_json = action::data(word, &change)
            .map_err(|_| MessagingError::Inconsistent("an action message can't be written as JSON"))?;
        let presence = action::presence(change.action());
        let group = change.group.ok_or_else(|| FieldError::new("event.change.group", "is required"))?;
        Guid::parse(&group.guid).map_err(|_| FieldError::new("event.change.group.guid", "must be a guid"))?;
        Uid::parse(&change.on_uid).map_err(|_| FieldError::new("event.change.onUid", "must be a uid"))?;
        let by_uid = if change.by_uid.is_empty() { APP_SYSTEM_UID } else { &change.by_uid };
        Uid::parse(by_uid).map_err(|_| FieldError::new("event.change.byUid", "must be a uid"))?;
        let users = self.directory.users(app_id, [by_uid, &change.on_uid]).await?;
        let user = |uid: &str| users.get(uid).map(|user| user.as_ref().clone());
        let key = ConversationKey::group(&group.guid);
        let settings = self.apps.settings(app_id).await;
        let at = time::from_ms(event.occurred_at_ms).unwrap_or_else(time::now);
        Ok(NewMessage {
            app_id: app_id.to_owned(),
            stored_key: key.storage(),
            counted: false,
            news: settings.is_on(Feature::UpdateOnGroupActions),
            membership: Some(Membership { uid: change.on_uid.clone(), presence, at }),
            change: None,
            message: Message {
                muid: event.event_id,
                conversation_id: key.public(),
                sender_uid: by_uid.to_owned(),
                receiver_type: ReceiverType::Group.into(),
                receiver: group.guid.clone(),
                category: MessageCategory::Action.into(),
                r#type: action::GROUP_MEMBER.to_owned(),
                data_json,
                sender: user(by_uid),
                action_on: user(&change.on_uid).or_else(|| Some(domain::unknown_user(&change.on_uid))),
                receiver_entity: Some(ReceiverEntity::ReceiverGroup(group)),
                ..Default::default()
            },
            key,
        })
    }
}
