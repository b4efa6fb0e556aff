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
    /// What the path named; credentials are shown as `…`.
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
