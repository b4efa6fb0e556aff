//! The program `with-servers`, and what is left when it is killed.

use std::{
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use nix::sys::signal::Signal;

use crate::support::{directory, eventually, send, until_no_process_of};

fn with_servers(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-servers"));
    command.args(["--", "sh", "-c", script]).stdin(Stdio::null());
    command
}

async fn output(script: &'static str) -> Output {
    tokio::task::spawn_blocking(move || with_servers(script).output()).await.expect("thread").expect("output")
}

/// A run of `with-servers` whose command waits; its data directory is what the command wrote down.
async fn waiting(directory: &std::path::Path) -> (Child, PathBuf) {
    let note = directory.join("note");
    // A child of the command's own, which must end too; no test waits for longer than it lasts.
    let script = format!("echo $HALLEY_TEST_POSTGRES > {0}.new; mv {0}.new {0}; sleep 60 >&-; true", note.display());
    let child = with_servers(&script).spawn().expect("spawn");
    let url = eventually("the command runs", async || std::fs::read_to_string(&note).ok()).await;
    let socket = url.split_once("host=").expect("host").1.split('&').next().expect("host");
    let data = PathBuf::from(socket).parent().and_then(|path| path.parent()).expect("parents").to_path_buf();
    assert!(data.join("postgres").is_dir() && data.join("redis").is_dir());
    (child, data)
}

async fn wait(mut child: Child) -> Option<i32> {
    eventually("with-servers ends", async || child.try_wait().expect("wait")).await.code()
}

#[tokio::test]
async fn the_command_finds_both_servers_and_gives_the_exit_code() {
    let output = output(r#"echo "$HALLEY_TEST_POSTGRES $HALLEY_TEST_REDIS"; exit 7"#).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.starts_with("postgres:///postgres?host=/") && printed.contains(" redis://:"), "{printed}");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(self::output("exit 200").await.status.code(), Some(200));
    assert_eq!(self::output("kill -TERM $$").await.status.code(), Some(143));
}

#[tokio::test]
async fn a_signal_ends_the_command_with_all_its_children_and_the_servers() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let directory = directory();
        let (child, data) = waiting(directory.path()).await;
        let family = children_of(child.id());
        assert!(family.len() >= 3, "the command and two servers: {family:?}");
        let sleeping: Vec<u32> = family.iter().flat_map(|pid| children_of(*pid)).collect();
        send(child.id(), signal);
        assert_eq!(wait(child).await, Some(code));
        until_no_process_of(&data).await;
        for pid in family.into_iter().chain(sleeping) {
            assert!(!is_alive(pid), "{pid} is left");
        }
        assert!(!data.exists());
    }
}

#[tokio::test]
async fn kill_9_leaves_no_server_and_no_data() {
    let directory = directory();
    let (child, data) = waiting(directory.path()).await;
    let family = children_of(child.id());
    let sleeping: Vec<u32> = family.iter().flat_map(|pid| children_of(*pid)).collect();
    send(child.id(), Signal::SIGKILL);
    assert_eq!(wait(child).await, None);
    until_no_process_of(&data).await;
    eventually("the data are removed", async || (!data.exists()).then_some(())).await;
    eventually("all children are gone", async || (!family.iter().any(|pid| is_alive(*pid))).then_some(())).await;
    // Nobody can end what the killed one's command had started: the test does.
    sleeping.into_iter().filter(|pid| is_alive(*pid)).for_each(|pid| send(pid, Signal::SIGKILL));
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn children_of(parent: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{parent}/task")).expect("threads");
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(|pid| pid.parse().expect("pid")).collect::<Vec<_>>()).collect()
}
