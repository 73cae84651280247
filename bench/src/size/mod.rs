//! How many machines a size needs: arithmetic with the costs that were measured last.

mod costs;

use std::path::Path;

use clap::Args;

use costs::Costs;

/// How much of a processor is planned with: the rest is for bursts and for the loss of a neighbour.
const USED: f64 = 0.6;

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
    let size = Size::of(plan, costs);
    let line = |what, from: String, result: String| Line { what, from, result };
    let gateways = size.gateways;
    vec![
        line(
            "states of a quiz a second",
            format!("{} answers/s on {} quizzes, every {} ms", plan.answers, plan.quizzes, plan.interval_ms),
            format!("{:.0}", size.ticks),
        ),
        line(
            "frames a second",
            format!("{} sockets x {:.0}", plan.sockets, size.ticks),
            format!("{:.2} million", size.frames / 1e6),
        ),
        line(
            "bytes to browsers",
            format!("x {:.0} bytes", costs.frame_bytes),
            format!("{:.1} Gbit/s", size.frames * costs.frame_bytes * 8.0 / 1e9),
        ),
        line(
            "processors that write frames",
            format!("frames x {:.2} us", costs.frame_us),
            format!("{:.1}", size.writing),
        ),
        line(
            "processors of the gateways for answers",
            format!("{} answers/s x {:.0} us", plan.answers, costs.request_us),
            format!("{:.1}", size.requests),
        ),
        line(
            "gateways",
            format!("one thread writes, {:.0} % used; at most 100 000 sockets each", USED * 100.0),
            format!("{gateways:.0}"),
        ),
        line(
            "memory of the sockets",
            format!("{:.2} KiB each", costs.socket_kib),
            format!("{:.0} MiB a gateway", size.sockets / gateways * costs.socket_kib / 1024.0),
        ),
        line(
            "a lost gateway's sockets elsewhere",
            format!("{:.0} us a visit, if spread over 15 s", costs.visit_us),
            format!("{:.1} processors", size.sockets / gateways * costs.visit_us / 1e6 / 15.0),
        ),
        line(
            "processors of scoring",
            format!("{:.1} us an answer", costs.scoring_us),
            format!("{:.1}", size.answers * costs.scoring_us / 1e6),
        ),
        line(
            "scoring processes",
            format!("{} processors each, {:.0} % used", plan.scoring_processors, USED * 100.0),
            format!("{:.0}", size.scorings),
        ),
        line(
            "processors of Postgres",
            format!("{:.1} us an answer", costs.postgres_us),
            format!("{:.1}", size.answers * costs.postgres_us / 1e6),
        ),
        line(
            "log of Postgres",
            format!("{:.0} bytes an answer", costs.log_bytes),
            format!("{:.0} MB/s", size.answers * costs.log_bytes / 1e6),
        ),
        line(
            "tables of Postgres",
            format!("{:.0} bytes an answer", costs.table_bytes),
            format!("{:.0} GB an hour", size.answers * costs.table_bytes * 3600.0 / 1e9),
        ),
        line(
            "board reads a second, at most",
            format!("{} quizzes x {:.0} states x {:.0} processes", plan.quizzes, size.ticks, size.readers),
            format!("{:.0}", size.reads),
        ),
        line(
            "processors of Redis",
            format!("{:.1} us an answer, {:.0} us a read", costs.redis_us, costs.read_us),
            format!("{:.1}", size.redis),
        ),
        line(
            "masters of Redis",
            format!("one processor each, {:.0} % used", USED * 100.0),
            format!("{:.0}", (size.redis / USED).ceil()),
        ),
        line(
            "answers a second of one quiz",
            "one writer: a quiz is on one lane".to_owned(),
            format!("{:.0} of {:.0}", size.answers / f64::from(plan.quizzes), costs.hot_rate),
        ),
    ]
}

/// What the lines have in common.
struct Size {
    sockets: f64,
    answers: f64,
    ticks: f64,
    frames: f64,
    writing: f64,
    requests: f64,
    gateways: f64,
    scorings: f64,
    readers: f64,
    reads: f64,
    redis: f64,
}

impl Size {
    fn of(plan: &Plan, costs: &Costs) -> Self {
        let [sockets, quizzes, answers] = [plan.sockets, plan.quizzes, plan.answers].map(f64::from);
        // No more states than changes, and no more than the interval allows.
        let ticks = (1000.0 / f64::from(plan.interval_ms.max(1))).min(answers / quizzes);
        let frames = sockets * ticks;
        let writing = frames * costs.frame_us / 1e6;
        let gateways = (writing / USED).max(sockets / 100_000.0).ceil();
        let scoring = answers * costs.scoring_us / 1e6;
        let scorings = (scoring / (USED * f64::from(plan.scoring_processors))).ceil().max(2.0);
        // A quiz whose sockets are on all gateways may be followed by every process.
        let readers = scorings.min(gateways);
        let reads = quizzes * ticks * readers;
        let redis = (answers * costs.redis_us + reads * costs.read_us) / 1e6;
        let requests = answers * costs.request_us / 1e6;
        Self { sockets, answers, ticks, frames, writing, requests, gateways, scorings, readers, reads, redis }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs {
        frame_us: 6.0,
        frame_bytes: 1000.0,
        request_us: 50.0,
        socket_kib: 0.5,
        visit_us: 100.0,
        scoring_us: 24.0,
        postgres_us: 30.0,
        redis_us: 5.0,
        log_bytes: 500.0,
        table_bytes: 200.0,
        hot_rate: 15_000.0,
        read_us: 100.0,
    };

    fn plan(answers: u32, interval_ms: u32) -> Plan {
        Plan { sockets: 1_000_000, quizzes: 2000, answers, interval_ms, scoring_processors: 4 }
    }

    #[test]
    fn writing_frames_decides_how_many_gateways_there_are_until_sockets_do() {
        assert_eq!(Size::of(&plan(100_000, 100), &COSTS).gateways, 100.0);
        assert_eq!(Size::of(&plan(100_000, 5000), &COSTS).gateways, 10.0);
    }

    #[test]
    fn a_quiet_quiz_has_no_more_states_than_changes() {
        let size = Size::of(&plan(1000, 50), &COSTS);
        assert_eq!((size.ticks, size.frames), (0.5, 500_000.0));
    }

    #[test]
    fn redis_serves_answers_and_every_process_that_follows_a_board() {
        let size = Size::of(&plan(100_000, 1000), &COSTS);
        assert_eq!((size.scorings, size.reads), (2.0, 4000.0));
        assert!((size.redis - 0.9).abs() < 1e-9, "{}", size.redis);
    }
}
