//! The nodes that hold sockets, and how many sockets there are.

use halley_contracts::{
    auth::v1::IdentifyOperatorRequest,
    realtime::v1::{ConnectionsPoint, ListConnectionsRequest, ListConnectionsResponse, ListNodesRequest, Node},
};
use halley_kit::time;
use halley_model::{ErrorCode, TeamRole};
use halley_wire::schema;
use serde_json::{Value, json};

use super::management::Operator;
use crate::{
    caller::Context,
    input::Query,
    openapi::{answer, query},
    reply::{ApiError, Reply, data},
};

/// The time that is shown without a `from`, in milliseconds: a day.
const SHOWN_MS: i64 = 86_400_000;

impl Operator {
    /// Lets in owners and admins of the installation.
    async fn runs_installation(&self) -> Result<(), ApiError> {
        let request = IdentifyOperatorRequest { credential: self.credential() };
        let operator = self.state.operators().identify_operator(request).await?.into_inner().operator;
        match TeamRole::of_number(operator.unwrap_or_default().role) {
            Some(TeamRole::Owner | TeamRole::Admin) => Ok(()),
            _ => Err(ApiError::code(ErrorCode::NoAccess)),
        }
    }
}

/// The asked time in Unix milliseconds; 0 ends it now.
fn range(query: &Query) -> Result<(i64, i64), ApiError> {
    let (from_ms, to_ms) = (query.seconds("from")?, query.seconds("to")?);
    let end = if to_ms == 0 { time::now_ms() } else { to_ms };
    if from_ms > end {
        return Err(ApiError::field("from", "must not be after to"));
    }
    Ok((if from_ms == 0 { end - SHOWN_MS } else { from_ms }, to_ms))
}

fn points(answer: &ListConnectionsResponse) -> Vec<Value> {
    let point = |point: &ConnectionsPoint| json!({"at": point.at_ms / 1000, "connections": point.connections});
    answer.points.iter().map(point).collect()
}

/// Frames a second to a hundredth.
fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn row(node: &Node) -> Value {
    json!({
        "id": node.node_id,
        "version": node.version,
        "startedAt": node.started_at_ms / 1000,
        "renewedAt": node.renewed_at_ms / 1000,
        "connections": node.connections,
        "framesIn": hundredths(node.frames_in),
        "framesOut": hundredths(node.frames_out),
        "memoryBytes": Some(node.memory_bytes).filter(|bytes| *bytes > 0),
        "apps": node.apps.iter().map(|app| json!({"appId": app.app_id, "connections": app.connections})).collect::<Vec<_>>(),
    })
}

/// Shows the nodes that hold sockets, the oldest first, each as it was some seconds ago.
///
/// A node that dies is shown until its lease runs out, for the installation's `gateway.lease_seconds` at most. For owners and
/// admins of the installation.
#[utoipa::path(
    get, path = "/nodes", tag = "operators", operation_id = "list-nodes",
    responses((status = 200, body = schema::Data<Vec<answer::operators::Node>>))
)]
pub async fn list(operator: Operator) -> Reply {
    operator.runs_installation().await?;
    let answer = operator.state.realtime().list_nodes(ListNodesRequest::default()).await?.into_inner();
    data(answer.nodes.iter().map(row).collect::<Vec<_>>())
}

/// Tells how many sockets all apps together had over time: counted once a minute, kept for seven days.
///
/// A long time is told in longer steps, each with its highest count. For owners and admins of the installation.
#[utoipa::path(
    get, path = "/nodes/connections", tag = "operators", operation_id = "list-node-connections",
    params(query::ConnectionsRange),
    responses((status = 200, body = schema::Data<answer::operators::Connections>))
)]
pub async fn connections(operator: Operator, query: Query) -> Reply {
    operator.runs_installation().await?;
    let (from_ms, to_ms) = range(&query)?;
    let request = ListConnectionsRequest { app_id: String::new(), from_ms, to_ms };
    let answer = operator.state.realtime().list_connections(request).await?.into_inner();
    data(json!({"stepSeconds": answer.step_seconds, "points": points(&answer)}))
}

/// Tells how many sockets the app has now, by node, and had over time: counted once a minute, kept for seven days.
///
/// A long time is told in longer steps, each with its highest count.
#[utoipa::path(
    get, path = "/stats/connections", tag = "metrics", operation_id = "connection-metrics",
    params(query::ConnectionsRange),
    responses((status = 200, body = schema::Data<answer::AppConnections>))
)]
pub async fn of_app(context: Context, query: Query) -> Reply {
    context.server_side()?;
    let (from_ms, to_ms) = range(&query)?;
    let app_id = context.app_id().to_owned();
    let request = ListConnectionsRequest { app_id: app_id.clone(), from_ms, to_ms };
    let answer = context.realtime().list_connections(context.request(request)).await?.into_inner();
    let nodes = context.realtime().list_nodes(context.request(ListNodesRequest { app_id })).await?.into_inner().nodes;
    let of_node = |node: &Node| (node.node_id.clone(), node.apps.iter().map(|app| app.connections).sum::<i64>());
    let nodes: Vec<(String, i64)> = nodes.iter().map(of_node).filter(|(_, connections)| *connections > 0).collect();
    data(json!({
        "connections": nodes.iter().map(|(_, connections)| connections).sum::<i64>(),
        "nodes": nodes.iter().map(|(id, connections)| json!({"id": id, "connections": connections})).collect::<Vec<_>>(),
        "stepSeconds": answer.step_seconds,
        "points": points(&answer),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::tests::check_whole;

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        let apps = vec![halley_contracts::realtime::v1::AppConnections { app_id: "a".into(), connections: 1 }];
        check_whole("Node", &row(&Node { memory_bytes: 1, apps, ..Default::default() }));
    }
}
