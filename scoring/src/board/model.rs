//! The chain of changes, tried out: a simulated ledger, two writers whose changes arrive late,
//! twice or never, and a board that loses keys while it is changed and rebuilt.
//!
//! A run is made by its seed. `BOARD_MODEL_RUNS` asks for more of them, or fewer.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use services::telemetry::Causes;

use super::{
    Applied, Board, BoardId, Change, ChangedRow, Claim, Found, Member, Phase, Snapshot, SnapshotRow, Version,
    View, Window,
    contract::{EPOCH, a_quiz, member, well},
};
use crate::{quiz::Status, ranking::Key};

const SEATS: usize = 24;
const STEPS: usize = 300;
/// A board that is not equal to the ledger after so many sweeps at rest never will be.
const SWEEPS: usize = 8;

/// A board and what can happen to it.
pub(super) trait World {
    fn board(&self) -> &dyn Board;
    /// Every key of every board is gone.
    async fn lose_everything(&self, id: &BoardId);
    /// One key of the board is gone.
    async fn lose_a_key(&self, id: &BoardId, number: usize);
    /// The time of a claim is over.
    async fn end_claim(&self, id: &BoardId);
}

/// How many runs a test is asked for, or else the usual number.
pub(super) fn runs_or(usual: u64) -> u64 {
    let asked = std::env::var("BOARD_MODEL_RUNS").ok();
    asked.map_or(usual, |text| text.parse().expect("BOARD_MODEL_RUNS is a number"))
}

/// Makes runs until one breaks a rule, and tells of it.
pub(super) async fn runs(world: &impl World, count: u64) -> Result<(), String> {
    for seed in 0..count {
        run(world, seed).await.map_err(|broken| format!("seed {seed}: {broken}"))?;
    }
    Ok(())
}

async fn run(world: &impl World, seed: u64) -> Result<(), String> {
    let mut model = Model::new(world, seed);
    for step in 0..STEPS {
        model.step().await.map_err(|broken| format!("step {step}: {broken}"))?;
    }
    model.come_to_rest().await.map_err(|broken| format!("at rest: {broken}"))
}

/// The truth of one epoch.
#[derive(Debug, Clone)]
struct Ledger {
    version: Version,
    phase: Phase,
    /// Of each seat that ever was, its score unless it was removed, and the version of that.
    seats: BTreeMap<Member, (Option<u32>, u64)>,
}

impl Ledger {
    /// Commits some rows, one version each.
    fn commit(&mut self, rng: &mut StdRng) {
        for _ in 0..rng.random_range(1..8) {
            self.version.seq += 1;
            let score = rng.random_bool(0.9).then(|| rng.random_range(0..6));
            self.seats.insert(member(rng.random_range(0..SEATS)), (score, self.version.seq));
        }
        if rng.random_bool(0.1) {
            self.version.seq += 1;
            self.phase.run += 1;
        }
    }

    /// Gives every seat the score 0 as one change.
    fn restart(&mut self) {
        self.version.seq += 1;
        self.phase.run += 1;
        for (score, seq) in self.seats.values_mut().filter(|(score, _)| score.is_some()) {
            (*score, *seq) = (Some(0), self.version.seq);
        }
    }

    fn changed_since(&self, board: &BoardId, from: u64) -> Change {
        let changed = self.seats.iter().filter(|(_, (_, seq))| *seq > from);
        let row = |(member, (score, seq)): (&Member, &(Option<u32>, u64))| ChangedRow {
            member: *member,
            key: score.map(|score| Key::of_seat(score, 0)),
            label: "".into(),
            seq: *seq,
        };
        Change {
            board: board.clone(),
            epoch: self.version.epoch,
            from,
            to: self.version.seq,
            phase: self.phase,
            rows: changed.map(row).collect(),
            causes: Causes::default(),
        }
    }

    fn snapshot(&self, board: &BoardId) -> Snapshot {
        let row = |(member, (score, _)): (&Member, &(Option<u32>, u64))| {
            let key = Key::of_seat((*score)?, 0);
            Some(SnapshotRow { member: *member, key, label: "".into() })
        };
        let rows = self.seats.iter().filter_map(row).collect();
        Snapshot { board: board.clone(), version: self.version, phase: self.phase, rows }
    }

