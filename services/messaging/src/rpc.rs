//! The calls of `MessagingService`: one line each, in the order of the contract.

mod calls;
mod change_message;
mod conversation_pins;
mod conversations;
mod count_messages;
mod export;
mod import_messages;
mod interactions;
mod list_messages;
mod marks;
mod messages;
mod metrics;
mod moderation;
mod open_conversations;
mod own_conversation;
mod reactions;
mod receipts;
mod record_membership;
mod resume;
mod send_message;
mod threads;

use std::{future::Future, sync::Arc};

use halley_contracts::messaging::v1::{self as pb, messaging_service_server::MessagingService};
use halley_kit::{Caller, error};
use tonic::{Request, Response, Status};

use crate::{error::Result, service::Messaging};

pub(crate) use calls::{Calls, sweep as sweep_calls};
pub(crate) use metrics::Metrics;
pub(crate) use moderation::Moderation;

/// The service as tonic mounts it.
pub(crate) struct Service(pub Arc<Messaging>);

type Answer<T> = std::result::Result<Response<T>, Status>;

/// Reads the caller, runs the call, and gives a fault its public face.
async fn answer<Q, A, F>(request: Request<Q>, call: impl FnOnce(Caller, Q) -> F) -> Answer<A>
where
    F: Future<Output = Result<A>>,
{
    let caller = Caller::of(&request)?;
    call(caller, request.into_inner()).await.map(Response::new).map_err(|fault| error::status(&fault))
}

#[tonic::async_trait]
impl MessagingService for Service {
    async fn send_message(&self, request: Request<pb::SendMessageRequest>) -> Answer<pb::SendMessageResponse> {
        answer(request, |caller, body| send_message::send(&self.0, caller, body)).await
    }

    async fn get_message(&self, request: Request<pb::GetMessageRequest>) -> Answer<pb::GetMessageResponse> {
        answer(request, |caller, body| messages::get(&self.0, caller, body)).await
    }

    async fn edit_message(&self, request: Request<pb::EditMessageRequest>) -> Answer<pb::EditMessageResponse> {
        answer(request, |caller, body| change_message::edit(&self.0, caller, body)).await
    }

    async fn delete_message(&self, request: Request<pb::DeleteMessageRequest>) -> Answer<pb::DeleteMessageResponse> {
        answer(request, |caller, body| change_message::delete(&self.0, caller, body)).await
    }

    async fn add_reaction(&self, request: Request<pb::AddReactionRequest>) -> Answer<pb::AddReactionResponse> {
        answer(request, |caller, body| reactions::add(&self.0, caller, body)).await
    }

    async fn remove_reaction(&self, request: Request<pb::RemoveReactionRequest>) -> Answer<pb::RemoveReactionResponse> {
        answer(request, |caller, body| reactions::remove(&self.0, caller, body)).await
    }

    async fn list_reactions(&self, request: Request<pb::ListReactionsRequest>) -> Answer<pb::ListReactionsResponse> {
        answer(request, |caller, body| reactions::list(&self.0, caller, body)).await
    }

    async fn pin_message(&self, request: Request<pb::PinMessageRequest>) -> Answer<pb::PinMessageResponse> {
        answer(request, |caller, body| marks::pin(&self.0, caller, body)).await
    }

    async fn unpin_message(&self, request: Request<pb::UnpinMessageRequest>) -> Answer<pb::UnpinMessageResponse> {
        answer(request, |caller, body| marks::unpin(&self.0, caller, body)).await
    }

    async fn save_message(&self, request: Request<pb::SaveMessageRequest>) -> Answer<pb::SaveMessageResponse> {
        answer(request, |caller, body| marks::save(&self.0, caller, body)).await
    }

    async fn unsave_message(&self, request: Request<pb::UnsaveMessageRequest>) -> Answer<pb::UnsaveMessageResponse> {
        answer(request, |caller, body| marks::unsave(&self.0, caller, body)).await
    }

    async fn mark_interacted(&self, request: Request<pb::MarkInteractedRequest>) -> Answer<pb::MarkInteractedResponse> {
        answer(request, |caller, body| interactions::mark(&self.0, caller, body)).await
    }

    async fn list_threads(&self, request: Request<pb::ListThreadsRequest>) -> Answer<pb::ListThreadsResponse> {
        answer(request, |caller, body| threads::list(&self.0, caller, body)).await
    }

    async fn subscribe_thread(
        &self,
        request: Request<pb::SubscribeThreadRequest>,
    ) -> Answer<pb::SubscribeThreadResponse> {
        answer(request, |caller, body| threads::subscribe(&self.0, caller, body)).await
    }

    async fn unsubscribe_thread(
        &self,
        request: Request<pb::UnsubscribeThreadRequest>,
    ) -> Answer<pb::UnsubscribeThreadResponse> {
        answer(request, |caller, body| threads::unsubscribe(&self.0, caller, body)).await
    }

