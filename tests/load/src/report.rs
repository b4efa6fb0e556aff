//! What a run prints.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::processes::ProcessUse;

/// Of sending.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficReport {
    pub mode: &'static str,
    pub users: u64,
    pub loop_kind: String,
    pub sent: u64,
    pub acknowledged: u64,
    /// By code.
    pub refused: BTreeMap<String, u64>,
    pub deliveries: u64,
    /// Of the acknowledged messages.
    pub expected_deliveries: u64,
    pub acknowledged_per_second: f64,
    pub delivered_per_second: f64,
    pub to_acknowledge: Quantiles,
    pub to_deliver: Quantiles,
    /// Until the last receiver had the message.
    pub to_deliver_to_all: Quantiles,
    pub faults: Faults,
    /// Sockets that ended during the run.
    pub sockets_closed: u64,
    /// Messages and deliveries after the warm-up, to which all figures but the faults refer.
    pub measured: Measured,
    pub server: Option<TrafficCost>,
    pub tool_cpu_seconds: f64,
}

#[derive(Debug, Serialize)]
pub struct Measured {
    pub seconds: f64,
    pub messages: u64,
    pub deliveries: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Faults {
    pub lost: u64,
    pub duplicated: u64,
    pub out_of_order: u64,
    pub misdirected: u64,
}

/// Microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quantiles {
    pub p50_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
    pub max_us: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficCost {
    pub cpu_seconds: f64,
    pub cpu_us_per_message: f64,
    pub cpu_us_per_delivery: f64,
    pub processes: Vec<ProcessUse>,
}

/// Of idle sockets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdleReport {
    pub mode: &'static str,
    pub connections: u64,
    pub opened_per_second: f64,
    pub hold_seconds: f64,
    pub sockets_closed: u64,
    pub server: Option<IdleCost>,
    pub tool_cpu_seconds: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdleCost {
    /// Of processes with the server's name and all others together.
    pub rss_growth_kib: i64,
    pub rss_kib_per_connection: f64,
    /// While the sockets were held.
    pub cpu_seconds: f64,
    pub processes: Vec<ProcessUse>,
}

/// Of reading pages, and of coming back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallReport {
    pub mode: &'static str,
    /// What one unit is: a page, or a client.
    pub unit: &'static str,
    pub units: u64,
    pub seconds: f64,
    pub units_per_second: f64,
    pub latency: Quantiles,
    /// Units with another content than they should have, or none.
    pub faulty: u64,
    pub server: Option<CallCost>,
    pub tool_cpu_seconds: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallCost {
    pub cpu_seconds: f64,
    pub cpu_us_per_unit: f64,
    pub processes: Vec<ProcessUse>,
}

/// Of watching who is online.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PresenceReport {
    pub mode: &'static str,
    pub users: u64,
    pub opened_per_second: f64,
    pub sockets_closed: u64,
    /// Comings and goings.
    pub changes: u64,
    /// While nothing happened, and while users came and went.
    pub seconds: f64,
    pub watched: Vec<Watched>,
    pub opening: Option<ProcessCost>,
    pub idle: Option<ProcessCost>,
    pub changing: Option<ProcessCost>,
}

/// What the sockets that watch in one way heard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    pub kind: &'static str,
    pub sockets: u64,
    /// Of the others who came online while the sockets were opened.
    pub frames_at_opening: u64,
    /// Of those who came and went.
    pub frames: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessCost {
    pub cpu_seconds: f64,
    pub rss_growth_kib: i64,
    pub processes: Vec<ProcessUse>,
}

/// Of rights that are taken away.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsReport {
    pub mode: &'static str,
    pub rounds: u64,
    pub nodes: usize,
    pub edges: usize,
    pub effects: Vec<Effect>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    pub taking: &'static str,
    pub on_nodes: Quantiles,
    pub on_edges: Quantiles,
    /// Effects that took more than a second.
    pub late: u64,
}

