//! `halley app create|list`.

use anyhow::Result;
use clap::{Args, Subcommand};
use halley_contracts::auth::v1::{self as pb, auth_service_client::AuthServiceClient};

use super::{Session, plain};
use crate::{cli::Place, modules::Module};

/// Work with apps.
#[derive(Args)]
pub struct App {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make an app; prints its id and its two keys as JSON.
    Create {
        /// The app's name.
        #[arg(long)]
        name: String,
        /// Its id: 1 to 32 letters and digits; made up when left out.
        #[arg(long, default_value = "")]
        app_id: String,
        /// Its region.
        #[arg(long, default_value = "us")]
        region: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print the apps, one JSON object a line.
    List {
        #[command(flatten)]
        place: Place,
    },
}

/// Runs the command.
pub async fn run(options: App) -> Result<()> {
    match options.action {
        Action::Create { name, app_id, region, place } => {
            let session = Session::open(&place).await?;
            let created = create(&session, pb::CreateAppRequest { app_id, name, region }).await;
            session.close().await?;
            println!("{}", created?);
        }
        Action::List { place } => {
            let session = Session::open(&place).await?;
            let listed = list(&session).await;
            session.close().await?;
            for app in listed? {
                println!("{}", serde_json::json!({"appId": app.app_id, "name": app.name, "region": app.region}));
            }
        }
    }
    Ok(())
}

async fn create(session: &Session, request: pb::CreateAppRequest) -> Result<serde_json::Value> {
    let mut auth = AuthServiceClient::new(session.running.edge_to(Module::Auth)?);
    let made = auth.create_app(request).await.map_err(|status| plain(&status))?.into_inner();
    let app = made.app.unwrap_or_default();
    Ok(serde_json::json!({
        "appId": app.app_id,
        "name": app.name,
        "region": app.region,
        "authKey": made.auth_key.unwrap_or_default().api_key,
        "restApiKey": made.rest_api_key.unwrap_or_default().api_key,
    }))
}

async fn list(session: &Session) -> Result<Vec<pb::App>> {
    let mut auth = AuthServiceClient::new(session.running.edge_to(Module::Auth)?);
    let mut apps = Vec::new();
    for page in 1.. {
        let request =
            pb::ListAppsRequest { page: Some(halley_contracts::common::v1::PageRequest { page, per_page: 1000 }) };
        let answer = auth.list_apps(request).await.map_err(|status| plain(&status))?.into_inner();
        apps.extend(answer.apps);
        if page >= answer.page.map_or(1, |page| page.total_pages) {
            break;
        }
    }
    Ok(apps)
}
