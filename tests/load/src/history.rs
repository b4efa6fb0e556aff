//! Reading the newest page of a long conversation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use halley_client::{MessagePage, Receiver};
use hdrhistogram::Histogram;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::task::JoinSet;

use crate::args::Common;
use crate::lean::Lean;
use crate::processes;
use crate::report::{CallCost, CallReport, Quantiles};
use crate::sender::{Writer, head, send_all};
use crate::tally::histogram;
use crate::target::{Target, User};

#[derive(Deserialize)]
struct Page {
    data: Vec<IgnoredAny>,
}

/// What one worker read.
struct Part {
    latency: Histogram<u64>,
    faulty: u64,
}

pub async fn run(
    target: &Target,
    common: &Common,
    messages: u64,
    page: u64,
    in_flight: usize,
    duration: Duration,
) -> Result<CallReport> {
    let base = target.server.base();
    ensure!(base.scheme() == "http", "this mode reads over http:// only");
    ensure!(messages >= page, "--messages must be at least --page");
    let host = base.host_str().context("no host in the address")?;
    let address = format!("{host}:{}", base.port_or_known_default().unwrap_or(80));
    let users = target.log_in(2).await?;
    let guid = fill(target, &users, messages).await?;
    let path = format!("/groups/{guid}/messages?per_page={page}&affix=prepend&withThreadSubscribed=true");
    let request: Arc<str> = head(target, &users[0], "GET", &path).into();

    let before = processes::snapshot(&common.server_pid)?;
    let tool_before = processes::own_cpu_seconds();
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..in_flight.max(1) {
        workers.spawn(read(Lean::new(&address), request.clone(), page, began + duration));
    }
    let (mut latency, mut faulty) = (histogram(), 0);
    while let Some(part) = workers.join_next().await {
        let part = part??;
        latency += part.latency;
        faulty += part.faulty;
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = processes::snapshot(&common.server_pid)?;
    let units = latency.len();
    Ok(CallReport {
        mode: "history",
        unit: "page",
        units,
        seconds,
        units_per_second: units as f64 / seconds,
        latency: Quantiles::of(&latency),
        faulty,
        server: before.zip(after).map(|(before, after)| CallCost::new(after.since(&before), units)),
        tool_cpu_seconds: processes::own_cpu_seconds() - tool_before,
    })
}

/// Makes a group of two with at least so many messages; returns its guid.
async fn fill(target: &Target, users: &[User], messages: u64) -> Result<String> {
    let guid = target.make_group(users, 0, &format!("history-{messages}")).await?;
    let group = Receiver::group(&guid);
    let newest = users[0].api.list_messages(&group, &MessagePage::newest(1).with_sequence()).await?;
    let have = newest.last().and_then(|message| message.sequence).unwrap_or(0);
    if have < messages {
        eprintln!("filling {guid} with {} messages", messages - have);
        let writers = users.iter().map(|user| Writer::new(target, user, group.clone())).collect();
        let muid = format!("fill-{:08x}", rand::random::<u32>());
        send_all(target, Arc::new(writers), messages - have, &muid).await?;
    }
    Ok(guid)
}

async fn read(mut lean: Lean, request: Arc<str>, page: u64, end: Instant) -> Result<Part> {
    let mut part = Part { latency: histogram(), faulty: 0 };
    while Instant::now() < end {
        let began = Instant::now();
        let reply = lean.call(&request, "").await?;
        let rows = serde_json::from_slice::<Page>(reply.body).map(|page| page.data.len() as u64);
        part.latency.saturating_record(began.elapsed().as_micros() as u64);
        if reply.status != 200 || rows.ok() != Some(page) {
            part.faulty += 1;
        }
    }
    Ok(part)
}
