//! Bodies about calls.

use halley_wire::schema::{CallType, ReceiverType};
use utoipa::ToSchema;

use super::Seconds;

/// A call to start.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewCall {
    /// The uid or guid of who is called.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    receiver: String,
    /// What the receiver is.
    receiver_type: ReceiverType,
    /// What kind of call.
    #[schema(rename = "type")]
    kind: CallType,
    /// `initiated`.
    #[schema(inline)]
    status: Option<FirstStatus>,
}

/// How a call begins.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum FirstStatus {
    /// It rings.
    Initiated,
    /// The same.
    #[schema(rename = "")]
    Empty,
}

/// A change of a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CallChange {
    /// How the call is to stand. In a group each member joins, declines and leaves alone.
    status: WishedStatus,
    /// Since when the user is in it; needed where an API key joins somebody to the call of a group.
    joined_at: Option<Seconds>,
}

/// What can be asked of a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum WishedStatus {
    /// Refused: a call is initiated once.
    Initiated,
    /// The user answers, or joins.
    Ongoing,
    /// The user declines.
    Rejected,
    /// The user is in another call.
    Busy,
    /// Who called gives up.
    Cancelled,
    /// The same word.
    Canceled,
    /// Nobody answered.
    Unanswered,
    /// The call is over, or the user leaves.
    Ended,
}
