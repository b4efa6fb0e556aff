//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use halley_client::PresenceSubscription;

const AFTER_HELP: &str = "\
EXAMPLES
  The server was started with a demo app, which wrote demo.json:
    halley-load pairs --demo .halley/demo.json --duration 10
    halley-load pairs --demo .halley/demo.json --rate 2000 --duration 30
    halley-load group --demo .halley/demo.json --members 2000 --senders 4 --server-pid $(pidof halley)
    halley-load history --demo .halley/demo.json --messages 100000
    halley-load reconnect --demo .halley/demo.json --users 5000
    halley-load presence --demo .halley/demo.json --users 5000 --server-pid $(pidof halley)
    halley-load rights --demo .halley/demo.json --other-websocket ws://127.0.0.1:8082
    halley-load idle  --demo .halley/demo.json --connections 5000 --server-pid $(pidof halley)
  Any other server:
    halley-load pairs --rest http://127.0.0.1:8080 --websocket ws://127.0.0.1:8080/ws --app-id APP --api-key KEY

WHAT IS MEASURED
  Each simulated user is made over HTTP with the API key (uid load-0, load-1, ...), logs in and holds one WebSocket.
  Messages are sent with POST /v3/messages as the sending user; HTTP connections are shared by the users.
  Closed loop (the default): --in-flight messages are under way at any time, so a slow server is asked less.
  Open loop (--rate): messages are due at fixed times whatever the server does, and latencies count from the time a
  message was due, so waiting in front of a slow server is not left out.

EXIT CODE
  0  every acknowledged message reached every receiver once and in order
  1  losses, duplicates, order faults, messages to the wrong user, no message acknowledged, or (idle) closed sockets
  2  the run could not be made";

/// Simulated clients that speak the public client protocol, to measure and to check a running server.
#[derive(Debug, Parser)]
#[command(name = "halley-load", version, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub mode: Mode,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server and output")]
pub struct Common {
    /// File written by the server's demo start: addresses, app and key in one.
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "rest")]
    pub demo: Option<PathBuf>,
    /// HTTP address of the server, for example http://127.0.0.1:8080.
    #[arg(long, global = true, value_name = "URL")]
    pub rest: Option<String>,
    /// WebSocket address, for example ws://127.0.0.1:8080/ws; without it the login's settings name it.
    #[arg(long, global = true, value_name = "URL")]
    pub websocket: Option<String>,
    /// The app.
    #[arg(long, global = true, value_name = "ID")]
    pub app_id: Option<String>,
    /// An API key with full access.
    #[arg(long, global = true, value_name = "KEY", env = "HALLEY_API_KEY", hide_env_values = true)]
    pub api_key: Option<String>,
    /// Accept any TLS certificate (loopback tests only).
    #[arg(long, global = true)]
    pub insecure: bool,
    /// A server process; it and all its descendants (Postgres and Redis, too, if it started them) are measured. Repeatable.
    #[arg(long, global = true, value_name = "PID")]
    pub server_pid: Vec<u32>,
    /// Print one JSON object instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
    /// Beginning of the uids and of the guid that the tool makes.
    #[arg(long, global = true, value_name = "TEXT", default_value = "load")]
    pub prefix: String,
    /// Threads of this tool; by default one for each core.
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Mode {
    /// One-to-one: users in pairs, each writing to the other.
    Pairs {
        /// Online users, an even number.
        #[arg(long, value_name = "N", default_value_t = 200)]
        users: usize,
        #[command(flatten)]
        traffic: Traffic,
    },
    /// One group with all members online.
    Group {
        /// Online members.
        #[arg(long, value_name = "M", default_value_t = 100)]
        members: usize,
        /// How many of them write.
        #[arg(long, value_name = "S", default_value_t = 10)]
        senders: usize,
        /// Further members, who never come online.
        #[arg(long, value_name = "N", default_value_t = 0)]
        absent: usize,
        #[command(flatten)]
        traffic: Traffic,
    },
    /// Reads the newest page of a long conversation, again and again.
    History {
        /// Length of the conversation; it is filled before the measurement, unless an earlier run did.
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        messages: u64,
        /// Messages on a page, at most 100.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100))]
        page: u64,
        /// Pages asked for at a time.
        #[arg(long, value_name = "K", default_value_t = 16)]
        in_flight: usize,
        /// How long pages are read.
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        duration: Duration,
    },
    /// All users come back together after a break, and each fetches what was sent to it meanwhile.
    Reconnect {
        /// Users, at least 3.
        #[arg(long, value_name = "N", default_value_t = 1000)]
        users: usize,
        /// Messages sent to each user during the break, at most 100.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
        missed: u64,
    },
    /// Users online who watch whether others are, while some come and go.
    Presence {
        #[command(flatten)]
        traffic: PresenceTraffic,
    },
    /// How soon a revoked token, a kick, a ban and a block are felt on every node.
    Rights {
        #[command(flatten)]
        nodes: Nodes,
        /// Users that lose each right, one after the other.
        #[arg(long, value_name = "N", default_value_t = 100)]
        rounds: u64,
    },
    /// Opens sockets and leaves them alone: memory for each connection.
    Idle {
        /// Sockets, each of its own user.
        #[arg(long, value_name = "N", default_value_t = 1000)]
        connections: usize,
        /// How long they stay open after the last one is up.
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        hold: Duration,
    },
}

