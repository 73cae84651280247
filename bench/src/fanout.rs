//! CPU per delivered frame: the hub, its alternatives, and the bare loop, in turns of one run.

use std::time::Duration;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::{
    figure::{Figure, Limit::AtMost, Outcome},
    report::{self, Row},
    scorecast::{Setup, Telemetry},
    stores::Kind,
    target::Target,
};

/// How much load, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets of each fan-out, dealt evenly to the quizzes
    #[arg(long, default_value_t = 1000)]
    sockets: usize,

    /// Quizzes
    #[arg(long, default_value_t = 1)]
    quizzes: usize,

    /// Quizzes that have an answer under way at once
    #[arg(long, default_value_t = 8)]
    at_once: usize,

    /// How often each fan-out has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// How long a turn takes, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,

    /// Where the ledger and the board are
    #[arg(long, default_value = "servers")]
    stores: Kind,

    /// What else has its turn, beside the bare loop and the hub
    #[arg(long, value_delimiter = ',', default_value = "tasks")]
    beside: Vec<Other>,
}

/// A fan-out to compare with.
#[derive(Clone, Copy, ValueEnum)]
enum Other {
    /// Nothing
    None,
    /// Scorecast with a task for each socket
    Tasks,
    /// Scorecast with a stream from scoring for each socket
    PerSocket,
    /// Scorecast that exports its telemetry
    Exporting,
    /// Scorecast that exports its telemetry to where nobody answers
    Unanswered,
    /// The plain design: for each socket a subscription in Redis and a board read
    Seed,
}

/// Its collector never answers, and nobody is to notice.
const UNANSWERED: &str = "unanswered";

/// Runs the fan-outs in turns and tells what each frame cost.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let sockets = plan.sockets / plan.quizzes;
    eprintln!("opening {} sockets on {} quizzes for each fan-out", sockets * plan.quizzes, plan.quizzes);
    let setup = Setup { stores: plan.stores, ..Setup::default() };
    let mut hub = Target::scorecast("hub", &setup, plan.quizzes, sockets)?;
    // The frames of a few answers tell how long a frame of the baseline must be.
    let sample = hub.load(Duration::from_millis(500), plan.at_once)?;
    let bare = Target::bare(plan.quizzes, sockets, sample.tally.bytes / sample.tally.frames)?;
    let mut targets = vec![bare, hub];
    for other in &plan.beside {
        targets.iter_mut().try_for_each(Target::rest)?;
        let (name, setup) = match other {
            Other::None => continue,
            Other::Seed => {
                targets.push(Target::seed(plan.quizzes, sockets)?);
                continue;
            }
            Other::Tasks => ("tasks", Setup { fanout: "tasks", ..setup }),
            Other::Exporting => ("exporting", Setup { telemetry: Telemetry::Exported, ..setup }),
            Other::Unanswered => (UNANSWERED, Setup { telemetry: Telemetry::Unanswered, ..setup }),
            Other::PerSocket => ("per-socket", Setup { upstream: "per-socket", ..setup }),
        };
        targets.push(Target::scorecast(name, &setup, plan.quizzes, sockets)?);
    }
    let rows = in_turns(&mut targets, plan.rounds, Duration::from_secs_f64(plan.seconds), plan.at_once)?;
    report::print(&rows);
    let mut figures = figures(plan, &rows);
    if let Some(unanswered) = targets.into_iter().find(|target| target.name == UNANSWERED) {
        let lost = unanswered.lost()?;
        ensure!(lost > 0, "nobody took what was exported, and nothing of it is missing");
        figures.push(Figure::new("… spans, log lines and readings that it counted as lost", lost as f64, ""));
    }
    Outcome::new(figures, &rows)
}

/// Loads each in its turn, so that a slow minute is slow for all of them.
pub(crate) fn in_turns(
    targets: &mut [Target],
    rounds: usize,
    turn: Duration,
    at_once: usize,
) -> anyhow::Result<Vec<Row>> {
    let mut rows: Vec<Row> = targets.iter().map(|target| Row::new(target.name, target.swarm.len())).collect();
    for round in 1..=rounds {
        for (at, row) in rows.iter_mut().enumerate() {
            row.add(&targets[at].load(turn, at_once)?);
            eprintln!("round {round} of {rounds}: {}", row.last());
            targets.iter_mut().try_for_each(Target::rest)?;
        }
    }
    Ok(rows)
}

fn figures(plan: &Plan, rows: &[Row]) -> Vec<Figure> {
    let [bare, hub, others @ ..] = rows else { return Vec::new() };
    let of = match plan.quizzes {
        1 => format!("{} sockets on one quiz", plan.sockets),
        quizzes => format!("{quizzes} quizzes x {} sockets", plan.sockets / quizzes),
    };
    let (reach, aim) = if plan.quizzes == 1 { (1.25, 1.1) } else { (2.0, 1.5) };
    let ratio = |row: &Row| Figure::new(format!("CPU a frame, {of}: {}", row.name), row.ratio_to(bare), "x");
    let mut figures = vec![
        Figure::new(format!("CPU a frame, {of}: the bare loop"), bare.mean_us(), "us"),
        ratio(hub).reach(AtMost(reach)).aim(AtMost(aim)),
    ];
    figures.extend(others.iter().map(ratio));
    if plan.quizzes == 1 {
        let times = hub.last_ms() / bare.last_ms();
        let what =
            format!("answer acknowledged to the last of {} sockets, by the bare loop's time", plan.sockets);
        figures.push(Figure::new(what, times, "x").reach(AtMost(1.5)));
    }
    if let Some(row) = others.iter().find(|row| row.name == UNANSWERED) {
        let times = row.delay_ms(0.99) / hub.delay_ms(0.99);
        figures.push(
            Figure::new(format!("p99, {of}: {UNANSWERED}, by the hub's"), times, "x").reach(AtMost(2.0)),
        );
    }
    figures
}
