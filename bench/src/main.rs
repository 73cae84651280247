//! What Scorecast costs. Each scenario is one command; it starts what it measures, bounds itself in
//! time, counts what each client got, and runs its baselines in the same run.
//!
//! It knows the services as their callers do: as programs, by gRPC, by HTTP and by WebSocket.

mod all;
mod answers;
mod arena;
mod bare;
mod boards;
mod churn;
mod collector;
mod counts;
mod crowd;
mod disk;
mod fanout;
mod figure;
mod growth;
mod http;
mod idle;
mod latency;
mod limits;
mod load;
mod plots;
mod process;
mod quiz;
mod reads;
mod report;
mod scorecast;
mod seed;
mod size;
mod slow;
mod stores;
mod swarm;
mod tally;
mod target;
mod usage;
mod wire;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use figure::Outcome;

/// Measures a release build of Scorecast on this machine
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Where the figures are written, as JSON; target/bench/<scenario>.json if absent
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs every scenario and prints one table
    All(all::Plan),
    /// CPU per delivered frame: every answer is awaited on every socket before the next is given
    Fanout(fanout::Plan),
    /// Memory per socket that is open and silent
    Idle(idle::Plan),
    /// Durable answers per second and their CPU, against one commit for each
    Answers(answers::Plan),
    /// CPU of a visit: connect, first frame, close
    Churn(churn::Plan),
    /// From an answer to its frame on each socket, at a light load
    Latency(latency::Plan),
    /// Reads of a large board, and how often the store is asked while many watch
    Reads(reads::Plan),
    /// What others notice of sockets that do not read
    Slow(slow::Plan),
    /// CPU per frame and memory per idle socket, from few sockets to many
    Growth(growth::Plan),
    /// Reads and changes of a board, from few participants to many
    Boards(boards::Plan),
    /// Instructions of single steps, and bytes of frames: counted, not timed
    Counts(counts::Plan),
    /// Calculates what a size needs from what all scenarios found last
    Size(size::Plan),
    /// Draws what growth and answers found last
    Plots(plots::Plan),
    /// The baseline of fan-outs: an epoll loop that writes a ready-made frame to every socket
    #[command(hide = true)]
    Bare(bare::Plan),
    /// The baseline of fan-outs in the plain design: a subscription and a board read for each socket
    #[command(hide = true)]
    Seed(seed::Plan),
    /// Takes the telemetry of what is measured
    #[command(hide = true)]
    Collector(collector::Plan),
    /// The steps whose instructions are counted
    #[command(hide = true)]
    Steps,
    /// The baseline of answers: one commit for each
    #[command(hide = true)]
    Plain(answers::plain::Plan),
}

fn main() -> anyhow::Result<()> {
    limits::raise().context("cannot raise the number of open files")?;
    let Cli { command, json } = Cli::parse();
    let (scenario, outcome) = match command {
        Command::All(plan) => return all::run(&plan, &results()?),
        Command::Size(plan) => return size::run(&plan, &results()?),
        Command::Plots(plan) => return plots::run(&plan, &results()?),
        Command::Bare(plan) => return bare::run(&plan),
        Command::Seed(plan) => return seed::run(&plan),
        Command::Collector(plan) => return collector::run(&plan),
        Command::Steps => return counts::steps::run(),
        Command::Plain(plan) => return answers::plain::run(&plan),
        Command::Fanout(plan) => ("fanout", fanout::run(&plan)?),
        Command::Idle(plan) => ("idle", idle::run(&plan)?),
        Command::Answers(plan) => ("answers", answers::run(&plan)?),
        Command::Churn(plan) => ("churn", churn::run(&plan)?),
        Command::Latency(plan) => ("latency", latency::run(&plan)?),
        Command::Reads(plan) => ("reads", reads::run(&plan)?),
        Command::Growth(plan) => ("growth", growth::run(&plan)?),
        Command::Counts(plan) => ("counts", counts::run(&plan)?),
        Command::Boards(plan) => ("boards", boards::run(&plan)?),
        Command::Slow(plan) => ("slow", slow::run(&plan)?),
    };
    let outcome = Outcome { command: said(), ..outcome };
    outcome.write(&json.unwrap_or(results()?.join(scenario).with_extension("json")))?;
    figure::print(&[outcome]);
    Ok(())
}

/// What was asked for, without the place of its results, which is no matter.
fn said() -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words = words.join(" ");
    format!("target/release/bench {}", words.split(" --json").next().unwrap_or_default())
}

/// Where figures are kept: `target/bench`.
fn results() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent).context("the program lies in no target folder")?;
    Ok(target.join("bench"))
}
