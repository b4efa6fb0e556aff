//! The whole platform as one program: every service in one process, or any one of them.

use std::process::ExitCode;

use clap::Parser as _;

mod cli;
mod commands;
mod modules;
mod private;
mod serve;
mod settings;

// Fewer CPU cycles in bursts and a smaller process afterwards than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("halley: another TLS provider was installed first");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("halley: can't start its threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("halley: {error:#}");
            ExitCode::FAILURE
        }
    }
}
