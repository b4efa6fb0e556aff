//! One file a command.

pub mod app;
pub mod demo;
pub mod health;
pub mod import;
pub mod migrate;
pub mod operator;
pub mod private_servers;
pub mod token;

use anyhow::Result;
use halley_kit::Lifecycle;

use crate::{
    cli::Place,
    modules::{self, Running},
    private::{self, Needs, PrivateServers},
    settings::Settings,
};

/// The inner services in this process, on the configured or private databases, for the length of a command.
///
/// Beside a running platform they are one more replica; nothing else has to be reachable.
pub struct Session {
    pub running: Running,
    servers: Option<PrivateServers>,
}

impl Session {
    /// Starts them.
    pub async fn open(place: &Place) -> Result<Self> {
        let mut settings = Settings::load(place.config.as_deref())?;
        let servers = private::complete(&mut settings, place, &Needs::of(modules::INNER)).await?;
        match Running::start(&settings, modules::INNER, Lifecycle::new()).await {
            Ok(running) => Ok(Self { running, servers }),
            Err(error) => {
                if let Some(servers) = servers {
                    servers.stop().await?;
                }
                Err(error)
            }
        }
    }

    /// Ends them; private servers that were started for the command stop.
    pub async fn close(self) -> Result<()> {
        self.running.lifecycle.stop();
        self.running.lifecycle.drain(std::time::Duration::from_secs(5)).await;
        match self.servers {
            Some(servers) => servers.stop().await,
            None => Ok(()),
        }
    }
}

/// The public text of a service's answer, for a person at a terminal.
pub fn plain(status: &tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("{}", halley_kit::PublicError::from_status(status))
}
