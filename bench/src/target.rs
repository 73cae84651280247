//! What is measured: a fan-out with everything behind it, its sockets open, its answers ready.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::{
    http::request,
    process::Process,
    quiz::{HOST_PASSWORD, Quiz},
    swarm::{Swarm, Tally},
};

/// How long an answer may take to be on all sockets: later, it is lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// One fan-out under load.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) swarm: Swarm,
    answers: Answers,
    /// All that work for it; the gateway first.
    processes: Vec<Process>,
    _data: Option<TempDir>,
}

enum Answers {
    Quizzes(Vec<Quiz>),
    /// The same request each time, by board.
    Same(Vec<Vec<u8>>),
}

/// What one round of load took.
pub(crate) struct Round {
    pub(crate) tally: Tally,
    pub(crate) answers: u64,
    pub(crate) took: Duration,
    /// Of all processes together.
    pub(crate) cpu: Duration,
}

/// A gateway and the scoring service behind it, on embedded stores.
pub(crate) struct Scorecast {
    pub(crate) gateway: Process,
    pub(crate) scoring: Process,
    data: TempDir,
}

impl Scorecast {
    /// Starts both. The gateway's rates are no matter here.
    pub(crate) fn start(fanout: &str) -> anyhow::Result<Self> {
        let data = TempDir::new()?;
        let ledger = format!("--ledger-url=sqlite:{}", data.path().join("ledger.db").display());
        let scoring = ["--scoring-listen=127.0.0.1:0", "--watch-interval=0ms", &ledger];
        let scoring = Process::start("scoring", &scoring.map(str::to_owned))?;
        let gateway = [
            "--gateway-listen=127.0.0.1:0",
            &format!("--scoring-url=http://{}", scoring.address),
            &format!("--fanout={fanout}"),
            "--participant-secret=participants-of-the-bench-01234567",
            "--jwt-secret=users-of-the-bench-0123456789012345",
            "--sign-in=builtin",
            &format!("--host-password={HOST_PASSWORD}"),
            "--entry-rate=1000000",
            "--entry-burst=1000000",
            "--answer-rate=1000000",
        ];
        let gateway = Process::start("gateway", &gateway.map(str::to_owned))?;
        Ok(Self { gateway, scoring, data })
    }
}

impl Target {
    /// Scorecast with quizzes, each with so many sockets.
    pub(crate) fn scorecast(name: &'static str, quizzes: usize, sockets: usize) -> anyhow::Result<Self> {
        let Scorecast { gateway, scoring, data } = Scorecast::start(name)?;
        let quizzes: Vec<Quiz> =
            (0..quizzes).map(|_| Quiz::start(gateway.address, sockets)).collect::<anyhow::Result<_>>()?;
        let paths: Vec<_> = quizzes.iter().map(Quiz::sockets).collect();
        let swarm = Swarm::connect(gateway.address, &paths)?;
        let processes = vec![gateway, scoring];
        Ok(Self { name, swarm, answers: Answers::Quizzes(quizzes), processes, _data: Some(data) })
    }

    /// The bare loop, with as many boards and sockets, and frames of this size.
    pub(crate) fn bare(boards: usize, sockets: usize, frame_bytes: u64) -> anyhow::Result<Self> {
        let process = Process::start("bench", &["bare".to_owned(), format!("--frame-bytes={frame_bytes}")])?;
        let path = |board| vec![format!("/quizzes/{board}/ws"); sockets];
        let paths: Vec<_> = (0..boards).map(path).collect();
        let swarm = Swarm::connect(process.address, &paths)?;
        let answer = |board| request("POST", &format!("/quizzes/{board}/answer"), "", &serde_json::json!({}));
        let answers = Answers::Same((0..boards).map(answer).collect());
        Ok(Self { name: "bare", swarm, answers, processes: vec![process], _data: None })
    }

    /// Gives answers for so long, each board's next one when the last is on all its sockets, and
    /// on so many boards at once.
    ///
    /// # Errors
    /// If a socket does not get what it must, or is closed.
    pub(crate) fn load(&mut self, at_least: Duration, at_once: usize) -> anyhow::Result<Round> {
        let (began, cpu) = (Instant::now(), self.cpu()?);
        let boards = self.boards();
        let (mut answers, mut next) = (0, 0);
        let mut busy: Vec<usize> = Vec::new();
        loop {
            busy.retain(|board| self.swarm.is_busy(*board));
            while busy.len() < at_once.min(boards) && began.elapsed() < at_least {
                let board = next % boards;
                next += 1;
                if !self.swarm.is_busy(board) {
                    let answer = self.answer(board)?;
                    self.swarm.give(board, &answer)?;
                    busy.push(board);
                    answers += 1;
                }
            }
            if busy.is_empty() {
                break;
            }
            self.swarm.turn(PATIENCE)?;
            let waited = self.swarm.waits_since().map_or(Duration::ZERO, |since| since.elapsed());
            ensure!(waited < PATIENCE, "{}: an answer is not on all sockets after {waited:?}", self.name);
        }
        let took = began.elapsed();
        let cpu = self.cpu()? - cpu;
        Ok(Round { tally: self.swarm.take_tally(), answers, took, cpu })
    }

    fn answer(&mut self, board: usize) -> anyhow::Result<Vec<u8>> {
        match &mut self.answers {
            Answers::Quizzes(quizzes) => quizzes[board].answer(),
            Answers::Same(requests) => requests.get(board).cloned().context("no such board"),
        }
    }

    fn boards(&self) -> usize {
        match &self.answers {
            Answers::Quizzes(quizzes) => quizzes.len(),
            Answers::Same(requests) => requests.len(),
        }
    }

    fn cpu(&self) -> anyhow::Result<Duration> {
        self.processes.iter().map(Process::cpu).sum()
    }
}
