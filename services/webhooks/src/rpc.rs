//! `WebhooksService`: one line for each call, in the contract's order.

use std::{future::Future, sync::Arc};

use halley_contracts::{
    common::v1::caller::Principal,
    webhooks::v1::{self as pb, webhooks_service_server::WebhooksService},
};
use halley_kit::{Caller, error, export};
use tonic::{Request, Response, Status};

mod log;

use crate::{
    error::{Result, WebhooksError},
    service::Webhooks,
    store,
};

/// The service as tonic mounts it.
pub(crate) struct Service(pub Arc<Webhooks>);

type Answer<T> = std::result::Result<Response<T>, Status>;

async fn answer<Q, A, F>(request: Request<Q>, call: impl FnOnce(Caller, Q) -> F) -> Answer<A>
where
    F: Future<Output = Result<A>>,
{
    let caller = Caller::of(&request)?;
    call(caller, request.into_inner()).await.map(Response::new).map_err(|fault| error::status(&fault))
}

/// The app of a call that Halley itself makes, for an operator whom auth has let through.
fn app_of(caller: &Caller) -> Result<&str> {
    match caller.principal() {
        Principal::System(_) => Ok(caller.app_id()),
        Principal::User(_) | Principal::ApiKey(_) => Err(WebhooksError::NotForApps),
    }
}

#[tonic::async_trait]
impl WebhooksService for Service {
    async fn list_deliveries(&self, request: Request<pb::ListDeliveriesRequest>) -> Answer<pb::ListDeliveriesResponse> {
        answer(request, |caller, body| log::list(&self.0, caller, body)).await
    }

    async fn get_delivery(&self, request: Request<pb::GetDeliveryRequest>) -> Answer<pb::GetDeliveryResponse> {
        answer(request, |caller, body| log::get(&self.0, caller, body)).await
    }

    async fn redeliver(&self, request: Request<pb::RedeliverRequest>) -> Answer<pb::RedeliverResponse> {
        answer(request, |caller, body| log::redeliver(&self.0, caller, body)).await
    }

    async fn send_test(&self, request: Request<pb::SendTestRequest>) -> Answer<pb::SendTestResponse> {
        answer(request, |caller, body| log::send_test(&self.0, caller, body)).await
    }

    async fn export_user(&self, request: Request<pb::ExportUserRequest>) -> Answer<pb::ExportUserResponse> {
        answer(request, |caller, body| export_user(&self.0, caller, body)).await
    }
}

async fn export_user(
    webhooks: &Webhooks,
    caller: Caller,
    request: pb::ExportUserRequest,
) -> Result<pb::ExportUserResponse> {
    if caller.is_logged_in_user() {
        return Err(WebhooksError::NotForApps);
    }
    let uid = request.uid.to_ascii_lowercase();
    let of = (caller.app_id(), uid.as_str());
    let (rows, next_cursor) = export::page(&webhooks.pool, store::export::SECTIONS, of, &request.cursor).await?;
    Ok(pb::ExportUserResponse { rows, next_cursor })
}
