//! A load tool that speaks the client protocol: simulated users over HTTP and WebSocket, who measure what the server
//! does and check that it loses, repeats and reorders nothing.

mod args;
mod history;
mod idle;
mod lean;
mod mark;
mod plan;
mod presence;
mod processes;
mod reconnect;
mod report;
mod rights;
mod sender;
mod tally;
mod target;
mod texts;
mod traffic;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde::Serialize;

use args::{Cli, Common, Mode};
use plan::Plan;
use target::Target;

/// The server broke a promise.
const FAULTY: u8 = 1;
/// The run could not be made.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAULTY),
        Err(error) => {
            eprintln!("halley-load: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(cli: &Cli) -> Result<bool> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = cli.common.threads {
        builder.worker_threads(threads.max(1));
    }
    builder.enable_all().build()?.block_on(run_mode(cli))
}

/// True if the server kept its promises.
async fn run_mode(cli: &Cli) -> Result<bool> {
    let common = &cli.common;
    let target = Target::open(common)?;
    match &cli.mode {
        Mode::Pairs { users, traffic } => {
            let report = traffic::run(&target, common, Plan::Pairs { users: *users as u64 }, 0, traffic).await?;
            print(common, &report, report.table())?;
            Ok(report.is_clean())
        }
        Mode::Group { members, senders, absent, traffic } => {
            let plan = Plan::Group { members: *members as u64, senders: *senders as u64 };
            let report = traffic::run(&target, common, plan, *absent, traffic).await?;
            print(common, &report, report.table())?;
            Ok(report.is_clean())
        }
        Mode::History { messages, page, in_flight, duration } => {
            let report = history::run(&target, common, *messages, *page, *in_flight, *duration).await?;
            print(common, &report, report.table())?;
            Ok(report.is_clean())
        }
        Mode::Reconnect { users, missed } => {
            let report = reconnect::run(&target, common, *users, *missed).await?;
            print(common, &report, report.table())?;
            Ok(report.is_clean())
        }
        Mode::Presence { traffic } => {
            let report = presence::run(&target, common, traffic).await?;
            print(common, &report, report.table())?;
            Ok(report.is_clean())
        }
        Mode::Rights { nodes, rounds } => {
            let report = rights::run(&target, common, nodes, *rounds).await?;
            print(common, &report, report.table())?;
            Ok(report.is_clean())
        }
        Mode::Idle { connections, hold } => {
            let report = idle::run(&target, common, *connections, *hold).await?;
            print(common, &report, report.table())?;
            Ok(report.is_clean())
        }
    }
}

fn print(common: &Common, report: &impl Serialize, table: String) -> Result<()> {
    let text = if common.json { serde_json::to_string(report)? + "\n" } else { table };
    print!("{text}");
    Ok(())
}
