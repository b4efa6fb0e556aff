//! Everybody comes back at once. The users stand in a ring and each writes to the next, so that what a user missed is all
//! that its conversation with the one before holds.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use halley_client::{Connection, MessagePage, Receiver};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::args::Common;
use crate::processes;
use crate::report::{CallCost, CallReport, Quantiles};
use crate::sender::{Writer, send_all};
use crate::tally::histogram;
use crate::target::{Target, User, connect_all};

pub async fn run(target: &Target, common: &Common, users: usize, missed: u64) -> Result<CallReport> {
    ensure!(users >= 3, "--users must be at least 3");
    let users = target.log_in(users).await?;
    // Online once, as clients that lose their sockets were.
    let sockets = connect_all(&users).await?;
    let last_ids = last_ids(&users).await?;
    drop(sockets);
    let writer =
        |(n, user): (usize, &User)| Writer::new(target, user, Receiver::user(&users[(n + 1) % users.len()].uid));
    let writers: Vec<Writer> = users.iter().enumerate().map(writer).collect();
    let muid = format!("missed-{:08x}", rand::random::<u32>());
    send_all(target, Arc::new(writers), missed * users.len() as u64, &muid).await?;

    let earlier = processes::snapshot(&common.server_pid)?;
    let tool_before = processes::own_cpu_seconds();
    let began = Instant::now();
    let count = users.len() as u64;
    let uids: Vec<String> = users.iter().map(|user| user.uid.clone()).collect();
    let mut clients = JoinSet::new();
    for (n, user) in users.into_iter().enumerate() {
        clients.spawn(come_back(user, Receiver::user(&uids[before(n, uids.len())]), last_ids[n], missed, began));
    }
    let (mut latency, mut faulty): (Histogram<u64>, u64) = (histogram(), 0);
    let mut sockets = Vec::with_capacity(uids.len());
    while let Some(client) = clients.join_next().await {
        match client? {
            Ok((socket, whole, microseconds)) => {
                sockets.push(socket);
                faulty += u64::from(!whole);
                latency.saturating_record(microseconds);
            }
            Err(error) => {
                eprintln!("a client did not come back: {error:#}");
                faulty += 1;
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = processes::snapshot(&common.server_pid)?;
    Ok(CallReport {
        mode: "reconnect",
        unit: "client",
        units: count,
        seconds,
        units_per_second: count as f64 / seconds,
        latency: Quantiles::of(&latency),
        faulty,
        server: earlier.zip(after).map(|(earlier, after)| CallCost::new(after.since(&earlier), count)),
        tool_cpu_seconds: processes::own_cpu_seconds() - tool_before,
    })
}

/// The one who writes to user `n`.
fn before(n: usize, users: usize) -> usize {
    (n + users - 1) % users
}

/// Id of the last message that each user knows: one that is sent to it now.
async fn last_ids(users: &[User]) -> Result<Vec<u64>> {
    let run: u32 = rand::random();
    let send = |n: usize| async move {
        let peer = Receiver::user(&users[n].uid);
        let sender = &users[before(n, users.len())];
        let sent = sender.api.send_message(&peer, "last", &format!("last-{run:08x}-{n}")).await;
        Ok(sent.with_context(|| format!("message to {}", users[n].uid))?.id)
    };
    stream::iter(0..users.len()).map(send).buffered(32).try_collect().await
}

/// Opens the socket, then fetches what came after the last known message. False: not just that, or not in order.
async fn come_back(
    user: User,
    peer: Receiver,
    last_id: u64,
    missed: u64,
    began: Instant,
) -> Result<(Connection, bool, u64)> {
    let socket = user.connect().await?;
    let rows = user.api.list_messages(&peer, &MessagePage::after(last_id, 100)).await?;
    let microseconds = began.elapsed().as_micros() as u64;
    let complete = rows.len() as u64 == missed && rows.iter().all(|message| message.sender == peer.id());
    Ok((socket, complete && rows.is_sorted_by_key(|message| message.id), microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_closes() {
        assert_eq!((before(0, 5), before(1, 5), before(4, 5)), (4, 0, 3));
    }
}
