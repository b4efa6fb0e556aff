//! Reported messages and the reasons of reports.

use utoipa::ToSchema;

use super::Message;

/// What was decided about a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum ModerationStatus {
    /// It stays.
    Approved,
    /// It is taken out of sight.
    Disapproved,
}

/// What was decided about a message.
#[derive(ToSchema)]
pub struct Moderation {
    /// The decision.
    pub status: ModerationStatus,
}

/// A reason of reports.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Reason {
    /// Its id, in lower case.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds of the last change.
    pub updated_at: i64,
    /// One of those that every app begins with.
    #[schema(required = false)]
    pub default: bool,
}

/// One user's report of a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageFlag {
    /// Who reported.
    pub uid: String,
    /// The user's name.
    pub name: String,
    /// The user's role, as far as the user is known.
    #[schema(required = false)]
    pub role: String,
    /// Address of the user's picture.
    #[schema(required = false)]
    pub avatar: String,
    /// The reason's id.
    pub reason_id: String,
    /// The reason's name, as it was then.
    pub reason_name: String,
    /// What the reason is about, as it was then.
    pub description: String,
    /// What the user says of it.
    pub remark: String,
    /// Unix seconds.
    pub flagged_at: i64,
}

/// What a reported message in the queue has beside what every message has.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Flagged {
    /// The app's id.
    pub app_id: String,
    /// The newest reports.
    pub flagged_by: Vec<MessageFlag>,
    /// How many reports there are.
    pub flagged_count: i64,
}

/// A reported message about which something was decided.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReviewedMessage {
    /// It.
    pub message: Message,
    /// `flag`.
    pub action: Vec<String>,
    /// The decision.
    pub status: ModerationStatus,
    /// True.
    pub reviewed: bool,
    /// Unix seconds of the decision.
    pub reviewed_at: i64,
    /// The uid of who decided.
    pub reviewed_by: String,
    /// The newest reports.
    pub flagged_by: Vec<MessageFlag>,
    /// How many reports there are.
    pub flagged_count: i64,
    /// Unix seconds of the first report.
    pub created_at: i64,
    /// Unix seconds of the decision.
    pub updated_at: i64,
    /// The app's id.
    pub app_id: String,
}
