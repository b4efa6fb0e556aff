//! Processor time and memory of the server's processes, from /proc.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Result, ensure};
use serde::Serialize;

/// Ticks a second in /proc/PID/stat; part of Linux's interface on all common machines.
const TICKS: f64 = 100.0;

/// A moment's view of the processes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    by_name: BTreeMap<String, Group>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Group {
    processes: u64,
    ticks: u64,
    rss_kib: u64,
}

/// What processes of one name used between two moments.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessUse {
    pub name: String,
    /// At the end.
    pub processes: u64,
    pub cpu_seconds: f64,
    /// At the end. Memory shared by several Postgres processes counts in each.
    pub rss_kib: u64,
    pub rss_growth_kib: i64,
}

struct Stat {
    pid: u32,
    parent: u32,
    name: String,
    /// Its own, and that of its ended and awaited children.
    ticks: u64,
}

/// The roots and all their descendants; `None` if there are no roots to look at.
pub fn snapshot(roots: &[u32]) -> Result<Option<Snapshot>> {
    if roots.is_empty() {
        return Ok(None);
    }
    let all = read_all()?;
    let mut wanted: HashSet<u32> = roots.iter().copied().collect();
    for root in roots {
        ensure!(all.iter().any(|stat| stat.pid == *root), "--server-pid {root}: no such process");
    }
    // Until a pass finds no further child.
    loop {
        let children = all.iter().filter(|stat| wanted.contains(&stat.parent) && !wanted.contains(&stat.pid));
        let children: Vec<u32> = children.map(|stat| stat.pid).collect();
        if children.is_empty() {
            break;
        }
        wanted.extend(children);
    }
    wanted.remove(&std::process::id());
    let mut snapshot = Snapshot::default();
    for stat in all.into_iter().filter(|stat| wanted.contains(&stat.pid)) {
        let group = snapshot.by_name.entry(stat.name).or_default();
        group.processes += 1;
        group.ticks += stat.ticks;
        group.rss_kib += rss_kib(stat.pid);
    }
    Ok(Some(snapshot))
}

/// This process's processor seconds so far.
pub fn own_cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    parse(&text).map_or(0.0, |stat| stat.ticks as f64 / TICKS)
}

fn read_all() -> Result<Vec<Stat>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let is_process = path.file_name().is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok());
        // A process may end between the listing and the reading.
        if is_process && let Ok(text) = std::fs::read_to_string(path.join("stat")) {
            all.extend(parse(&text));
        }
    }
    Ok(all)
}

fn parse(text: &str) -> Option<Stat> {
    // The name is in brackets and may itself hold brackets and spaces.
    let (open, close) = (text.find('(')?, text.rfind(')')?);
    let fields: Vec<&str> = text.get(close + 2..)?.split_whitespace().collect();
    let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
    Some(Stat {
        pid: text[..open].trim().parse().ok()?,
        parent: fields.get(1)?.parse().ok()?,
        name: text[open + 1..close].to_owned(),
        ticks: number(11)? + number(12)? + number(13)? + number(14)?,
    })
}

fn rss_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

impl Snapshot {
    /// What was used since an earlier moment, by process name.
    pub fn since(&self, before: &Self) -> Vec<ProcessUse> {
        let used = |(name, now): (&String, &Group)| {
            let was = before.by_name.get(name).copied().unwrap_or_default();
            ProcessUse {
                name: name.clone(),
                processes: now.processes,
                // Time of an ended child moves to its parent, so one name may seem to lose what another gains.
                cpu_seconds: (now.ticks as f64 - was.ticks as f64) / TICKS,
                rss_kib: now.rss_kib,
                rss_growth_kib: now.rss_kib.cast_signed() - was.rss_kib.cast_signed(),
            }
        };
        self.by_name.iter().map(used).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_is_read() {
        let text = "42 (a (b) c) S 7 1 1 0 -1 0 0 0 0 0 10 20 3 4 20 0 1 0 1 1 1";
        let stat = parse(text).unwrap();
        assert_eq!((stat.pid, stat.parent, stat.name.as_str(), stat.ticks), (42, 7, "a (b) c", 37));
    }

    #[test]
    fn descendants_are_found_and_this_process_is_left_out() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let snapshot = snapshot(&[std::process::id()]).unwrap().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(snapshot.by_name.values().map(|group| group.processes).sum::<u64>() >= 1);
        assert!(snapshot.by_name.values().all(|group| group.rss_kib < 1_000_000));
    }

    #[test]
    fn no_root_is_fine_and_a_wrong_one_is_an_error() {
        assert!(snapshot(&[]).unwrap().is_none());
        assert!(snapshot(&[u32::MAX]).is_err());
    }
}
