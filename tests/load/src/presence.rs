//! Many users online who watch each other, while some come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use halley_client::{Connection, Event, PresenceSubscription};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

use crate::args::{Common, PresenceTraffic, Watching};
use crate::processes::{self, Snapshot};
use crate::report::{PresenceReport, ProcessCost, Watched};
use crate::target::{OPENING, Target, User};

/// The server finishes what opened sockets start before anything is read.
const SETTLE: Duration = Duration::from_secs(3);

/// What the sockets of one kind heard.
#[derive(Default)]
struct Heard {
    sockets: AtomicU64,
    frames: AtomicU64,
}

pub async fn run(target: &Target, common: &Common, traffic: &PresenceTraffic) -> Result<PresenceReport> {
    ensure!(!traffic.watching.is_empty(), "--watching must name a kind at least");
    let users = target.log_in(traffic.users + traffic.comers).await?;
    let (watchers, comers) = users.split_at(traffic.users);
    if traffic.watching.contains(&Watching::Friends) {
        target.befriend(watchers, comers).await?;
    }
    sleep(SETTLE).await;
    let before = processes::snapshot(&common.server_pid)?;
    let heard: Arc<Vec<Heard>> = Arc::new(traffic.watching.iter().map(|_| Heard::default()).collect());
    let began = Instant::now();
    let tasks = open(watchers, traffic, &heard).await?;
    let opening = began.elapsed();
    sleep(SETTLE).await;
    let opened = processes::snapshot(&common.server_pid)?;
    sleep(traffic.duration).await;
    let idle = processes::snapshot(&common.server_pid)?;
    let frames_before: Vec<u64> = heard.iter().map(|kind| kind.frames.load(Relaxed)).collect();
    let changes = come_and_go(comers, traffic).await?;
    sleep(SETTLE).await;
    let after = processes::snapshot(&common.server_pid)?;
    let sockets_closed = tasks.iter().filter(|task| task.is_finished()).count() as u64;
    tasks.iter().for_each(JoinHandle::abort);
    let watched = traffic.watching.iter().zip(heard.iter()).zip(frames_before);
    let watched: Vec<Watched> = watched
        .map(|((kind, heard), before)| Watched {
            kind: kind.name(),
            sockets: heard.sockets.load(Relaxed),
            frames_at_opening: before,
            frames: heard.frames.load(Relaxed) - before,
        })
        .collect();
    let cost = |from: &Option<Snapshot>, to: &Option<Snapshot>| match (from, to) {
        (Some(from), Some(to)) => Some(ProcessCost::new(to.since(from))),
        _ => None,
    };
    Ok(PresenceReport {
        mode: "presence",
        users: traffic.users as u64,
        opened_per_second: traffic.users as f64 / opening.as_secs_f64(),
        sockets_closed,
        changes,
        seconds: traffic.duration.as_secs_f64(),
        watched,
        opening: cost(&before, &opened),
        idle: cost(&opened, &idle),
        changing: cost(&idle, &after),
    })
}

/// Opens a socket for each user, of the kinds in turn.
async fn open(users: &[User], traffic: &PresenceTraffic, heard: &Arc<Vec<Heard>>) -> Result<Vec<JoinHandle<()>>> {
    let opening = users.iter().enumerate().map(async |(n, user)| {
        let kind = n % traffic.watching.len();
        let socket = connect(user, traffic.watching[kind].subscription()).await?;
        // At once, because nobody else answers for the socket while the others are opened.
        Ok::<_, anyhow::Error>(tokio::spawn(listen(socket, Arc::clone(heard), kind)))
    });
    stream::iter(opening).buffered(OPENING).try_collect().await
}

async fn listen(mut socket: Connection, heard: Arc<Vec<Heard>>, kind: usize) {
    heard[kind].sockets.fetch_add(1, Relaxed);
    while let Some(event) = socket.next_event().await {
        match event {
            Event::Presence(_) => {
                heard[kind].frames.fetch_add(1, Relaxed);
            }
            Event::Closed { code, reason } => {
                eprintln!("a socket was closed: {code} {reason}");
                return;
            }
            _ => {}
        }
    }
}

async fn connect(user: &User, presence: PresenceSubscription) -> Result<Connection> {
    let mut options = user.socket_options()?;
    options.presence = presence;
    Connection::connect(options).await.with_context(|| format!("socket of {}", user.uid))
}

/// Lets users come for half of the time between two changes of theirs, and go; returns how many changes there were.
async fn come_and_go(comers: &[User], traffic: &PresenceTraffic) -> Result<u64> {
    if comers.is_empty() {
        return Ok(0);
    }
    let mut changes = 0;
    let mut beat = interval(Duration::from_secs_f64(1.0 / traffic.rate));
    let mut present: Vec<Option<Connection>> = comers.iter().map(|_| None).collect();
    let began = Instant::now();
    let mut next = 0;
    while began.elapsed() < traffic.duration {
        beat.tick().await;
        let n = next % comers.len();
        match present[n].take() {
            Some(socket) => socket.close().await,
            None => present[n] = Some(connect(&comers[n], PresenceSubscription::None).await?),
        }
        next += 1;
        changes += 1;
    }
    for socket in present.into_iter().flatten() {
        socket.close().await;
        changes += 1;
    }
    Ok(changes)
}
