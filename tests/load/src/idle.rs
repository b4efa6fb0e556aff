//! Sockets that do nothing: what each costs the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use halley_client::Event;
use tokio::time::sleep;

use crate::args::Common;
use crate::processes;
use crate::report::{IdleCost, IdleReport, total_cpu};
use crate::target::{Target, connect_all};

/// The server finishes what an opened socket starts (presence, subscriptions) before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);

pub async fn run(target: &Target, common: &Common, connections: usize, hold: Duration) -> Result<IdleReport> {
    ensure!(connections > 0, "--connections must be at least 1");
    // The logins come first: what they leave in the server's caches is no cost of a socket.
    let users = target.log_in(connections).await?;
    sleep(SETTLE).await;
    let before = processes::snapshot(&common.server_pid)?;
    let began = Instant::now();
    let sockets = connect_all(&users).await?;
    let opening = began.elapsed();
    let closed = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::with_capacity(connections);
    for mut socket in sockets {
        let closed = closed.clone();
        tasks.push(tokio::spawn(async move {
            while let Some(event) = socket.next_event().await {
                if let Event::Closed { code, reason } = event {
                    eprintln!("a socket was closed: {code} {reason}");
                    closed.fetch_add(1, Relaxed);
                }
            }
        }));
    }
    sleep(SETTLE).await;
    let opened = processes::snapshot(&common.server_pid)?;
    sleep(hold).await;
    let after = processes::snapshot(&common.server_pid)?;
    let sockets_closed = closed.load(Relaxed);
    for task in &tasks {
        task.abort();
    }
    let server = match (before, opened, after) {
        (Some(before), Some(opened), Some(after)) => {
            let mut processes = after.since(&before);
            let held = after.since(&opened);
            for (process, held) in processes.iter_mut().zip(&held) {
                process.cpu_seconds = held.cpu_seconds;
            }
            let rss_growth_kib: i64 = processes.iter().map(|process| process.rss_growth_kib).sum();
            Some(IdleCost {
                rss_growth_kib,
                rss_kib_per_connection: rss_growth_kib as f64 / connections as f64,
                cpu_seconds: total_cpu(&held),
                processes,
            })
        }
        _ => None,
    };
    Ok(IdleReport {
        mode: "idle",
        connections: connections as u64,
        opened_per_second: connections as f64 / opening.as_secs_f64(),
        hold_seconds: hold.as_secs_f64(),
        sockets_closed,
        server,
        tool_cpu_seconds: processes::own_cpu_seconds(),
    })
}
