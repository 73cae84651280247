//! What a delivered frame costs. Each scenario is one command; it starts what it measures, bounds
//! itself in time, counts what each socket got, and runs its baselines in the same run.
//!
//! It knows the services as their callers do: as programs, by HTTP and by WebSocket.

mod bare;
mod deaf;
mod fanout;
mod http;
mod idle;
mod process;
mod quiz;
mod report;
mod swarm;
mod target;

use anyhow::Context as _;
use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Measures a release build of Scorecast on this machine
#[derive(Parser)]
enum Command {
    /// CPU per delivered frame: every answer is awaited on every socket before the next is given
    Fanout(fanout::Plan),
    /// How long sockets wait for their frames while others are not read
    Deaf(deaf::Plan),
    /// Resident memory per socket that is open and silent
    Idle(idle::Plan),
    /// The baseline: an epoll loop that writes a ready-made frame to every socket
    #[command(hide = true)]
    Bare(bare::Plan),
}

fn main() -> anyhow::Result<()> {
    raise_limits().context("cannot raise the number of open files")?;
    match Command::parse() {
        Command::Fanout(plan) => fanout::run(&plan),
        Command::Deaf(plan) => deaf::run(&plan),
        Command::Idle(plan) => idle::run(&plan),
        Command::Bare(plan) => bare::run(&plan),
    }
}

/// As many sockets as the system allows, also to the programs that are started.
fn raise_limits() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    Ok(())
}
