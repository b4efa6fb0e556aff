//! Runs that send: pairs and group, closed and open loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use halley_client::{Connection, Event, Receiver};
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep_until;

use crate::args::{Common, Traffic, Until};
use crate::plan::Plan;
use crate::processes::{self, Snapshot};
use crate::report::{Faults, Measured, Quantiles, TrafficCost, TrafficReport};
use crate::sender::{Outcome, Sender, Writer};
use crate::tally::Tally;
use crate::target::{Target, User, connect_all};
use crate::texts::Texts;

/// How long a worker of the closed loop waits for one message's deliveries before it goes on.
const DELIVERY_LIMIT: Duration = Duration::from_secs(10);
/// Rest after a failed send, so that a dead server is not hammered.
const AFTER_FAILURE: Duration = Duration::from_millis(50);
/// The pause between two looks at the outstanding deliveries at the end.
const LOOK: Duration = Duration::from_millis(20);

struct Run {
    traffic: Traffic,
    tally: Tally,
    writers: Vec<Writer>,
    texts: Texts,
    /// Number of the next message of a closed loop.
    next: AtomicU64,
}

/// What a worker brings home.
#[derive(Default)]
struct Log {
    sent: u64,
    acknowledged: Vec<u64>,
    refused: BTreeMap<String, u64>,
}

pub async fn run(
    target: &Target,
    common: &Common,
    plan: Plan,
    absent: usize,
    traffic: &Traffic,
) -> Result<TrafficReport> {
    check(plan)?;
    let texts = match &traffic.texts {
        Some(path) => Texts::read(path, &traffic.texts_of)?,
        None => Texts::repeated(traffic.text_bytes),
    };
    let users = target.log_in(plan.users() as usize).await?;
    let writers = writers(target, plan, absent, &users).await?;
    let connections = connect_all(&users).await?;
    // Before the clock starts, so that a wrong pid is told at once.
    processes::snapshot(&common.server_pid)?;
    let run = Arc::new(Run {
        tally: Tally::new(plan, traffic.warm_up(), traffic.in_flight()),
        traffic: traffic.clone(),
        writers,
        texts,
        next: AtomicU64::new(0),
    });
    let sockets = listen(&run, connections);
    let baseline = tokio::spawn(snapshot_after_warm_up(run.clone(), common.server_pid.clone()));
    let mut workers = start_workers(&run, target)?;
    let mut log = Log::default();
    while let Some(part) = workers.join_next().await {
        let part = part.context("a worker failed")?;
        log.sent += part.sent;
        log.acknowledged.extend(part.acknowledged);
        for (code, count) in part.refused {
            *log.refused.entry(code).or_default() += count;
        }
    }
    let lost = settle(&run, &log.acknowledged).await;
    let after = processes::snapshot(&common.server_pid)?;
    let tool_cpu = processes::own_cpu_seconds();
    // A run shorter than its warm-up has no measured part.
    let (before, tool_before) = if baseline.is_finished() { baseline.await?? } else { (after.clone(), tool_cpu) };
    for socket in &sockets {
        socket.abort();
    }
    let costs = before.zip(after);
    Ok(report(&run, log, lost, costs, tool_cpu - tool_before))
}

fn check(plan: Plan) -> Result<()> {
    match plan {
        Plan::Pairs { users } => ensure!(users >= 2 && users % 2 == 0, "--users must be even and at least 2"),
        Plan::Group { members, senders } => {
            ensure!(members >= 2, "--members must be at least 2");
            ensure!((1..=members).contains(&senders), "--senders must be between 1 and --members");
        }
    }
    Ok(())
}

async fn writers(target: &Target, plan: Plan, absent: usize, users: &[User]) -> Result<Vec<Writer>> {
    match plan {
        Plan::Pairs { .. } => {
            let writer = |(n, user): (usize, &User)| Writer::new(target, user, Receiver::user(&users[n ^ 1].uid));
            Ok(users.iter().enumerate().map(writer).collect())
        }
        Plan::Group { members, senders } => {
            let guid = target.make_group(users, absent, &format!("group-{members}")).await?;
            let senders = &users[..senders as usize];
            Ok(senders.iter().map(|user| Writer::new(target, user, Receiver::group(&guid))).collect())
        }
    }
}

