//! Sockets that do not read: what the others notice of them.

use std::{
    io::Read as _,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::ensure;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    figure::{Figure, Limit::AtMost, Outcome},
    limits,
    quiz::Quiz,
    report::{self, Row},
    scorecast::{Scorecast, Setup},
    target::{Round, Target},
    wire,
};

/// The kernel keeps about so many bytes for a socket that does not read.
const RECEIVE_BYTES: usize = 4096;

/// How many of how many, and for how long
#[derive(Args)]
pub(crate) struct Plan {
    /// Sockets, all on one quiz
    #[arg(long, default_value_t = 5000)]
    sockets: usize,

    /// So many of them do not read, every other turn
    #[arg(long, default_value_t = 1000)]
    slow: usize,

    /// How often the others are measured, while these read and while they do not
    #[arg(long, default_value_t = 4)]
    rounds: usize,

    /// How long each takes, in seconds: below the five after which a stalled socket is closed
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,

    /// Who writes them
    #[arg(long, default_value = "hub")]
    fanout: Kind,
}

/// Who writes sockets.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// One thread for all of them
    Hub,
    /// A task for each
    Tasks,
}

/// Measures the others in turns, while all read and while the slow ones do not.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    ensure!(plan.slow < plan.sockets, "somebody must read");
    limits::allow(plan.sockets)?;
    eprintln!("opening {} sockets", plan.sockets);
    let fanout = match plan.fanout {
        Kind::Hub => "hub",
        Kind::Tasks => "tasks",
    };
    let scorecast = Scorecast::start(&Setup { fanout, ..Setup::default() })?;
    let quiz = Quiz::start(scorecast.gateway.address, plan.sockets)?;
    let mut readers = quiz.sockets();
    let slow = readers.split_off(plan.sockets - plan.slow);
    let mut hub = Target::of(fanout, scorecast, vec![quiz], &[readers])?;
    let turn = Duration::from_secs_f64(plan.seconds);
    let (mut all, mut some) = (Row::new("all read", plan.sockets), Row::new("not all", plan.sockets));
    let (mut taken, mut answers) = (Vec::new(), 0);
    for round in 1..=plan.rounds {
        hub.swarm.open_beside(&slow)?;
        all.add(&hub.load(turn, 1)?);
        hub.swarm.close_beside();
        let sockets = open(hub.gateway(), &slow)?;
        let load = hub.load(turn, 1)?;
        taken.push(taken_by(sockets, &load)?);
        answers += load.answers;
        some.add(&load);
        eprintln!("round {round} of {}: {}; {}", plan.rounds, all.last(), some.last());
    }
    ensure!(
        taken.iter().sum::<f64>() < answers as f64 * 0.9,
        "so few answers fill no socket's buffers, and nobody was slow: take longer turns"
    );
    let times = some.delay_ms(0.99) / all.delay_ms(0.99);
    let what = format!("p99 of the others while {} of {} sockets do not read", plan.slow, plan.sockets);
    let figures = vec![
        Figure::new(what, times, "x").reach(AtMost(1.2)),
        Figure::new("… frames that the kernel took for each of these", report::median(taken.clone()), ""),
    ];
    let rows = [all, some];
    report::print(&rows);
    Outcome::new(figures, json!({"rows": rows, "frames_taken_by_the_slow": taken}))
}

fn open(gateway: SocketAddr, paths: &[String]) -> anyhow::Result<Vec<TcpStream>> {
    let one = |(number, path): (usize, &String)| {
        let (stream, _) = wire::open(gateway, number, path, Some(RECEIVE_BYTES))?;
        Ok(stream)
    };
    paths.iter().enumerate().map(one).collect()
}

/// How many frames one of them has, on average.
fn taken_by(sockets: Vec<TcpStream>, load: &Round) -> anyhow::Result<f64> {
    let (count, mut bytes) = (sockets.len(), 0);
    let mut buffer = vec![0; 256 << 10];
    for mut socket in sockets {
        socket.set_nonblocking(true)?;
        // Until there is nothing more, for now or for ever: who stalls too long is closed.
        while let Ok(length @ 1..) = socket.read(&mut buffer) {
            bytes += length as u64;
        }
    }
    let frame_bytes = load.tally.bytes / load.tally.frames;
    Ok(bytes as f64 / count as f64 / frame_bytes as f64)
}
