//! The calls of `MessagingService`: one line each, in the order of the contract.

mod conversations;
mod count_messages;
mod import_messages;
mod list_messages;
mod messages;
mod receipts;
mod record_membership;
mod send_message;

use std::{future::Future, sync::Arc};

use halley_contracts::messaging::v1::{self as pb, messaging_service_server::MessagingService};
use halley_kit::{Caller, error};
use tonic::{Request, Response, Status};

use crate::{error::Result, service::Messaging};

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
}