impl ProcessCost {
    pub fn new(processes: Vec<ProcessUse>) -> Self {
        let cpu_seconds = total_cpu(&processes);
        let rss_growth_kib = processes.iter().map(|process| process.rss_growth_kib).sum();
        Self { cpu_seconds, rss_growth_kib, processes }
    }
}

impl PresenceReport {
    pub fn is_clean(&self) -> bool {
        self.sockets_closed == 0
    }

    pub fn table(&self) -> String {
        let mut out = format!("presence with {} users online\n", self.users);
        line(&mut out, "opened", format_args!("{:.0} /s", self.opened_per_second));
        line(&mut out, "sockets closed", format_args!("{}", self.sockets_closed));
        line(&mut out, "changes", format_args!("{} in {:.0} s", self.changes, self.seconds));
        for Watched { kind, sockets, frames_at_opening, frames } in &self.watched {
            let told = format_args!(
                "{sockets:>6} sockets   {frames_at_opening:>9} frames while opening   {frames:>9} of changes"
            );
            line(&mut out, &format!("watching {kind}"), told);
        }
        for (name, cost) in [("opening", &self.opening), ("idle", &self.idle), ("changing", &self.changing)] {
            if let Some(cost) = cost {
                let used = format_args!("CPU {:.2} s   RSS {:+} KiB", cost.cpu_seconds, cost.rss_growth_kib);
                line(&mut out, &format!("server, {name}"), used);
                processes(&mut out, &cost.processes);
            }
        }
        out
    }
}

impl RightsReport {
    pub fn is_clean(&self) -> bool {
        self.effects.iter().all(|effect| effect.late == 0)
    }

    pub fn table(&self) -> String {
        let Self { rounds, nodes, edges, .. } = self;
        let mut out = format!("rights taken {rounds} times each, {nodes} gateway nodes, {edges} HTTP edges\n");
        for effect in &self.effects {
            out.push_str(&effect.on_nodes.line(&format!("{}, nodes", effect.taking)));
            out.push_str(&effect.on_edges.line(&format!("{}, edges", effect.taking)));
            line(&mut out, "  above 1 s", format_args!("{}", effect.late));
        }
        out
    }
}

impl CallReport {
    pub fn is_clean(&self) -> bool {
        self.faulty == 0 && self.units > 0
    }

    pub fn table(&self) -> String {
        let mut out = format!("{}: {} {}s in {:.2} s\n", self.mode, self.units, self.unit, self.seconds);
        line(&mut out, "rate", format_args!("{:.0} {}s/s", self.units_per_second, self.unit));
        out.push_str(&self.latency.line(&format!("one {}", self.unit)));
        line(&mut out, "faulty", format_args!("{}", self.faulty));
        if let Some(cost) = &self.server {
            let each = format_args!("{:.2} s   {:.1} µs a {}", cost.cpu_seconds, cost.cpu_us_per_unit, self.unit);
            line(&mut out, "server CPU", each);
            processes(&mut out, &cost.processes);
        }
        line(&mut out, "this tool's CPU", format_args!("{:.2} s", self.tool_cpu_seconds));
        out
    }
}

impl CallCost {
    pub fn new(processes: Vec<ProcessUse>, units: u64) -> Self {
        let cpu_seconds = total_cpu(&processes);
        Self { cpu_seconds, cpu_us_per_unit: cpu_seconds * 1e6 / units.max(1) as f64, processes }
    }
}

impl Quantiles {
    pub fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            p50_us: histogram.value_at_quantile(0.5),
            p99_us: histogram.value_at_quantile(0.99),
            p999_us: histogram.value_at_quantile(0.999),
            max_us: histogram.max(),
        }
    }

    fn line(&self, name: &str) -> String {
        let Self { p50_us, p99_us, p999_us, max_us } = self;
        format!("{name:<18} p50 {p50_us:>8} µs   p99 {p99_us:>8} µs   p99.9 {p999_us:>8} µs   max {max_us:>8} µs\n")
    }
}

