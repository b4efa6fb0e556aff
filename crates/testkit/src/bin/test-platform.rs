//! A platform for tests in other languages: `test-platform one` or `test-platform many` starts it as the Rust tests do.
//!
//! When it is ready, one line of JSON on the standard output says where it is. Then each line of the standard input is a
//! command, answered by `ok` on a line: `kill NAME` and `restart NAME` of a process, `kill-redis`. All ends with the input.

use std::{
    io::{BufRead as _, Write as _, stdin, stdout},
    process::ExitCode,
};

use halley_testkit::platform::Platform;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> ExitCode {
    let form = std::env::args().nth(1).unwrap_or_default();
    let platform = match form.as_str() {
        "one" => Platform::one_process().await,
        "many" => Platform::many_processes_for_browsers().await,
        _ => {
            eprintln!("usage: test-platform one|many");
            return ExitCode::from(2);
        }
    };
    say(&place(&platform).to_string());
    let (send, mut commands) = tokio::sync::mpsc::channel(1);
    // A blocked read of the standard input can't be cancelled, so it has a thread, which ends with the process.
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = commands.recv().await {
        obey(&platform, line.trim()).await;
        say("ok");
    }
    ExitCode::SUCCESS
}

fn place(platform: &Platform) -> Value {
    let management = std::fs::read(platform.data_dir().join("management.json")).ok();
    let management: Option<Value> = management.and_then(|text| serde_json::from_slice(&text).ok());
    json!({
        "rest": platform.rest,
        "rests": platform.rests,
        "websockets": platform.websockets,
        "tls": platform.tls.as_ref().map(|(url, _)| url),
        "dataDir": platform.data_dir(),
        "demo": platform.demo,
        "management": management,
    })
}

async fn obey(platform: &Platform, command: &str) {
    match command.split_once(' ') {
        Some(("kill", name)) => platform.kill(name).await,
        Some(("restart", name)) => platform.restart(name).await,
        _ if command == "kill-redis" => platform.kill_redis().await,
        _ => panic!("no such command: {command}"),
    }
}

fn say(line: &str) {
    let mut output = stdout().lock();
    // Whoever started this may be gone: the input ends then, too.
    drop(writeln!(output, "{line}").and_then(|()| output.flush()));
}
