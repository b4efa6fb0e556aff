//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::{commands, modules::Target, serve};

/// Halley: chat for your own app, on your own servers.
///
/// Start everything on this machine with `halley serve`: without database settings it runs a private PostgreSQL and
/// a private Redis under the data directory, makes a demo app, and prints its addresses and keys.
///
/// Settings come from built-in defaults, then the file of --config, then the environment: the key `rest.public_host`
/// is the variable HALLEY_REST__PUBLIC_HOST. `halley config` prints every key with its meaning.
#[derive(Parser)]
#[command(name = "halley", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where settings and data are.
#[derive(Args, Clone)]
pub struct Place {
    /// A TOML file of settings.
    #[arg(long, value_name = "FILE", env = "HALLEY_CONFIG")]
    pub config: Option<PathBuf>,

    /// Directory of the private servers' data, keys and demo.json; made when missing.
    #[arg(long, value_name = "DIR", default_value = ".halley", env = "HALLEY_DATA_DIR")]
    pub data_dir: PathBuf,
}

/// What `serve` runs and where it listens.
#[derive(Args)]
pub struct Serve {
    /// What to run.
    #[arg(long, value_enum, default_value_t = Target::All)]
    pub target: Target,

    /// HOST:PORT to listen on; port 0 takes a free one. Overrides server.listen.
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<SocketAddr>,

    /// HOST:PORT for /livez, /readyz and /metrics; without it there are none. Overrides server.admin_listen.
    #[arg(long, value_name = "HOST:PORT")]
    pub admin_listen: Option<SocketAddr>,

    /// HOST:PORT to listen on with TLS as well; without rest.tls_certificate a self-signed one is made. Overrides rest.tls_listen.
    #[arg(long, value_name = "HOST:PORT")]
    pub tls_listen: Option<SocketAddr>,

    #[command(flatten)]
    pub place: Place,
}

#[derive(Subcommand)]
enum Command {
    /// Run the platform, or one service of it, until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Run a private PostgreSQL and Redis for several `serve` processes; writes DATA_DIR/halley.toml for their --config.
    PrivateServers(Place),
    /// Bring the databases up to date, then end. `serve` does so itself unless postgres.migrate_on_start is false.
    Migrate(Place),
    /// Make a demo app with five users and write DATA_DIR/demo.json.
    Demo(commands::demo::Demo),
    /// Work with apps.
    App(commands::app::App),
    /// Work with operators and their management keys.
    Operator(commands::operator::Operator),
    /// Print an auth token of a user, making the user when it does not exist.
    Token(commands::token::Token),
    /// Import users, groups, members and messages from a directory of JSON lines.
    Import(commands::import::Import),
    /// Ask a running process whether it is ready; exit code 0 means yes. For container health checks.
    Health(commands::health::Health),
    /// Print every setting with its meaning and default.
    Config,
}

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> Result<()> {
        match self.command {
            Command::Serve(options) => serve::run(options).await,
            Command::PrivateServers(place) => commands::private_servers::run(place).await,
            Command::Migrate(place) => commands::migrate::run(place).await,
            Command::Demo(options) => commands::demo::run(options).await,
            Command::App(options) => commands::app::run(options).await,
            Command::Operator(options) => commands::operator::run(options).await,
            Command::Token(options) => commands::token::run(options).await,
            Command::Import(options) => commands::import::run(options).await,
            Command::Health(options) => commands::health::run(options).await,
            Command::Config => {
                print!("{}", crate::settings::DEFAULTS);
                Ok(())
            }
        }
    }
}