    /// What is wrong with a view of this epoch: whoever last changed at or before its version must
    /// be exact.
    fn contradiction(&self, view: &View) -> Option<String> {
        if view.version > self.version {
            return Some(format!("{:?} was never committed", view.version));
        }
        for (seat, (score, seq)) in self.seats.iter().filter(|(_, (_, seq))| *seq <= view.version.seq) {
            let row = view.rows.iter().find(|row| row.member == *seat);
            let shown = row.map(|row| row.key.score());
            if shown != *score {
                return Some(format!(
                    "at {:?} {seat} has {score:?} since {seq}, shown is {shown:?}",
                    view.version
                ));
            }
        }
        let is_ranked = view
            .rows
            .iter()
            .all(|row| row.rank as usize == 1 + view.rows.iter().filter(|other| other.key > row.key).count());
        (!is_ranked || view.total as usize != view.rows.len()).then(|| format!("badly ranked: {view:?}"))
    }
}

/// Somebody who rebuilds the board, at his own speed.
struct Rebuild {
    claim: Claim,
    snapshot: Option<Snapshot>,
}

struct Model<'a, W> {
    world: &'a W,
    id: BoardId,
    rng: StdRng,
    /// The present one last, those that a backup replaced before it.
    ledgers: Vec<Ledger>,
    backup: Ledger,
    in_flight: Vec<Change>,
    rebuilds: Vec<Rebuild>,
    /// The board must not be seen below this, unless it loses keys.
    seen: Option<Version>,
}

impl<'a, W: World> Model<'a, W> {
    fn new(world: &'a W, seed: u64) -> Self {
        let phase = Phase { status: Some(Status::Started), run: 1 };
        let version = Version { epoch: EPOCH, seq: 0 };
        let ledger = Ledger { version, phase, seats: BTreeMap::new() };
        Self {
            world,
            id: a_quiz(),
            rng: StdRng::seed_from_u64(seed),
            ledgers: vec![ledger.clone()],
            backup: ledger,
            in_flight: Vec::new(),
            rebuilds: Vec::new(),
            seen: None,
        }
    }

    async fn step(&mut self) -> Result<(), String> {
        match self.rng.random_range(0..100) {
            0..28 => self.commit(),
            28..61 => self.deliver().await,
            61..70 => self.sweep().await,
            70..90 => self.rebuild().await?,
            90..93 => self.restart().await,
            93..96 => self.world.end_claim(&self.id).await,
            96..98 => self.lose().await,
            98 => self.backup = self.ledger().clone(),
            _ => self.restore(),
        }
        self.look().await
    }

    fn ledger(&self) -> &Ledger {
        self.ledgers.last().expect("there is always a present one")
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        self.ledgers.last_mut().expect("there is always a present one")
    }

    /// Either writer commits; one message in sixteen never leaves.
    fn commit(&mut self) {
        let ledger = self.ledgers.last_mut().expect("there is always a present one");
        let from = ledger.version.seq;
        ledger.commit(&mut self.rng);
        if self.rng.random_bool(15.0 / 16.0) {
            self.in_flight.push(ledger.changed_since(&self.id, from));
        }
    }

    /// Some messages arrive, in any order; one in ten arrives again later.
    async fn deliver(&mut self) {
        let mut arriving = Vec::new();
        for _ in 0..self.rng.random_range(1..4) {
            if !self.in_flight.is_empty() {
                let change = self.in_flight.swap_remove(self.rng.random_range(0..self.in_flight.len()));
                if self.rng.random_bool(0.1) {
                    self.in_flight.push(change.clone());
                }
                arriving.push(change);
            }
        }
        let outcomes = well(self.world.board().apply(&arriving).await);
        for (change, outcome) in arriving.iter().zip(outcomes) {
            if let Applied::Gap(at) = outcome {
                self.heal(Version { epoch: change.epoch, seq: at });
            }
        }
    }

    /// Reads what changed since, which arrives when it arrives.
    fn heal(&mut self, at: Version) {
        let ledger = self.ledger();
        if ledger.version.epoch == at.epoch {
            self.in_flight.push(ledger.changed_since(&self.id, at.seq));
        }
    }

    /// Looks where the board stands, heals it or begins to rebuild it. Tells whether it is well.
    async fn find(&mut self) -> bool {
        let board = self.world.board();
        let found = well(board.find(std::slice::from_ref(&self.id)).await);
        let present = self.ledger().version;
        match found[0] {
            Found::Whole(at) if at == present => return true,
            Found::Whole(at) if at.epoch == present.epoch => self.heal(at),
            Found::Whole(_) | Found::Missing => self.claim().await,
        }
        false
    }