fn listen(run: &Arc<Run>, connections: Vec<Connection>) -> Vec<JoinHandle<()>> {
    let listen_one = |(user, mut connection): (usize, Connection)| {
        let run = run.clone();
        tokio::spawn(async move {
            while let Some(event) = connection.next_event().await {
                match event {
                    Event::Message(message) => run.tally.note_delivered(user, &message),
                    Event::Closed { code, reason } => {
                        eprintln!("a socket was closed: {code} {reason}");
                        run.tally.sockets_closed.fetch_add(1, Relaxed);
                    }
                    _ => {}
                }
            }
        })
    };
    connections.into_iter().enumerate().map(listen_one).collect()
}

async fn snapshot_after_warm_up(run: Arc<Run>, pids: Vec<u32>) -> Result<(Option<Snapshot>, f64)> {
    sleep_until((run.tally.started() + run.traffic.warm_up()).into()).await;
    Ok((processes::snapshot(&pids)?, processes::own_cpu_seconds()))
}

fn start_workers(run: &Arc<Run>, target: &Target) -> Result<JoinSet<Log>> {
    let mut workers = JoinSet::new();
    let ticks = run.traffic.rate.map(|rate| Arc::new(Mutex::new(start_pacer(run, rate))));
    for worker in 0..run.traffic.in_flight() {
        let sender = Sender::new(target)?;
        match &ticks {
            Some(ticks) => workers.spawn(open_loop(run.clone(), worker, sender, ticks.clone())),
            None => workers.spawn(closed_loop(run.clone(), worker, sender)),
        };
    }
    Ok(workers)
}

async fn closed_loop(run: Arc<Run>, worker: usize, mut sender: Sender) -> Log {
    let mut log = Log::default();
    let limit = run.traffic.messages.unwrap_or(u64::MAX);
    let end = run.traffic.duration().map(|duration| run.tally.started() + duration);
    while end.is_none_or(|end| Instant::now() < end) {
        let number = run.next.fetch_add(1, Relaxed);
        if number >= limit {
            break;
        }
        let acknowledged = run.send(&mut log, &mut sender, worker, number, run.tally.now()).await;
        if acknowledged && run.traffic.until == Until::Delivered {
            run.tally.wait_delivered(worker, DELIVERY_LIMIT).await;
        }
    }
    log
}

/// A message that is due: its number, and when, in microseconds since the start.
type Tick = (u64, u64);

async fn open_loop(run: Arc<Run>, worker: usize, mut sender: Sender, ticks: Arc<Mutex<mpsc::Receiver<Tick>>>) -> Log {
    let mut log = Log::default();
    loop {
        let tick = ticks.lock().await.recv().await;
        let Some((number, due)) = tick else { return log };
        run.send(&mut log, &mut sender, worker, number, due).await;
    }
}

