//! `EditMessage` and `DeleteMessage`: the change and the action message that tells of it share one transaction.

use halley_contracts::messaging::v1::{
    DeleteMessageRequest, DeleteMessageResponse, EditMessageRequest, EditMessageResponse, Message, MessageCategory,
};
use halley_kit::{Caller, PublicError};
use halley_model::{ErrorCode, Feature, FieldError, Limit, field, permissions::ScopePermission};

use crate::{
    domain::{
        change::{self, ChangeKind, MessageChange},
        content,
        key::receiver_type,
        moderation,
        new_message::NewMessage,
    },
    error::{MessagingError, Result},
    service::Messaging,
    store::messages::StoredMessage,
    write::Written,
};

pub(super) async fn edit(
    messaging: &Messaging,
    caller: Caller,
    request: EditMessageRequest,
) -> Result<EditMessageResponse> {
    if request.data_json.is_empty() && !request.set_tags {
        return Err(MessagingError::InvalidData(FieldError::new("data", "must name something to change")));
    }
    field::tags("tags", &request.tags)?;
    let settings = messaging.apps.settings(caller.app_id()).await;
    field::at_most("tags", &request.tags, settings.limit(Limit::Tags))?;
    field::json_object("data", &request.data_json, settings.limit(Limit::MessageBytes))
        .map_err(MessagingError::InvalidData)?;
    let target = messaging.changeable_message(&caller, request.id).await?;
    moderation::require_shown(&target)?;
    messaging.directory.authorise_utterance(&caller, &target.key, ScopePermission::EditMessage).await?;
    change::check_edit(&target, &request.data_json)?;
    content::check_mentions(&request.data_json, settings.limit(Limit::Mentions))?;
    let tags = request.set_tags.then_some(request.tags);
    let kind = ChangeKind::Edit { data_json: request.data_json, tags };
    let message = messaging.change_message(&caller, &target, kind, request.device_id).await?;
    Ok(EditMessageResponse { message: Some(message) })
}

pub(super) async fn delete(
    messaging: &Messaging,
    caller: Caller,
    request: DeleteMessageRequest,
) -> Result<DeleteMessageResponse> {
    if request.permanent && caller.is_logged_in_user() {
        return Err(PublicError::new(ErrorCode::PermissionDenied, "a user may not delete messages for good").into());
    }
    let target = messaging.changeable_message(&caller, request.id).await?;
    let kind = ChangeKind::Delete { permanent: request.permanent };
    let message = messaging.change_message(&caller, &target, kind, request.device_id).await?;
    Ok(DeleteMessageResponse { message: Some(message) })
}

impl Messaging {
    async fn changeable_message(&self, caller: &Caller, id: i64) -> Result<StoredMessage> {
        let target = self.living_message(caller, id).await?;
        change::require_changeable(&target)?;
        self.directory.authorise_change(caller, &target).await?;
        Ok(target)
    }

    /// Changes a message and answers the action message. What the app itself changes is an action of the message's
    /// sender: the app has no place in the conversation.
    async fn change_message(
        &self,
        caller: &Caller,
        target: &StoredMessage,
        kind: ChangeKind,
        device_id: String,
    ) -> Result<Message> {
        let app_id = caller.app_id();
        let device_id = if device_id.is_empty() { caller.device_id().to_owned() } else { device_id };
        field::text("deviceId", &device_id, 255)?;
        let actor = caller.acting_uid().unwrap_or(&target.sender_uid);
        let users = self.directory.users(app_id, [actor]).await?;
        let settings = self.apps.settings(app_id).await;
        let mut shown = self.show_message(app_id, None, target).await?;
        if let ChangeKind::Edit { data_json, .. } = &kind
            && change::has_text(data_json)
        {
            shown.mentions = self.mentioned_users(app_id, target.category, &target.kind, data_json).await?;
        }
        let new = NewMessage {
            app_id: app_id.to_owned(),
            key: target.key.clone(),
            stored_key: target.key.storage(),
            counted: false,
            news: settings.is_on(Feature::UpdateOnMessageActions),
            membership: None,
            message: Message {
                conversation_id: target.key.public(),
                sender_uid: actor.to_owned(),
                receiver_type: receiver_type(&target.key).into(),
                receiver: target.key.counterpart(actor).to_owned(),
                category: MessageCategory::Action.into(),
                r#type: change::MESSAGE.to_owned(),
                data_json: kind.action_json().to_owned(),
                device_id,
                sender: users.get(actor).map(|user| user.as_ref().clone()),
                receiver_entity: shown.receiver_entity.clone(),
                action_on_message: Some(Box::new(Message { quoted_message: None, ..shown })),
                ..Default::default()
            },
            change: Some(MessageChange { message_id: target.message_id, by: caller.actor().to_owned(), kind }),
        };
        let (Written::New(message) | Written::RepeatedNew(message)) = self.writers.write(new).await? else {
            return Err(MessagingError::Inconsistent("an action message has no muid to repeat"));
        };
        let mut message = *message;
        if let Some(target) = &mut message.action_on_message {
            self.show_own_reactions(app_id, caller.acting_uid(), target).await?;
        }
        Ok(message)
    }
}
