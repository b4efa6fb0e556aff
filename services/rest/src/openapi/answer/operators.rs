//! What is answered of operators.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use crate::openapi::body::operators::OperatorRole;

/// Somebody who runs the installation, or apps in it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Operator {
    /// Its id.
    id: String,
    /// Its address.
    email: String,
    /// Its name.
    name: String,
    /// What it may do.
    role: OperatorRole,
    /// Unix seconds.
    created_at: i64,
}

/// A session of an operator. Its token is in the cookie alone.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OperatorSession {
    /// Whose it is.
    operator: Operator,
    /// What calls that change something have to send as `x-csrf-token`.
    csrf_token: String,
    /// Unix seconds.
    created_at: i64,
    /// Unix seconds when it ends at the latest.
    expires_at: i64,
    /// Without a call for so many seconds it ends earlier.
    idle_seconds: i64,
}

/// A management key without its secret.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ManagementKey {
    /// The key.
    key: String,
    /// Unix seconds.
    created_at: i64,
}

/// Who did something, as the operator was called then.
#[derive(ToSchema)]
pub struct Actor {
    /// The operator's id.
    id: String,
    /// The operator's name.
    name: String,
    /// The operator's address.
    email: String,
}

/// Something that an operator did.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OperatorAction {
    /// Its id.
    id: String,
    /// Who did it.
    operator: Actor,
    /// The app that it was done in; null: in none, or in none of the operator's.
    app_id: Option<String>,
    /// The id of the operation in this description.
    operation: String,
    /// What the path named, and whom the call was about; credentials are shown as `…`, and so is the uid of a user who was
    /// deleted since, but for the deletion itself.
    parameters: BTreeMap<String, String>,
    /// The HTTP status of the answer; null: how it ended is not known.
    status: Option<i32>,
    /// Unix seconds when it began.
    at: i64,
}

/// Where a page of actions stands.
#[derive(ToSchema)]
pub struct OperatorActionsMeta {
    /// Rows of this page.
    count: usize,
    /// A query with it goes on where this page ends; null: this is the last one.
    cursor: Option<String>,
}

/// A node that holds sockets.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Node {
    /// Its id, another one with each start.
    id: String,
    /// The program's version; empty: not known.
    version: String,
    /// Unix seconds.
    started_at: i64,
    /// Unix seconds when it told all this.
    renewed_at: i64,
    /// Sockets.
    connections: i64,
    /// Frames a second that came from sockets.
    frames_in: f64,
    /// Frames a second that went to sockets.
    frames_out: f64,
    /// Resident memory; null: not known.
    memory_bytes: Option<i64>,
    /// Sockets by app, the most first: of 20 apps at most.
    apps: Vec<AppSockets>,
}

/// Sockets of an app on a node.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AppSockets {
    /// The app's id.
    app_id: String,
    /// Sockets.
    connections: i64,
}

/// Sockets over time.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Connections {
    /// Of one step.
    step_seconds: i64,
    /// Oldest first.
    points: Vec<ConnectionsPoint>,
}

/// Sockets in a step.
#[derive(ToSchema)]
pub struct ConnectionsPoint {
    /// Unix seconds when the step begins.
    at: i64,
    /// The highest count.
    connections: i64,
}