/// What runs beside the server that is named above.
#[derive(Clone, Debug, Args)]
pub struct Nodes {
    /// WebSocket address of a further gateway node. Repeatable.
    #[arg(long, value_name = "URL")]
    pub other_websocket: Vec<String>,
    /// HTTP address of a further edge. Repeatable.
    #[arg(long, value_name = "URL")]
    pub other_rest: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct PresenceTraffic {
    /// Users who are online all the time.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub users: usize,
    /// Whom they watch, in turn.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "all,friends,roles,none")]
    pub watching: Vec<Watching>,
    /// Users who come and go.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub comers: usize,
    /// Comings and goings a second.
    #[arg(long, value_name = "PER_SECOND", default_value = "20", value_parser = rate)]
    pub rate: f64,
    /// How long nothing happens, and then how long they come and go.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub duration: Duration,
}

/// Whom a socket watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Watching {
    All,
    Friends,
    Roles,
    None,
}

impl Watching {
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Friends => "friends",
            Self::Roles => "roles",
            Self::None => "none",
        }
    }

    pub fn subscription(self) -> PresenceSubscription {
        match self {
            Self::All => PresenceSubscription::AllUsers,
            Self::Friends => PresenceSubscription::Friends,
            Self::Roles => PresenceSubscription::Roles(vec!["default".to_owned()]),
            Self::None => PresenceSubscription::None,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct Traffic {
    /// Messages under way at a time [default: 16; with --rate at most 256].
    #[arg(long, value_name = "K")]
    pub in_flight: Option<usize>,
    /// Open loop: messages a second, at fixed times.
    #[arg(long, value_name = "PER_SECOND", value_parser = rate)]
    pub rate: Option<f64>,
    /// How long messages are sent, the warm-up included [default: 10, unless --messages is given].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub duration: Option<Duration>,
    /// How many messages are sent, those of the warm-up included.
    #[arg(long, value_name = "N")]
    pub messages: Option<u64>,
    /// Messages due in the first seconds are checked but not measured [default: 1, or 0 with --messages].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub warm_up: Option<Duration>,
    /// Length of the text.
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    pub text_bytes: usize,
    /// Real texts instead: JSON lines with `text`, and `id` for --texts-of; `.gz` is read, too.
    #[arg(long, value_name = "FILE", conflicts_with = "text_bytes")]
    pub texts: Option<PathBuf>,
    /// Only the texts of rows whose id begins so.
    #[arg(long, value_name = "PREFIX", default_value = "", requires = "texts")]
    pub texts_of: String,
    /// When a message of the closed loop is done: at its acknowledgement, or when all receivers have it.
    #[arg(long, value_enum, default_value_t = Until::Delivered)]
    pub until: Until,
    /// At the end, missing deliveries count as lost after this long without any delivery.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub quiet: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    Acknowledged,
    Delivered,
}

impl Traffic {
    pub fn in_flight(&self) -> usize {
        self.in_flight.unwrap_or(if self.rate.is_some() { 256 } else { 16 }).max(1)
    }

    pub fn duration(&self) -> Option<Duration> {
        match (self.duration, self.messages) {
            (None, None) => Some(Duration::from_secs(10)),
            (duration, _) => duration,
        }
    }

    pub fn warm_up(&self) -> Duration {
        let default = if self.messages.is_some() { Duration::ZERO } else { Duration::from_secs(1) };
        self.warm_up.unwrap_or(default)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("must be above 0".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn common_options_may_follow_the_mode() {
        let cli =
            Cli::try_parse_from(["halley-load", "pairs", "--users", "4", "--rest", "http://h", "--json"]).unwrap();
        assert!(cli.common.json);
        assert!(Cli::try_parse_from(["halley-load", "pairs", "--rate", "0"]).is_err());
        assert!(Cli::try_parse_from(["halley-load", "pairs", "--duration", "-1"]).is_err());
    }
}
