//! What is measured: a fan-out with everything behind it, its sockets open, its answers ready.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use crate::{
    http::request,
    limits,
    process::Process,
    quiz::Quiz,
    scorecast::{Scorecast, Setup},
    stores::{Kind, Stores},
    swarm::Swarm,
    tally::Tally,
    usage::Used,
};

/// How long an answer may take to be on all sockets: later, it is lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// One fan-out under load.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) swarm: Swarm,
    answers: Answers,
    /// All that work for it, but the stores; the gateway first.
    processes: Vec<Process>,
    stores: Option<Stores>,
    _collector: Option<Process>,
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
    pub(crate) cpu: Used,
}

impl Target {
    /// Scorecast with quizzes, each with so many sockets.
    pub(crate) fn scorecast(
        name: &'static str,
        setup: &Setup,
        quizzes: usize,
        sockets: usize,
    ) -> anyhow::Result<Self> {
        limits::allow(quizzes * sockets)?;
        let scorecast = Scorecast::start(setup)?;
        let gateway = scorecast.gateway.address;
        let quizzes: Vec<Quiz> =
            (0..quizzes).map(|_| Quiz::start(gateway, sockets)).collect::<anyhow::Result<_>>()?;
        let paths: Vec<_> = quizzes.iter().map(Quiz::sockets).collect();
        Self::of(name, scorecast, quizzes, &paths)
    }

    /// Scorecast with these quizzes, and a socket of each for every path.
    pub(crate) fn of(
        name: &'static str,
        scorecast: Scorecast,
        quizzes: Vec<Quiz>,
        paths: &[Vec<String>],
    ) -> anyhow::Result<Self> {
        let Scorecast { gateway, scoring, stores, collector } = scorecast;
        let swarm = Swarm::connect(gateway.address, paths)?;
        let processes = vec![gateway, scoring];
        Ok(Self {
            name,
            swarm,
            answers: Answers::Quizzes(quizzes),
            processes,
            stores: Some(stores),
            _collector: collector,
        })
    }

    /// The bare loop, with as many boards and sockets, and frames of this size.
    pub(crate) fn bare(boards: usize, sockets: usize, frame_bytes: u64) -> anyhow::Result<Self> {
        limits::allow(boards * sockets)?;
        let process = Process::start("bench", &["bare".to_owned(), format!("--frame-bytes={frame_bytes}")])?;
        Self::baseline("bare", process, None, boards, sockets)
    }

    /// The plain design: a subscription in Redis and a board read for each socket.
    pub(crate) fn seed(boards: usize, sockets: usize) -> anyhow::Result<Self> {
        limits::allow(boards * sockets)?;
        let stores = Stores::make(Kind::Servers)?;
        let arguments = ["seed".to_owned(), format!("--redis={}", stores.board_url)];
        let process = Process::start("bench", &arguments)?;
        Self::baseline("seed", process, Some(stores), boards, sockets)
    }

    fn baseline(
        name: &'static str,
        process: Process,
        stores: Option<Stores>,
        boards: usize,
        sockets: usize,
    ) -> anyhow::Result<Self> {
        let path = |board, socket| format!("/quizzes/{board}/ws?participant_id=p{socket}");
        let paths = |board| (0..sockets).map(move |socket| path(board, socket)).collect();
        let paths: Vec<Vec<String>> = (0..boards).map(paths).collect();
        let swarm = Swarm::connect(process.address, &paths)?;
        let answer = |board| request("POST", &format!("/quizzes/{board}/answer"), "", &serde_json::json!({}));
        let answers = Answers::Same((0..boards).map(answer).collect());
        Ok(Self { name, swarm, answers, processes: vec![process], stores, _collector: None })
    }

    /// Gives answers for so long, each board's next one when the last is on all its sockets, and
    /// on so many boards at once.
    ///
    /// # Errors
    /// If a socket does not get what it must, or is closed.
    pub(crate) fn load(&mut self, at_least: Duration, at_once: usize) -> anyhow::Result<Round> {
        let (cpu, began) = (self.cpu()?, Instant::now());
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
                    self.swarm.give(board, &answer, Instant::now())?;
                    busy.push(board);
                    answers += 1;
                }
            }
            if busy.is_empty() {
                break;
            }
            self.turn(PATIENCE)?;
        }
        let took = began.elapsed();
        let cpu = self.cpu()?.since(&cpu);
        Ok(Round { tally: self.swarm.take_tally(), answers, took, cpu })
    }

    /// Gives answers on the first board at fixed times. One that cannot be given in time, for the
    /// last one is still under way, counts from when it was due.
    ///
    /// # Errors
    /// As [`Target::load`].
    pub(crate) fn pace(&mut self, at_least: Duration, every: Duration) -> anyhow::Result<Round> {
        let (cpu, began) = (self.cpu()?, Instant::now());
        let (mut due, mut answers) = (began, 0);
        while due - began < at_least {
            while self.swarm.is_busy(0) {
                self.turn(PATIENCE)?;
            }
            // To the microsecond, while a poll ends by whole milliseconds.
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.rest()?;
            let answer = self.answer(0)?;
            self.swarm.give(0, &answer, due)?;
            answers += 1;
            due += every;
        }
        while self.swarm.is_busy(0) {
            self.turn(PATIENCE)?;
        }
        let (took, cpu) = (began.elapsed(), self.cpu()?.since(&cpu));
        Ok(Round { tally: self.swarm.take_tally(), answers, took, cpu })
    }

    fn turn(&mut self, at_most: Duration) -> anyhow::Result<()> {
        self.swarm.turn(at_most)?;
        let waited = self.swarm.waits_since().map_or(Duration::ZERO, |since| since.elapsed());
        ensure!(waited < PATIENCE, "{}: an answer is not on all sockets after {waited:?}", self.name);
        Ok(())
    }

    /// Answers what the server has asked while others had their turn: it drops who is silent.
    pub(crate) fn rest(&mut self) -> anyhow::Result<()> {
        self.swarm.turn(Duration::ZERO)
    }

    /// Lets its sockets go and stops it, as an operator does. Tells how many spans, log lines and
    /// readings did not reach their collector, by what the services say of it.
    pub(crate) fn lost(self) -> anyhow::Result<u64> {
        let Self { swarm, processes, _collector, stores: _stores, .. } = self;
        drop(swarm);
        let mut lost = 0;
        for process in processes {
            for line in process.stop()?.lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
                lost += line["items"].as_u64().unwrap_or(0);
            }
        }
        Ok(lost)
    }

    /// Where its sockets connect to.
    pub(crate) fn gateway(&self) -> SocketAddr {
        self.processes[0].address
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

    /// What all that work for it have used.
    fn cpu(&self) -> anyhow::Result<Used> {
        let mut used: Vec<_> = self.processes.iter().map(Process::cpu).collect::<anyhow::Result<_>>()?;
        used.extend(self.stores.iter().flat_map(|stores| stores.cpu().0));
        Ok(Used(used))
    }
}
