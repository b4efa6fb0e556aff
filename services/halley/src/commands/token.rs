//! `halley token`.

use anyhow::Result;
use clap::Args;
use halley_contracts::{
    auth::v1::{self as auth, auth_service_client::AuthServiceClient},
    identity::v1::{self as identity, identity_service_client::IdentityServiceClient},
};
use halley_kit::{Caller, PublicError};
use halley_model::ErrorCode;

use super::{Session, plain};
use crate::{
    cli::Place,
    modules::{Module, Running},
};

/// Whose token.
#[derive(Args)]
pub struct Token {
    /// The app.
    #[arg(long)]
    app_id: String,
    /// The user; made with its uid as name when it does not exist.
    #[arg(long)]
    uid: String,
    #[command(flatten)]
    place: Place,
}

/// Prints an auth token.
pub async fn run(options: Token) -> Result<()> {
    let session = Session::open(&options.place).await?;
    let token = token_for(&session.running, &options.app_id, &options.uid, &options.uid).await;
    session.close().await?;
    println!("{}", token?);
    Ok(())
}

/// An auth token of a user, who is made with the given name when missing.
pub async fn token_for(running: &Running, app_id: &str, uid: &str, name: &str) -> Result<String> {
    let mut auth = AuthServiceClient::new(running.edge_to(Module::Auth)?);
    auth.get_app(auth::GetAppRequest { app_id: app_id.to_owned() }).await.map_err(|status| plain(&status))?;
    let request = identity::CreateUserRequest {
        uid: uid.to_owned(),
        fields: Some(identity::UserFields { name: Some(name.to_owned()), ..Default::default() }),
    };
    let made = IdentityServiceClient::new(running.edge_to(Module::Identity)?)
        .create_user(Caller::system(app_id).request(request))
        .await;
    if let Err(status) = made
        && PublicError::from_status(&status).code != ErrorCode::UidAlreadyExists
    {
        return Err(plain(&status));
    }
    let request = auth::CreateAuthTokenRequest { app_id: app_id.to_owned(), uid: uid.to_lowercase(), force: false };
    let answer =
        auth.create_auth_token(Caller::system(app_id).request(request)).await.map_err(|status| plain(&status))?;
    Ok(answer.into_inner().auth_token.unwrap_or_default().auth_token)
}
