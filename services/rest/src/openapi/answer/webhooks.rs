//! What operators are answered of deliveries to webhooks.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AllOfBuilder, Schema},
    },
};

/// How far a delivery is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum DeliveryState {
    /// To be sent, or to be sent again.
    Pending,
    /// Taken by the receiver.
    Delivered,
    /// Given up.
    Failed,
}

/// A call that was made, or could not be.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DeliveryAttempt {
    /// When it began, in Unix milliseconds.
    at_ms: i64,
    /// How long it took, in milliseconds.
    duration_ms: i32,
    /// The HTTP status of the answer; null: there was none.
    status: Option<i32>,
    /// Why it failed, in one word: `status`, `timeout`, `no-connection`, `tls`, `no-address`, `internal-address`, `not-https`,
    /// `unreadable-address`, `broken-off`, `not-enabled`, `too-many`, `erased`. Null: it did not.
    error: Option<String>,
}

/// An event on its way to a webhook.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Delivery {
    /// Its id, which is also the header `webhook-id`.
    id: String,
    /// The webhook's id.
    webhook_id: String,
    /// The event, or `ping` for a test.
    trigger: String,
    /// How far it is.
    state: DeliveryState,
    /// When the event was taken up, in Unix milliseconds.
    created_at_ms: i64,
    /// When it is sent next, in Unix milliseconds; null: not any more.
    due_at_ms: Option<i64>,
    /// When it was delivered or given up, in Unix milliseconds; null: not yet.
    finished_at_ms: Option<i64>,
    /// The last ten calls, the oldest first.
    attempts: Vec<DeliveryAttempt>,
}

/// What was sent, and what was answered.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DeliveryBodies {
    /// The body that is sent; null: it is not kept any more, as a user whom it named was deleted.
    request: Option<BTreeMap<String, Value>>,
    /// What the receiver answered to each attempt, at most 2 KB of it.
    answers: Vec<String>,
}

with_more! {
    /// A delivery with everything.
    DeliveryDetails = Delivery, DeliveryBodies;
}

/// Where a page of deliveries stands.
#[derive(ToSchema)]
pub struct DeliveriesMeta {
    /// Rows of this page.
    count: usize,
    /// A query with it goes on where this page ends; null: this is the last one.
    cursor: Option<String>,
}
