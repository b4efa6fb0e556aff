//! `RealtimeService`: what the nodes know together, for the HTTP edge.

use halley_contracts::{
    groups::v1::{ListMembersRequest, groups_service_client::GroupsServiceClient},
    realtime::v1::{
        CountOnlineRequest, CountOnlineResponse, GetPresenceRequest, GetPresenceResponse, ListNodesRequest,
        ListNodesResponse, ListOnlineUsersRequest, ListOnlineUsersResponse, Node,
        realtime_service_server::RealtimeService,
    },
};
use halley_kit::{Caller, Transport};
use halley_model::limits;
use tonic::{Request, Response, Status};

use crate::{error::GatewayError, presence::Presence};

/// Most users that one list of online users names.
const ONLINE_MAX: usize = 10_000;
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

    async fn list_nodes(&self, _: Request<ListNodesRequest>) -> Result<Response<ListNodesResponse>, Status> {
        let nodes = self.presence.nodes().await?;
        let nodes = nodes
            .into_iter()
            .map(|node| Node {
                node_id: node.node_id,
                connections: node.connections,
                started_at_ms: node.started_at_ms,
            })
            .collect();
        Ok(Response::new(ListNodesResponse { nodes }))
    }
}
