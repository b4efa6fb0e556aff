//! `halley operator create|key`.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand, ValueEnum};
use halley_contracts::auth::v1::{
    self as pb, auth_service_client::AuthServiceClient, management_service_client::ManagementServiceClient,
};

use super::{Session, plain};
use crate::{
    cli::Place,
    modules::{Module, Running},
};

/// Work with operators, who manage apps.
#[derive(Args)]
pub struct Operator {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make an operator; the password is read from standard input.
    Create {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// The name.
        #[arg(long)]
        name: String,
        /// Owners may manage every app of the installation; developers those that they own or are added to.
        #[arg(long, value_enum, default_value_t = Role::Developer)]
        role: Role,
        #[command(flatten)]
        place: Place,
    },
    /// Mint a management key for an operator; prints key and secret as JSON. The secret is shown only now.
    Key {
        /// The operator's e-mail address.
        #[arg(long)]
        email: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Owner,
    Admin,
    Moderator,
    Developer,
}

/// Runs the command.
pub async fn run(options: Operator) -> Result<()> {
    match options.action {
        Action::Create { email, name, role, place } => {
            let mut password = String::new();
            std::io::stdin().take(1000).read_to_string(&mut password).context("read the password")?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            let role = match role {
                Role::Owner => pb::OperatorRole::Owner,
                Role::Admin => pb::OperatorRole::Admin,
                Role::Moderator => pb::OperatorRole::Moderator,
                Role::Developer => pb::OperatorRole::Developer,
            };
            let request = pb::CreateOperatorRequest { email, name, password, role: role.into() };
            let session = Session::open(&place).await?;
            let made = create(&session.running, request).await;
            session.close().await?;
            println!("{}", serde_json::json!({"email": made?.email}));
        }
        Action::Key { email, place } => {
            let session = Session::open(&place).await?;
            let key = management_key(&session.running, &email).await;
            session.close().await?;
            let key = key?;
            println!("{}", serde_json::json!({"operator": email, "key": key.key, "secret": key.secret}));
        }
    }
    Ok(())
}

async fn create(running: &Running, request: pb::CreateOperatorRequest) -> Result<pb::Operator> {
    let mut auth = AuthServiceClient::new(running.edge_to(Module::Auth)?);
    let made = auth.create_operator(request).await.map_err(|status| plain(&status))?;
    Ok(made.into_inner().operator.unwrap_or_default())
}

/// A new management key of an operator.
pub async fn management_key(running: &Running, email: &str) -> Result<pb::ManagementKey> {
    let mut management = ManagementServiceClient::new(running.edge_to(Module::Auth)?);
    let request = pb::CreateManagementKeyRequest { email: email.to_owned() };
    let made = management.create_management_key(request).await.map_err(|status| plain(&status))?;
    Ok(made.into_inner().key.unwrap_or_default())
}
