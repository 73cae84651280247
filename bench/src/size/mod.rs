//! How many machines a size needs: arithmetic with the costs that were measured last.

mod costs;
mod need;

use std::path::Path;

use clap::Args;

use costs::Costs;
use need::{Need, USED};

/// The size
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets, dealt evenly to the quizzes
    #[arg(long, default_value_t = 1_000_000)]
    sockets: u32,

    /// Quizzes that are played at once
    #[arg(long, default_value_t = 2000)]
    quizzes: u32,

    /// Answers a second, dealt evenly to the quizzes
    #[arg(long, default_value_t = 100_000)]
    answers: u32,

    /// `WATCH_INTERVAL`, in milliseconds
    #[arg(long, default_value_t = 1000)]
    interval_ms: u32,

    /// Scoring processes that follow a quiz, at most: 1 if gateways choose the process by the quiz
    #[arg(long, default_value_t = u32::MAX, hide_default_value = true)]
    followers: u32,

    /// Processors of a scoring process
    #[arg(long, default_value_t = 4)]
    scoring_processors: u32,
}

/// A line of the calculation.
struct Line {
    what: &'static str,
    from: String,
    result: String,
}

/// Prints the calculation.
///
/// # Errors
/// If something has not been measured.
#[allow(clippy::print_stdout, reason = "this is what was asked for")]
pub(crate) fn run(plan: &Plan, results: &Path) -> anyhow::Result<()> {
    let costs = Costs::read(results)?;
    println!("| what | from | result |\n|-|-|-:|");
    for Line { what, from, result } in lines(plan, &costs) {
        println!("| {what} | {from} | {result} |");
    }
    Ok(())
}

fn lines(plan: &Plan, costs: &Costs) -> Vec<Line> {
    let need = Need::of(plan, costs);
    let line = |what, from: String, result: String| Line { what, from, result };
    let gateways = need.gateways;
    let gigabits = |bytes: f64| format!("{:.1} Gbit/s", need.frames * bytes * 8.0 / 1e9);
    vec![
        line(
            "states of a quiz a second",
            format!("{} answers/s on {} quizzes, every {} ms", plan.answers, plan.quizzes, plan.interval_ms),
            format!("{:.0}", need.ticks),
        ),
        line(
            "frames a second",
            format!("{} sockets x {:.0}", plan.sockets, need.ticks),
            format!("{:.2} million", need.frames / 1e6),
        ),
        line(
            "bytes to browsers, ten rows",
            format!("x {:.0} bytes", costs.frame_bytes),
            gigabits(costs.frame_bytes),
        ),
        line(
            "… a hundred rows, all of them each time",
            format!("x {:.0} bytes", costs.whole_bytes),
            gigabits(costs.whole_bytes),
        ),
        line(
            "… a hundred rows, by deltas of ten",
            format!("x {:.0} bytes", costs.delta_bytes),
            gigabits(costs.delta_bytes),
        ),
        line(
            "processors that write frames",
            format!("frames x {:.2} us", costs.frame_us),
            format!("{:.1}", need.writing),
        ),
        line(
            "processors of the gateways for answers",
            format!("{} answers/s x {:.0} us", plan.answers, costs.request_us),
            format!("{:.1}", need.requests),
        ),
        line(
            "gateways",
            format!("one thread writes, {:.0} % used; at most 100 000 sockets each", USED * 100.0),
            format!("{gateways:.0}"),
        ),
        line(
            "processors of a gateway",
            "both of the above".to_owned(),
            format!("{:.1}", (need.writing + need.requests) / USED / gateways),
        ),
        line(
            "memory of the sockets",
            format!("{:.2} KiB each", costs.socket_kib),
            format!("{:.0} MiB a gateway", need.sockets / gateways * costs.socket_kib / 1024.0),
        ),
        line(
            "a lost gateway's sockets elsewhere",
            format!("{:.0} us a visit, if spread over 15 s", costs.visit_us),
            format!("{:.1} processors", need.sockets / gateways * costs.visit_us / 1e6 / 15.0),
        ),
        line(
            "processors of scoring",
            format!(
                "{:.1} us an answer, {:.0} us a read, {:.0} us a question where sockets stand and {:.2} us a socket in it",
                costs.scoring_us,
                costs.scoring_read_us,
                costs.scoring_standings.call_us,
                costs.scoring_standings.seat_us
            ),
            format!("{:.1}", need.scoring),
        ),
        line(
            "scoring processes",
            format!("{} processors each, {:.0} % used", plan.scoring_processors, USED * 100.0),
            format!("{:.0}", need.scorings),
        ),
        line(
            "processors of Postgres",
            format!("{:.1} us an answer", costs.postgres_us),
            format!("{:.1}", need.answers * costs.postgres_us / 1e6),
        ),
        line(
            "log of Postgres",
            format!("{:.0} bytes an answer", costs.log_bytes),
            format!("{:.0} MB/s", need.answers * costs.log_bytes / 1e6),
        ),
        line(
            "tables of Postgres",
            format!("{:.0} bytes an answer", costs.table_bytes),
            format!("{:.0} GB an hour", need.answers * costs.table_bytes * 3600.0 / 1e9),
        ),
        line(
            "board reads a second, at most",
            format!("{} quizzes x {:.0} states x {:.0} processes", plan.quizzes, need.ticks, need.readers),
            format!("{:.0}", need.reads),
        ),
        line(
            "questions where sockets stand, a second, at most",
            format!("{} quizzes x {gateways:.0} gateways", plan.quizzes),
            format!("{:.0}", need.standings),
        ),
        line(
            "processors of Redis",
            format!(
                "{:.1} us an answer, {:.0} us a read, {:.0} us a question and {:.2} us a socket in it",
                costs.redis_us, costs.read_us, costs.redis_standings.call_us, costs.redis_standings.seat_us
            ),
            format!("{:.1}", need.redis),
        ),
        line(
            "masters of Redis",
            format!("one processor each, {:.0} % used", USED * 100.0),
            format!("{:.0}", (need.redis / USED).ceil()),
        ),
        line(
            "answers a second of one quiz",
            "one writer: a quiz is on one lane".to_owned(),
            format!("{:.0} of {:.0}", need.answers / f64::from(plan.quizzes), costs.hot_rate),
        ),
    ]
}
