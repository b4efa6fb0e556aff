//! What the tests share: waiting, and looking at processes from outside.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use halley_launcher::ThrowawayDirectory;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

pub fn directory() -> ThrowawayDirectory {
    halley_launcher::throwaway_directory("halley-test-").expect("directory")
}

/// Asks again and again, at most 20 s.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "waited 20 s for: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).expect("signal");
}

/// The processes whose command line or current directory names a path.
pub fn processes_of(path: &Path) -> Vec<u32> {
    let path = path.to_str().expect("text");
    let processes = std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        let named = String::from_utf8_lossy(&arguments).contains(path) || folder.starts_with(path);
        (named && !arguments.starts_with(b"sh\0-c\0cat;")).then_some(pid)
    });
    processes.collect()
}

pub async fn until_no_process_of(path: &Path) {
    eventually("all processes of the servers are gone", async || processes_of(path).is_empty().then_some(())).await;
}
