//! Bodies about operators.

use utoipa::ToSchema;

/// What an operator may do in the installation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum OperatorRole {
    /// Everything.
    Owner,
    /// What it is in the apps that it owns or is a collaborator of; so the others.
    Admin,
    /// See `admin`.
    Moderator,
    /// See `admin`.
    Developer,
}

/// Who logs in.
#[derive(ToSchema)]
pub struct LogIn {
    /// The operator's address.
    #[schema(max_length = 254, pattern = r"\S")]
    email: String,
    /// The operator's password.
    #[schema(max_length = 100, pattern = r"\S")]
    password: String,
}

/// An operator to make.
#[derive(ToSchema)]
pub struct NewOperator {
    /// Its address.
    #[schema(max_length = 254, format = Email)]
    email: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// Its password.
    #[schema(min_length = 10, max_length = 100)]
    password: String,
    /// What it may do.
    role: OperatorRole,
}

/// Changes to an operator. What is absent stays.
#[derive(ToSchema)]
pub struct OperatorChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// What it may do.
    role: Option<OperatorRole>,
    /// A new password; it ends the operator's sessions.
    #[schema(min_length = 10, max_length = 100)]
    password: Option<String>,
}

/// Changes to oneself. What is absent stays.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OwnOperatorChanges {
    /// The name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// A new password; it ends all own sessions, this one too.
    #[schema(min_length = 10, max_length = 100)]
    password: Option<String>,
    /// The password until now; needed for a new one.
    #[schema(max_length = 100)]
    old_password: Option<String>,
}