    async fn list_messages(&self, request: Request<pb::ListMessagesRequest>) -> Answer<pb::ListMessagesResponse> {
        answer(request, |caller, body| list_messages::list(&self.0, caller, body)).await
    }

    async fn list_conversations(
        &self,
        request: Request<pb::ListConversationsRequest>,
    ) -> Answer<pb::ListConversationsResponse> {
        answer(request, |caller, body| conversations::list(&self.0, caller, body)).await
    }

    async fn get_conversation(
        &self,
        request: Request<pb::GetConversationRequest>,
    ) -> Answer<pb::GetConversationResponse> {
        answer(request, |caller, body| conversations::get(&self.0, caller, body)).await
    }

    async fn update_conversation(
        &self,
        request: Request<pb::UpdateConversationRequest>,
    ) -> Answer<pb::UpdateConversationResponse> {
        answer(request, |caller, body| own_conversation::update(&self.0, caller, body)).await
    }

    async fn reset_conversation(
        &self,
        request: Request<pb::ResetConversationRequest>,
    ) -> Answer<pb::ResetConversationResponse> {
        answer(request, |caller, body| own_conversation::reset(&self.0, caller, body)).await
    }

    async fn mark_read(&self, request: Request<pb::MarkReadRequest>) -> Answer<pb::MarkReadResponse> {
        answer(request, |caller, body| receipts::mark_read(&self.0, caller, body)).await
    }

    async fn mark_delivered(&self, request: Request<pb::MarkDeliveredRequest>) -> Answer<pb::MarkDeliveredResponse> {
        answer(request, |caller, body| receipts::mark_delivered(&self.0, caller, body)).await
    }

    async fn mark_unread(&self, request: Request<pb::MarkUnreadRequest>) -> Answer<pb::MarkUnreadResponse> {
        answer(request, |caller, body| receipts::mark_unread(&self.0, caller, body)).await
    }

    async fn count_unread(&self, request: Request<pb::CountUnreadRequest>) -> Answer<pb::CountUnreadResponse> {
        answer(request, |caller, body| conversations::count_unread(&self.0, caller, body)).await
    }

    async fn pin_conversation(
        &self,
        request: Request<pb::PinConversationRequest>,
    ) -> Answer<pb::PinConversationResponse> {
        answer(request, |caller, body| conversation_pins::pin(&self.0, caller, body)).await
    }

    async fn unpin_conversation(
        &self,
        request: Request<pb::UnpinConversationRequest>,
    ) -> Answer<pb::UnpinConversationResponse> {
        answer(request, |caller, body| conversation_pins::unpin(&self.0, caller, body)).await
    }

    async fn list_system_pins(
        &self,
        request: Request<pb::ListSystemPinsRequest>,
    ) -> Answer<pb::ListSystemPinsResponse> {
        answer(request, |caller, body| conversation_pins::list_system(&self.0, caller, body)).await
    }

    async fn replace_system_pins(
        &self,
        request: Request<pb::ReplaceSystemPinsRequest>,
    ) -> Answer<pb::ReplaceSystemPinsResponse> {
        answer(request, |caller, body| conversation_pins::replace_system(&self.0, caller, body)).await
    }

    async fn resume(&self, request: Request<pb::ResumeRequest>) -> Answer<pb::ResumeResponse> {
        answer(request, |caller, body| resume::resume(&self.0, caller, body)).await
    }

    async fn open_conversations(
        &self,
        request: Request<pb::OpenConversationsRequest>,
    ) -> Answer<pb::OpenConversationsResponse> {
        answer(request, |caller, body| open_conversations::open(&self.0, caller, body)).await
    }

    async fn record_membership(
        &self,
        request: Request<pb::RecordMembershipRequest>,
    ) -> Answer<pb::RecordMembershipResponse> {
        answer(request, |caller, body| record_membership::record(&self.0, caller, body)).await
    }

    async fn import_messages(&self, request: Request<pb::ImportMessagesRequest>) -> Answer<pb::ImportMessagesResponse> {
        answer(request, |caller, body| import_messages::import(&self.0, caller, body)).await
    }

    async fn count_messages(&self, request: Request<pb::CountMessagesRequest>) -> Answer<pb::CountMessagesResponse> {
        answer(request, |caller, body| count_messages::count(&self.0, caller, body)).await
    }

    async fn export_user(&self, request: Request<pb::ExportUserRequest>) -> Answer<pb::ExportUserResponse> {
        answer(request, |caller, body| export::export(&self.0, caller, body)).await
    }

    async fn list_erased_files(
        &self,
        request: Request<pb::ListErasedFilesRequest>,
    ) -> Answer<pb::ListErasedFilesResponse> {
        answer(request, |caller, body| export::list_files(&self.0, caller, body)).await
    }

    async fn forget_erased_files(
        &self,
        request: Request<pb::ForgetErasedFilesRequest>,
    ) -> Answer<pb::ForgetErasedFilesResponse> {
        answer(request, |caller, body| export::forget_files(&self.0, caller, body)).await
    }
}
