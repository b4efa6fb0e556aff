//! `halley import DIR`: an archive of JSON lines into an app.
//!
//! Files are read in the order in which references resolve; a batch is committed before the next is sent, so a run
//! that was cut off goes on where it was: what is there already is left as it is.

mod lines;
mod rows;
mod send;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use halley_contracts::auth::v1::{ListAppsRequest, auth_service_client::AuthServiceClient};

use super::{Session, plain};
use crate::{
    cli::Place,
    modules::{Module, Running},
};
use lines::Lines;
use send::Sender;

/// Items of one batch: what the services take at once.
const BATCH: usize = halley_model::limits::BATCH_MAX;

/// What to import, and where.
///
/// DIR holds users.jsonl, groups.jsonl, members.jsonl, messages.jsonl and direct_messages.jsonl, each perhaps with
/// .gz; missing ones are skipped. Times are kept, threads and quotes linked by the archive's own ids, and no live
/// events are sent. The history counts as read. A second run changes nothing.
#[derive(Args)]
pub struct Import {
    /// The directory.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The app; may be left out when there is only one.
    #[arg(long)]
    app_id: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// A file of the archive: its name, and what its rows are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Users,
    Groups,
    Members,
    Messages,
    DirectMessages,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Users, Self::Groups, Self::Members, Self::Messages, Self::DirectMessages];

    fn stem(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Members => "members",
            Self::Messages => "messages",
            Self::DirectMessages => "direct_messages",
        }
    }

    fn find(self, directory: &Path) -> Option<PathBuf> {
        ["jsonl", "jsonl.gz"]
            .map(|end| directory.join(format!("{}.{end}", self.stem())))
            .into_iter()
            .find(|p| p.is_file())
    }
}

/// Runs the command.
pub async fn run(options: Import) -> Result<()> {
    let files: Vec<(Kind, PathBuf)> =
        Kind::ALL.into_iter().filter_map(|kind| Some((kind, kind.find(&options.directory)?))).collect();
    if files.is_empty() {
        bail!(
            "{} holds none of users.jsonl, groups.jsonl, members.jsonl, messages.jsonl, direct_messages.jsonl",
            options.directory.display()
        );
    }
    let session = Session::open(&options.place).await?;
    let outcome = tokio::select! {
        outcome = import(&session.running, options.app_id.as_deref(), &files) => outcome,
        signal = halley_kit::lifecycle::end_signal() => {
            signal.and(Err(std::io::Error::other("interrupted; the same command goes on from here"))).map_err(Into::into)
        }
    };
    session.close().await?;
    outcome
}

async fn import(running: &Running, app_id: Option<&str>, files: &[(Kind, PathBuf)]) -> Result<()> {
    let app_id = app(running, app_id).await?;
    println!("Importing into the app {app_id}");
    let sender = Sender::new(running, &app_id)?;
    for (kind, path) in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut lines = Lines::open(path).with_context(|| format!("open {}", path.display()))?;
        let mut total = send::Total::default();
        while let Some(batch) = lines.batch(BATCH).await.with_context(|| format!("read {}", path.display()))? {
            let done = sender.send(*kind, &batch.rows).await;
            let done = done.map_err(|fault| fault.at(&name))?;
            total.add(&done);
            lines.done(done.items);
            if let Some(fault) = batch.fault {
                bail!(fault.at(&name));
            }
        }
        lines.finish(&format!("{name}: {} rows, {} new", total.items, total.created));
    }
    Ok(())
}

/// The app that was named, or the only one.
async fn app(running: &Running, named: Option<&str>) -> Result<String> {
    let mut auth = AuthServiceClient::new(running.edge_to(Module::Auth)?);
    if let Some(app_id) = named {
        let request = halley_contracts::auth::v1::GetAppRequest { app_id: app_id.to_owned() };
        let answer = auth.get_app(request).await.map_err(|status| plain(&status))?;
        return Ok(answer.into_inner().app.unwrap_or_default().app_id);
    }
    let apps = auth.list_apps(ListAppsRequest::default()).await.map_err(|status| plain(&status))?.into_inner().apps;
    match apps.as_slice() {
        [only] => Ok(only.app_id.clone()),
        [] => bail!("there is no app yet: make one with `halley app create --name NAME`"),
        several => {
            let ids: Vec<&str> = several.iter().map(|app| app.app_id.as_str()).collect();
            bail!("there are several apps: choose one with --app-id ({})", ids.join(", "))
        }
    }
}