    /// Somebody begins to rebuild, unless somebody else is at it.
    async fn claim(&mut self) {
        let claim = self.world.board().claim(&self.id).await.expect("the server is well");
        self.rebuilds.extend(claim.map(|claim| Rebuild { claim, snapshot: None }));
    }

    /// The quiz starts again: every row changes at once and none is sent, the board is rebuilt
    /// while it is whole.
    async fn restart(&mut self) {
        self.ledger_mut().restart();
        self.claim().await;
    }

    async fn sweep(&mut self) {
        self.find().await;
    }

    /// Somebody who rebuilds takes his next step, or dies.
    async fn rebuild(&mut self) -> Result<(), String> {
        if self.rebuilds.is_empty() {
            return Ok(());
        }
        let mut rebuild = self.rebuilds.swap_remove(self.rng.random_range(0..self.rebuilds.len()));
        let Some(snapshot) = rebuild.snapshot.take() else {
            rebuild.snapshot = Some(self.ledger().snapshot(&self.id));
            self.rebuilds.push(rebuild);
            return Ok(());
        };
        if self.rng.random_bool(0.1) {
            return Ok(());
        }
        let replacing = self.world.board().replace(&rebuild.claim, &snapshot);
        let (outcome, meanwhile) = tokio::join!(replacing, self.meanwhile());
        outcome.expect("the server is well");
        meanwhile
    }

    /// What else happens while rows are loaded.
    async fn meanwhile(&mut self) -> Result<(), String> {
        for _ in 0..self.rng.random_range(0..4) {
            match self.rng.random_range(0..20) {
                0..8 => self.commit(),
                8..17 => self.deliver().await,
                17 => self.world.end_claim(&self.id).await,
                18 => self.lose().await,
                _ => self.sweep().await,
            }
            self.look().await?;
        }
        Ok(())
    }

    async fn lose(&mut self) {
        self.seen = None;
        match self.rng.random_range(0..4) {
            3 => self.world.lose_everything(&self.id).await,
            number => self.world.lose_a_key(&self.id, number).await,
        }
        self.seen = None;
    }

    /// The ledger is replaced by a backup of it, in a new epoch.
    fn restore(&mut self) {
        let epoch = self.ledger().version.epoch + 1;
        let mut restored = self.backup.clone();
        restored.version.epoch = epoch;
        self.backup = restored.clone();
        self.ledgers.push(restored);
    }

    /// Reads the board and checks what must always hold.
    async fn look(&mut self) -> Result<(), String> {
        let Some(view) = self.view().await else { return Ok(()) };
        if let Some(seen) = self.seen
            && view.version < seen
        {
            return Err(format!("the board went back from {seen:?} to {:?}", view.version));
        }
        self.seen = Some(view.version);
        let ledger = self.ledgers.iter().find(|ledger| ledger.version.epoch == view.version.epoch);
        ledger.ok_or("an epoch that never was")?.contradiction(&view).map_or(Ok(()), Err)
    }

    async fn view(&self) -> Option<View> {
        let window = Window::Page { offset: 0, limit: 1000 };
        self.world.board().read(&self.id, window, &[]).await.expect("the server is well")
    }

    /// Nothing more is committed or lost: the board must become equal to the ledger by itself.
    async fn come_to_rest(&mut self) -> Result<(), String> {
        for _ in 0..SWEEPS {
            while !self.in_flight.is_empty() {
                self.deliver().await;
                self.look().await?;
            }
            while let Some(Rebuild { claim, snapshot }) = self.rebuilds.pop() {
                let snapshot = snapshot.unwrap_or_else(|| self.ledger().snapshot(&self.id));
                self.world.board().replace(&claim, &snapshot).await.expect("the server is well");
                self.look().await?;
            }
            // Who died has left a claim behind.
            self.world.end_claim(&self.id).await;
            if self.find().await {
                let view = self.view().await.ok_or("a whole board cannot be read")?;
                let ledger = self.ledger();
                let rows = ledger.snapshot(&self.id).rows.len();
                return match ledger.contradiction(&view) {
                    Some(contradiction) => Err(contradiction),
                    None if view.phase != ledger.phase => Err("the phase is another".to_owned()),
                    None if view.rows.len() != rows => Err("there are rows of nobody".to_owned()),
                    None => Ok(()),
                };
            }
        }
        Err(format!("the board never healed, the ledger is at {:?}", self.ledger().version))
    }
}
