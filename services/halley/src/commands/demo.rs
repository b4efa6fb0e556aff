//! The demo app: what `make run` shows, and what scripts read from DATA_DIR/demo.json.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;
use halley_contracts::{
    auth::v1::{self as auth, auth_service_client::AuthServiceClient},
    common::v1::ApiKeyScope,
};
use halley_kit::{Caller, PublicError};
use halley_model::{ErrorCode, sample::USERS};
use serde::Serialize;

use super::{Session, plain, token::token_for};
use crate::{
    cli::Place,
    modules::{Module, Running},
    private,
};

const APP_ID: &str = "halleydemo";
const OPERATOR: &str = "operator@localhost";

/// For which addresses.
#[derive(Args)]
pub struct Demo {
    /// URL of the HTTP edge that demo.json shall name.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    rest: String,
    /// URL of the WebSocket edge that demo.json shall name.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080")]
    websocket: String,
    #[command(flatten)]
    place: Place,
}

/// Where the platform is reached.
pub struct Addresses {
    rest: String,
    websocket: String,
    tls: Option<String>,
}

impl Addresses {
    /// Of one process that listens for everything on one port.
    pub fn of(plain: SocketAddr, tls: Option<SocketAddr>) -> Self {
        let plain = reachable(plain);
        Self {
            rest: format!("http://{plain}"),
            websocket: format!("ws://{plain}"),
            tls: tls.map(|address| format!("https://localhost:{}", address.port())),
        }
    }
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// What was made: the content of demo.json, and what else a person wants to know.
pub struct Made {
    file: PathBuf,
    demo: File,
    tls: Option<String>,
    operator: Option<FirstOperator>,
}

/// What is shown and written once.
struct FirstOperator {
    password: String,
    key: auth::ManagementKey,
    key_file: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    rest: String,
    websocket: String,
    /// The web chat app, ready for the demo's users: the key stands in the fragment, which browsers send to nobody.
    chat: String,
    dashboard: String,
    app_id: String,
    auth_key: String,
    rest_api_key: String,
    users: Vec<User>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    uid: String,
    name: String,
    auth_token: String,
}

/// Runs the command.
pub async fn run(options: Demo) -> Result<()> {
    let session = Session::open(&options.place).await?;
    let addresses = Addresses { rest: options.rest, websocket: options.websocket, tls: None };
    let made = make(&session.running, &addresses, &options.place.data_dir).await;
    session.close().await?;
    made?.print();
    Ok(())
}

/// Makes the demo app, its users, and the first operator, as far as they are not there yet; writes demo.json.
pub async fn make(running: &Running, addresses: &Addresses, data_dir: &Path) -> Result<Made> {
    let mut auth = AuthServiceClient::new(running.edge_to(Module::Auth)?);
    let request = auth::CreateAppRequest { app_id: APP_ID.into(), name: "Demo".into(), region: "us".into() };
    if let Err(status) = auth.create_app(request).await
        && PublicError::from_status(&status).code != ErrorCode::AppAlreadyExists
    {
        return Err(plain(&status));
    }
    let mut users = Vec::new();
    for (uid, name) in USERS {
        let auth_token = token_for(running, APP_ID, uid, name).await?;
        users.push(User { uid: uid.into(), name: name.into(), auth_token });
    }
    let auth_key = key(&mut auth, ApiKeyScope::AuthOnly).await?;
    let uids: Vec<&str> = USERS.iter().map(|(uid, _)| *uid).collect();
    let demo = File {
        chat: format!("{}/chat/#app={APP_ID}&key={auth_key}&users={}", addresses.rest, uids.join(",")),
        rest: addresses.rest.clone(),
        websocket: addresses.websocket.clone(),
        dashboard: format!("{}/dashboard/", addresses.rest),
        app_id: APP_ID.into(),
        auth_key,
        rest_api_key: key(&mut auth, ApiKeyScope::FullAccess).await?,
        users,
    };
    private::make_directory(data_dir)?;
    let operator = first_operator(&mut auth, running, data_dir).await?;
    let file = data_dir.join("demo.json");
    private::write_private(&file, &serde_json::to_vec_pretty(&demo)?)?;
    Ok(Made { file, demo, tls: addresses.tls.clone(), operator })
}

type Auth = AuthServiceClient<halley_kit::Transport>;

async fn key(auth: &mut Auth, scope: ApiKeyScope) -> Result<String> {
    let request = auth::ListApiKeysRequest { app_id: APP_ID.into(), scope: scope.into(), ..Default::default() };
    let answer = auth.list_api_keys(Caller::system(APP_ID).request(request)).await.map_err(|status| plain(&status))?;
    let key = answer.into_inner().api_keys.into_iter().next();
    key.map(|key| key.api_key).context("the demo app has no key of that scope any more")
}

/// Makes the first operator with a random password and a management key. Both are written to a file that only the owner of
/// the data directory reads; the password is shown this once.
async fn first_operator(auth: &mut Auth, running: &Running, data_dir: &Path) -> Result<Option<FirstOperator>> {
    let listed = auth.list_operators(auth::ListOperatorsRequest::default()).await.map_err(|status| plain(&status))?;
    if !listed.into_inner().operators.is_empty() {
        return Ok(None);
    }
    let password = format!("{:032x}", rand::random::<u128>());
    let request = auth::CreateOperatorRequest {
        email: OPERATOR.into(),
        name: "Operator".into(),
        password: password.clone(),
        role: auth::OperatorRole::Owner.into(),
    };
    auth.create_operator(request).await.map_err(|status| plain(&status))?;
    let key = super::operator::management_key(running, OPERATOR).await?;
    let key_file = data_dir.join("management.json");
    let written = serde_json::json!({
        "operator": OPERATOR, "email": OPERATOR, "password": password, "key": key.key, "secret": key.secret,
    });
    private::write_private(&key_file, &serde_json::to_vec_pretty(&written)?)?;
    Ok(Some(FirstOperator { password, key, key_file }))
}

impl Made {
    /// Tells a person what there is and what to try first.
    pub fn print(&self) {
        let demo = &self.demo;
        println!("\nHalley is running.\n");
        println!("  chat app      {}", demo.chat);
        println!("  dashboard     {}", demo.dashboard);
        println!("  REST API      {}/v3", demo.rest);
        println!("  WebSocket     {}", demo.websocket);
        if let Some(tls) = &self.tls {
            println!("  with TLS      {tls}");
        }
        println!("  demo app      {}", demo.app_id);
        println!("  auth key      {}", demo.auth_key);
        println!("  REST API key  {}", demo.rest_api_key);
        let users: Vec<&str> = demo.users.iter().map(|user| user.uid.as_str()).collect();
        println!("  users         {}", users.join(", "));
        if let Some(FirstOperator { password, key, key_file }) = &self.operator {
            println!("  operator      {OPERATOR}, password {password}");
            println!("  management    key {}, secret and password in {}", key.key, key_file.display());
        }
        println!("  all of it     {}\n", self.file.display());
        println!("Send a first message:\n");
        println!("{}\n", self.curl());
    }

    fn curl(&self) -> String {
        let demo = &self.demo;
        let (from, to) = (USERS[0].0, USERS[1].0);
        format!(
            "curl -s {}/v3/messages -H 'appid: {}' -H 'apikey: {}' -H 'onBehalfOf: {from}' \\\n  \
             -H 'content-type: application/json' \\\n  \
             -d '{{\"receiver\":\"{to}\",\"receiverType\":\"user\",\"category\":\"message\",\"type\":\"text\",\"data\":{{\"text\":\"Hello, comet\"}}}}'",
            demo.rest, demo.app_id, demo.rest_api_key
        )
    }
}