/// Says when each message is due. A thread of its own, because the runtime's timers only tick each millisecond.
fn start_pacer(run: &Arc<Run>, rate: f64) -> mpsc::Receiver<Tick> {
    let (ticks, receiver) = mpsc::channel(run.traffic.in_flight());
    let started = run.tally.started();
    let limit = run.traffic.messages.unwrap_or(u64::MAX);
    let duration = run.traffic.duration().unwrap_or(Duration::MAX);
    std::thread::spawn(move || {
        for number in 0..limit {
            let due = Duration::from_secs_f64(number as f64 / rate);
            if due >= duration {
                return;
            }
            while let Some(wait) = (started + due).checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
            {
                std::thread::park_timeout(wait);
            }
            // When all workers are busy this waits; the time at which the message was due stands.
            if ticks.blocking_send((number, due.as_micros() as u64)).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Run {
    /// True if it was acknowledged.
    async fn send(&self, log: &mut Log, sender: &mut Sender, worker: usize, number: u64, due: u64) -> bool {
        let mark = self.tally.mark(worker, number, due);
        self.tally.expect_deliveries(mark);
        let writer = &self.writers[self.tally.plan.sender_of(number)];
        log.sent += 1;
        match sender.send(writer, self.texts.of(number), &mark.to_muid()).await {
            Outcome::Acknowledged => {
                self.tally.note_acknowledged(mark);
                log.acknowledged.push(number);
                true
            }
            Outcome::Refused(why) => {
                *log.refused.entry(why).or_default() += 1;
                tokio::time::sleep(AFTER_FAILURE).await;
                false
            }
        }
    }
}

/// Waits for what is still under way; returns the deliveries that never came.
async fn settle(run: &Run, acknowledged: &[u64]) -> u64 {
    let expected = acknowledged.len() as u64 * run.tally.plan.fan_out();
    let mut last = (run.tally.delivered.load(Relaxed), Instant::now());
    loop {
        let delivered = run.tally.delivered.load(Relaxed);
        // Messages that came although they were refused count as delivered, so this is only a hint.
        if delivered >= expected && run.tally.count_lost(acknowledged) == 0 {
            return 0;
        }
        if delivered > last.0 {
            last = (delivered, Instant::now());
        }
        if last.1.elapsed() >= run.traffic.quiet {
            return run.tally.count_lost(acknowledged);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn report(run: &Run, log: Log, lost: u64, costs: Option<(Snapshot, Snapshot)>, tool_cpu_seconds: f64) -> TrafficReport {
    let tally = &run.tally;
    let seconds_after_warm_up = |until: &AtomicU64| {
        let end = Duration::from_micros(until.load(Relaxed));
        end.saturating_sub(run.traffic.warm_up()).as_secs_f64()
    };
    let measured = Measured {
        seconds: seconds_after_warm_up(&tally.last_acknowledged_at)
            .max(seconds_after_warm_up(&tally.last_delivered_at)),
        messages: tally.acknowledged_measured.load(Relaxed),
        deliveries: tally.delivered_measured.load(Relaxed),
    };
    let per_second = |count: u64, seconds: f64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let loop_kind = match run.traffic.rate {
        Some(rate) => format!("open loop at {rate} messages/s"),
        None => {
            format!("closed loop, {} in flight until {:?}", run.traffic.in_flight(), run.traffic.until).to_lowercase()
        }
    };
    TrafficReport {
        mode: match tally.plan {
            Plan::Pairs { .. } => "pairs",
            Plan::Group { .. } => "group",
        },
        users: tally.plan.users(),
        loop_kind,
        sent: log.sent,
        acknowledged: tally.acknowledged.load(Relaxed),
        refused: log.refused,
        deliveries: tally.delivered.load(Relaxed),
        expected_deliveries: log.acknowledged.len() as u64 * tally.plan.fan_out(),
        acknowledged_per_second: per_second(measured.messages, seconds_after_warm_up(&tally.last_acknowledged_at)),
        delivered_per_second: per_second(measured.deliveries, seconds_after_warm_up(&tally.last_delivered_at)),
        to_acknowledge: Quantiles::of(&tally.to_acknowledge()),
        to_deliver: Quantiles::of(&tally.to_deliver()),
        to_deliver_to_all: Quantiles::of(&tally.to_deliver_to_all()),
        faults: Faults {
            lost,
            duplicated: tally.duplicated.load(Relaxed),
            out_of_order: tally.out_of_order.load(Relaxed),
            misdirected: tally.misdirected.load(Relaxed),
        },
        sockets_closed: tally.sockets_closed.load(Relaxed),
        server: costs.map(|(before, after)| TrafficCost::new(after.since(&before), &measured)),
        measured,
        tool_cpu_seconds,
    }
}
