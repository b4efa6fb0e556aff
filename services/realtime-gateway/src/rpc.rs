//! `RealtimeService`: what the nodes know together, for the HTTP edge.

use halley_contracts::{
    common::v1::caller::Principal,
    groups::v1::{ListMembersRequest, groups_service_client::GroupsServiceClient},
    realtime::v1::{
        AppConnections, ConnectionsPoint, CountOnlineRequest, CountOnlineResponse, GetPresenceRequest,
        GetPresenceResponse, ListConnectionsRequest, ListConnectionsResponse, ListNodesRequest, ListNodesResponse,
        ListOnlineUsersRequest, ListOnlineUsersResponse, Node, realtime_service_server::RealtimeService,
    },
};
use halley_kit::{Caller, PublicError, Transport, caller::METADATA_KEY};
use halley_model::{ErrorCode, limits};
use tonic::{Request, Response, Status};

use crate::{
    error::GatewayError,
    presence::{NodeState, Presence},
};

/// Most users that one list of online users names.
const ONLINE_MAX: usize = 10_000;
/// Apps whose sockets are shown of a node.
const APPS_SHOWN: usize = 20;
/// Most groups of one count.
const GROUPS_MAX: usize = 25;

/// The service.
pub struct Realtime {
    presence: Presence,
    groups: Transport,
}

impl Realtime {
    /// Any node can serve it.
    pub fn new(presence: Presence, groups: Transport) -> Self {
        Self { presence, groups }
    }

    /// How many members of a group are online: the online users, asked of the group in pages.
    async fn online_members(&self, caller: &Caller, guid: &str, online: &[String]) -> Result<i64, Status> {
        let mut members = 0;
        for uids in online.chunks(limits::BATCH_MAX) {
            let request = ListMembersRequest {
                guid: guid.to_owned(),
                page: Some(halley_contracts::common::v1::PageRequest { page: 1, per_page: 1 }),
                uids: uids.to_vec(),
                ..Default::default()
            };
            let answer =
                GroupsServiceClient::new(self.groups.clone()).list_members(caller.request(request)).await?.into_inner();
            members += answer.page.map_or(0, |page| page.total);
        }
        Ok(members)
    }
}

/// Refuses callers of an app what is not of their app. An edge that asks for an operator names no caller.
fn check_app<T>(request: &Request<T>, app_id: &str) -> Result<(), Status> {
    if !request.metadata().contains_key(METADATA_KEY) {
        return Ok(());
    }
    let caller = Caller::of(request)?;
    match caller.principal() {
        Principal::System(_) => Ok(()),
        _ if caller.app_id() == app_id => Ok(()),
        _ => Err(PublicError::new(ErrorCode::NoAccess, "callers of an app see the app's own sockets alone").into()),
    }
}

fn shown(node: NodeState) -> Node {
    let mut apps: Vec<AppConnections> =
        node.sockets.into_iter().map(|(app_id, connections)| AppConnections { app_id, connections }).collect();
    apps.sort_unstable_by(|a, b| b.connections.cmp(&a.connections).then_with(|| a.app_id.cmp(&b.app_id)));
    apps.truncate(APPS_SHOWN);
    Node {
        node_id: node.node_id,
        connections: node.connections,
        started_at_ms: node.started_at_ms,
        version: node.state.version,
        frames_in: node.state.frames_in,
        frames_out: node.state.frames_out,
        memory_bytes: node.state.memory_bytes,
        renewed_at_ms: node.state.renewed_at_ms,
        apps,
    }
}

fn bounded(field: &'static str, length: usize, max: usize) -> Result<(), GatewayError> {
    if length > max { Err(GatewayError::TooMany { field, max }) } else { Ok(()) }
}

#[tonic::async_trait]
impl RealtimeService for Realtime {
    async fn get_presence(
        &self,
        request: Request<GetPresenceRequest>,
    ) -> Result<Response<GetPresenceResponse>, Status> {
        let caller = Caller::of(&request)?;
        let uids = request.into_inner().uids;
        bounded("uids", uids.len(), limits::BATCH_MAX)?;
        let online_uids = self.presence.of(caller.app_id(), &uids).await?;
        Ok(Response::new(GetPresenceResponse { online_uids }))
    }

    async fn count_online(
        &self,
        request: Request<CountOnlineRequest>,
    ) -> Result<Response<CountOnlineResponse>, Status> {
        let caller = Caller::of(&request)?;
        let guids = request.into_inner().guids;
        bounded("groups", guids.len(), GROUPS_MAX)?;
        let online = self.presence.all(caller.app_id()).await?;
        let mut online_members = Vec::with_capacity(guids.len());
        for guid in &guids {
            online_members.push(self.online_members(&caller, guid, &online).await?);
        }
        let online_users = i64::try_from(online.len()).unwrap_or(i64::MAX);
        Ok(Response::new(CountOnlineResponse { online_users, online_members }))
    }

    async fn list_online_users(
        &self,
        request: Request<ListOnlineUsersRequest>,
    ) -> Result<Response<ListOnlineUsersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut uids = self.presence.all(caller.app_id()).await?;
        uids.sort_unstable();
        uids.truncate(ONLINE_MAX);
        Ok(Response::new(ListOnlineUsersResponse { uids }))
    }

    async fn list_nodes(&self, request: Request<ListNodesRequest>) -> Result<Response<ListNodesResponse>, Status> {
        check_app(&request, &request.get_ref().app_id)?;
        let nodes = self.presence.nodes(&request.into_inner().app_id).await?;
        Ok(Response::new(ListNodesResponse { nodes: nodes.into_iter().map(shown).collect() }))
    }

    async fn list_connections(
        &self,
        request: Request<ListConnectionsRequest>,
    ) -> Result<Response<ListConnectionsResponse>, Status> {
        check_app(&request, &request.get_ref().app_id)?;
        let ListConnectionsRequest { app_id, from_ms, to_ms } = request.into_inner();
        let to_ms = if to_ms == 0 { i64::MAX } else { to_ms };
        let (points, step_seconds) = self.presence.connections(&app_id, (from_ms, to_ms)).await?;
        let points = points.into_iter().map(|(at_ms, connections)| ConnectionsPoint { at_ms, connections }).collect();
        Ok(Response::new(ListConnectionsResponse { points, step_seconds }))
    }
}
