//! Bodies about reports of messages and their reasons.

use utoipa::ToSchema;

/// A report of a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Report {
    /// The reason's id; required without `id`.
    reason_id: Option<String>,
    /// The same, as clients name it.
    id: Option<String>,
    /// What there is to say of it.
    #[schema(max_length = 500)]
    remark: Option<String>,
}

/// A decision about a reported message.
#[derive(ToSchema)]
pub struct Review {
    /// The decision.
    status: Decision,
}

/// What can be decided.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum Decision {
    /// It stays.
    Approved,
    /// It is taken out of sight.
    Disapproved,
    /// The same.
    Rejected,
}

/// A reason to make.
#[derive(ToSchema)]
pub struct NewReason {
    /// Its id; kept in lower case.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    id: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
}

/// Changes to a reason. What is absent stays.
#[derive(ToSchema)]
pub struct ReasonChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
}
