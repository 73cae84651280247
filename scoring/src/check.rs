//! `scoring check`: whether seats are what their answers add up to, and boards what the ledger says.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use tokio::time::Instant;

use crate::{
    board::{Board, BoardId, Snapshot, SnapshotRow, Window},
    ids::QuizId,
    ledger::{Discrepancy, Ledger},
    quiz::Status,
};

/// How many quizzes are named, and how many rows of a board are read, at once.
const PAGE: u32 = 1000;
/// How often the check says how far it is.
const PROGRESS: Duration = Duration::from_secs(2);

/// What to do about what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only tell.
    Report,
    /// Set it right.
    Repair,
}

/// What a check found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many quizzes were looked at.
    pub quizzes: u64,
    /// How many seats were not what their answers add up to.
    pub seats: u64,
    /// How many boards were not what the ledger says.
    pub boards: u64,
}

/// Compares every quiz's seats with their answers, and every board that should exist with the
/// ledger. Without a `board` store of its own, only the ledger is checked.
///
/// # Errors
/// If a store cannot be asked.
pub async fn run(
    ledger: &Arc<dyn Ledger>,
    board: Option<&Arc<dyn Board>>,
    mode: Mode,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let mut said_at = Instant::now();
    let mut after = None;
    loop {
        let quizzes = ledger.quiz_ids(after, PAGE).await?;
        for quiz in &quizzes {
            findings.quizzes += 1;
            findings.seats += seats(ledger, *quiz, mode).await?;
            if let Some(board) = board {
                findings.boards += u64::from(differs(ledger, board, *quiz, mode).await?);
            }
            if said_at.elapsed() >= PROGRESS {
                tracing::info!(quizzes = findings.quizzes, "checking");
                said_at = Instant::now();
            }
        }
        after = quizzes.last().copied();
        if after.is_none() {
            return Ok(findings);
        }
    }
}

async fn seats(ledger: &Arc<dyn Ledger>, quiz: QuizId, mode: Mode) -> anyhow::Result<u64> {
    let wrong = ledger.audit(quiz).await?;
    for Discrepancy { participant, stored, counted } in &wrong {
        tracing::error!(quiz.id = %quiz, participant.id = %participant, ?stored, ?counted, "a seat is not what its answers add up to");
    }
    if mode == Mode::Repair && !wrong.is_empty() {
        ledger.repair(quiz).await?;
    }
    Ok(wrong.len() as u64)
}

/// Whether a board that stands differs from the ledger. One that is missing comes back by itself.
async fn differs(
    ledger: &Arc<dyn Ledger>,
    board: &Arc<dyn Board>,
    quiz: QuizId,
    mode: Mode,
) -> anyhow::Result<bool> {
    let id = BoardId::Quiz(quiz);
    // A board that moves while it is read is compared again.
    for _ in 0..3 {
        let Some(mut shown) = whole(board, &id).await? else { return Ok(false) };
        let mut said = ledger.snapshot(&id).await?;
        if shown.version > said.version {
            tracing::error!(quiz.id = %quiz, "the board is ahead of the ledger: was it restored? run `scoring check --new-epoch`");
            return Ok(true);
        }
        if shown.version < said.version {
            continue;
        }
        shown.rows.sort_unstable_by_key(|row| row.member);
        said.rows.sort_unstable_by_key(|row| row.member);
        if shown.rows == said.rows && shown.phase == said.phase {
            return Ok(false);
        }
        tracing::error!(quiz.id = %quiz, "the board is not what the ledger says");
        if mode == Mode::Repair {
            board.forget(&id).await?;
            if said.phase.status != Some(Status::Ended)
                && let Some(claim) = board.claim(&id).await?
            {
                board.replace(&claim, &said).await?;
            }
        }
        return Ok(true);
    }
    Ok(false)
}

/// Reads a whole board, unless there is none or it moves meanwhile.
async fn whole(board: &Arc<dyn Board>, id: &BoardId) -> anyhow::Result<Option<Snapshot>> {
    let mut snapshot: Option<Snapshot> = None;
    loop {
        let offset = snapshot.as_ref().map_or(0, |snapshot| snapshot.rows.len());
        let window = Window::Page { offset: u32::try_from(offset)?, limit: PAGE };
        let Some(view) = board.read(id, window, &[]).await? else { return Ok(None) };
        let rows = view.rows.into_iter();
        let rows = rows.map(|row| SnapshotRow { member: row.member, key: row.key, label: row.label });
        match &mut snapshot {
            None => {
                let (version, phase) = (view.version, view.phase);
                snapshot = Some(Snapshot { board: id.clone(), version, phase, rows: rows.collect() });
            }
            Some(snapshot) if snapshot.version == view.version => snapshot.rows.extend(rows),
            Some(_) => return Ok(None),
        }
        let have = snapshot.as_ref().map_or(0, |snapshot| snapshot.rows.len());
        if have >= view.total as usize {
            return Ok(snapshot);
        }
        if have == offset {
            bail!("the board of {id} counts {} rows and shows {have}", view.total);
        }
    }
}