impl TrafficCost {
    pub fn new(processes: Vec<ProcessUse>, measured: &Measured) -> Self {
        let cpu_seconds = total_cpu(&processes);
        let each = |count: u64| if count == 0 { 0.0 } else { cpu_seconds * 1e6 / count as f64 };
        Self {
            cpu_seconds,
            cpu_us_per_message: each(measured.messages),
            cpu_us_per_delivery: each(measured.deliveries),
            processes,
        }
    }
}

pub fn total_cpu(processes: &[ProcessUse]) -> f64 {
    processes.iter().map(|process| process.cpu_seconds).sum()
}

impl TrafficReport {
    /// Whether the server kept its promises.
    pub fn is_clean(&self) -> bool {
        self.faults == Faults::default() && self.acknowledged > 0
    }

    pub fn table(&self) -> String {
        let mut out = format!("{} with {} users, {}\n", self.mode, self.users, self.loop_kind);
        line(&mut out, "sent", format_args!("{}", self.sent));
        let rate = format_args!("{:<12} {:.0} /s", self.acknowledged, self.acknowledged_per_second);
        line(&mut out, "acknowledged", rate);
        let (got, expected) = (self.deliveries, self.expected_deliveries);
        let rate = format_args!("{got:<12} {:.0} /s   (of {expected} expected)", self.delivered_per_second);
        line(&mut out, "delivered", rate);
        for (code, count) in &self.refused {
            line(&mut out, "refused", format_args!("{count:<12} {code}"));
        }
        out.push_str(&self.to_acknowledge.line("send to ack"));
        out.push_str(&self.to_deliver.line("send to deliver"));
        out.push_str(&self.to_deliver_to_all.line("send to last"));
        let faults = &self.faults;
        line(&mut out, "lost", format_args!("{}", faults.lost));
        line(&mut out, "duplicated", format_args!("{}", faults.duplicated));
        line(&mut out, "out of order", format_args!("{}", faults.out_of_order));
        if faults.misdirected > 0 {
            line(&mut out, "wrong user", format_args!("{}", faults.misdirected));
        }
        if self.sockets_closed > 0 {
            line(&mut out, "sockets closed", format_args!("{} during the run", self.sockets_closed));
        }
        if let Some(cost) = &self.server {
            let per_message = format_args!(
                "{:.2} s   {:.1} µs a message   {:.2} µs a delivery",
                cost.cpu_seconds, cost.cpu_us_per_message, cost.cpu_us_per_delivery
            );
            line(&mut out, "server CPU", per_message);
            processes(&mut out, &cost.processes);
        }
        line(&mut out, "this tool's CPU", format_args!("{:.2} s", self.tool_cpu_seconds));
        out
    }
}

impl IdleReport {
    pub fn is_clean(&self) -> bool {
        self.sockets_closed == 0
    }

    pub fn table(&self) -> String {
        let mut out = format!("{} idle sockets held for {:.0} s\n", self.connections, self.hold_seconds);
        line(&mut out, "opened", format_args!("{:.0} /s", self.opened_per_second));
        line(&mut out, "sockets closed", format_args!("{}", self.sockets_closed));
        if let Some(cost) = &self.server {
            let each = format_args!("{:.2} KiB a connection", cost.rss_kib_per_connection);
            line(&mut out, "server memory", each);
            line(&mut out, "server CPU", format_args!("{:.2} s while held", cost.cpu_seconds));
            processes(&mut out, &cost.processes);
        }
        out
    }
}

fn line(out: &mut String, name: &str, value: std::fmt::Arguments) {
    out.push_str(&format!("{name:<18} {value}\n"));
}

fn processes(out: &mut String, processes: &[ProcessUse]) {
    for process in processes {
        let ProcessUse { processes, cpu_seconds, rss_kib, rss_growth_kib, .. } = process;
        let name = format!("  {}", process.name);
        let value = format_args!(
            "{processes:>3} processes   CPU {cpu_seconds:>8.2} s   RSS {rss_kib:>9} KiB ({rss_growth_kib:+} KiB)"
        );
        line(out, &name, value);
    }
}
