//! Durable answers: how many a second, what each costs, and how soon each is acknowledged, in turns
//! with the plain design, which commits each by itself.

pub(crate) mod plain;
mod side;

use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::{
    disk,
    figure::{
        Figure,
        Limit::{AtLeast, AtMost},
        Outcome,
    },
    report::ms,
};
use side::Side;

/// How many answers by whom, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Participants, dealt evenly to the quizzes
    #[arg(long, default_value_t = 10_000)]
    participants: usize,

    /// Quizzes
    #[arg(long, default_value_t = 50)]
    quizzes: usize,

    /// Questions of each quiz: so many answers each participant can give
    #[arg(long, default_value_t = 100)]
    questions: usize,

    /// Answers that are under way at once
    #[arg(long, default_value_t = 512)]
    in_flight: usize,

    /// How often each side has its turn
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How long a turn takes, in seconds
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,

    /// The shares of the highest rate, in percent, at which the time to a reply is measured
    #[arg(long, value_delimiter = ',', default_value = "25,50,75")]
    shares: Vec<u32>,
}

/// The time to a reply at one rate.
#[derive(Serialize)]
struct Paced {
    share_percent: u32,
    answers_per_second: f64,
    reply_p50_ms: f64,
    reply_p99_ms: f64,
    longest_fdatasync_ms: f64,
    cpu_us_per_answer: serde_json::Map<String, serde_json::Value>,
}

/// Runs both sides in turns, and Scorecast at lower rates.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    // One thread: it shares the machine with what is measured.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure(plan))
}

async fn measure(plan: &Plan) -> anyhow::Result<Outcome> {
    eprintln!("{} participants join {} quizzes", plan.participants, plan.quizzes);
    let mut plain = Side::plain(plan).await?;
    let mut scorecast = Side::scorecast(plan).await?;
    let turn = Duration::from_secs_f64(plan.seconds);
    for side in [&mut plain, &mut scorecast] {
        side.warm_up(plan.in_flight).await?;
    }
    for round in 1..=plan.rounds {
        for side in [&mut plain, &mut scorecast] {
            let rate = side.turn(plan.in_flight, turn).await?;
            eprintln!("round {round} of {}: {} {rate:.0} answers/s", plan.rounds, side.name);
        }
    }
    let mut paced = Vec::new();
    for share in &plan.shares {
        let rate = scorecast.rate() * f64::from(*share) / 100.0;
        let disk = disk::Watch::begin();
        let (given, used) = scorecast.paced(rate, turn).await?;
        let longest_fdatasync_ms = disk.longest()?.as_secs_f64() * 1e3;
        let kept_up = given.rate() / rate;
        ensure!(kept_up > 0.9, "only {:.0} of {rate:.0} answers/s were given", given.rate());
        eprintln!("{share} %: {rate:.0} answers/s, p99 {:.1} ms", ms(&given.delays, 0.99));
        paced.push(Paced {
            share_percent: *share,
            answers_per_second: given.rate(),
            reply_p50_ms: ms(&given.delays, 0.5),
            reply_p99_ms: ms(&given.delays, 0.99),
            longest_fdatasync_ms,
            cpu_us_per_answer: used.us_each(given.answers),
        });
    }
    for side in [&plain, &scorecast] {
        side.verify().await?;
    }
    let figures = figures(plan, &plain, &scorecast, &paced);
    Outcome::new(
        figures,
        json!({"plain": plain.figures().await?, "scorecast": scorecast.figures().await?, "paced": paced}),
    )
}

fn figures(plan: &Plan, plain: &Side, scorecast: &Side, paced: &[Paced]) -> Vec<Figure> {
    let of = match plan.quizzes {
        1 => "one hot quiz".to_owned(),
        quizzes => format!("{quizzes} quizzes"),
    };
    let rate = Figure::new(format!("durable answers, {of}"), scorecast.rate(), "/s");
    let times =
        Figure::new(format!("… by those of a commit each, {of}"), scorecast.rate() / plain.rate(), "x");
    let share = Figure::new(format!("… CPU by theirs, {of}"), scorecast.us() / plain.us(), "x");
    let mut figures = if plan.quizzes == 1 {
        vec![rate.reach(AtLeast(10_000.0)), times, share]
    } else {
        vec![
            rate.aim(AtLeast(25_000.0)),
            times.reach(AtLeast(3.5)).aim(AtLeast(5.0)),
            share.reach(AtMost(0.25)).aim(AtMost(0.2)),
        ]
    };
    figures.push(Figure::new(format!("… CPU of scoring, Postgres and Redis, {of}"), scorecast.us(), "us"));
    figures.push(Figure::new(format!("… CPU of a commit each, {of}"), plain.us(), "us"));
    for paced in paced {
        let at = format!("at {} % of that load, {of}", paced.share_percent);
        let late = Figure::new(format!("reply p99 {at}"), paced.reply_p99_ms, "ms");
        figures.push(Figure::new(format!("reply p50 {at}"), paced.reply_p50_ms, "ms"));
        figures.push(if paced.share_percent == 50 { late.reach(AtMost(15.0)) } else { late });
        let what = format!("… longest fdatasync of another file, {at}");
        figures.push(Figure::new(what, paced.longest_fdatasync_ms, "ms"));
    }
    figures
}
