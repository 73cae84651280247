//! Makes the board follow the ledger: changes in, applied in order, merged while the last call
//! is away. Never waited for: what is lost here is a gap, and gaps heal.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use services::{
    shutdown::Shutdown,
    telemetry::{Cause, proceed},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tracing::{Instrument as _, Span};

use crate::{
    board::{Applied, Board, BoardId, Change, ChangedRow, Member},
    config::bounds::{CHANGES_QUEUED, CHANGES_TOGETHER, TOLD_WITHIN},
    fail::{self, Place},
    ledger::Effect,
    metrics,
    reconcile::{Reconciler, Waiting},
    spans,
};

/// Hands changes to the board.
#[derive(Clone)]
pub(crate) struct Follower {
    queue: mpsc::Sender<Queued>,
    board: Arc<dyn Board>,
    reconciler: Reconciler,
}

struct Queued {
    change: Change,
    /// Dropped once the board shows it.
    told: Option<oneshot::Sender<()>>,
}

impl Follower {
    /// Starts the task that follows. It ends once every clone of this value is gone.
    pub(crate) fn start(board: Arc<dyn Board>, reconciler: Reconciler, shutdown: &Shutdown) -> Self {
        let (queue, queued) = mpsc::channel(CHANGES_QUEUED);
        shutdown.spawn(follow(queued, Arc::clone(&board), reconciler.clone()));
        Self { queue, board, reconciler }
    }

    /// Passes on one committed change. Never waits.
    pub(crate) fn changed(&self, change: Change) {
        self.enqueue(change, None);
    }

    /// Passes on one committed change and waits, a little, until the board has been told: whoever
    /// joins a quiz looks at its board next.
    pub(crate) async fn tell(&self, change: Change) {
        let (told, is_told) = oneshot::channel();
        self.enqueue(change, Some(told));
        let _ = timeout(TOLD_WITHIN, is_told).await;
    }

    fn enqueue(&self, mut change: Change, told: Option<oneshot::Sender<()>>) {
        change.causes = Cause::now().into();
        if self.queue.try_send(Queued { change, told }).is_err() {
            metrics::change_dropped();
        }
    }

    /// Passes on what a step in the life of a quiz did, like [`Follower::tell`].
    pub(crate) async fn effect(&self, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Changed(change) => self.tell(change).await,
            Effect::Reset(board) => self.reconciler.restore(board, Waiting::new()),
        }
    }

    /// Passes on what sessions that came or went did, like [`Follower::tell`], and then that there
    /// is news across quizzes.
    pub(crate) async fn sessions_changed(&self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            self.effect(effect).await;
        }
        if let Ok(Err(error)) = timeout(TOLD_WITHIN, self.board.tell_news()).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "news was not told");
        }
    }
}

async fn follow(mut queued: mpsc::Receiver<Queued>, board: Arc<dyn Board>, reconciler: Reconciler) {
    let mut taken = Vec::new();
    while queued.recv_many(&mut taken, CHANGES_TOGETHER).await > 0 {
        let mut waiting: HashMap<BoardId, Waiting> = HashMap::new();
        let take = |Queued { change, told }: Queued| {
            waiting.entry(change.board.clone()).or_default().extend(told);
            change
        };
        let mut changes = merge(taken.drain(..).map(take).collect());
        metrics::changes_taken(queued.len());
        let (spans, together) = publish(&mut changes);
        let outcomes = board.apply(&changes).instrument(together).await;
        if outcomes.iter().any(Result::is_ok) {
            fail::point(Place::Applied);
        }
        for ((change, outcome), span) in changes.into_iter().zip(outcomes).zip(spans) {
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::debug!(board.id = %change.board, error = &error as &dyn std::error::Error, "the board missed a change");
                    continue;
                }
            };
            span.record("scorecast.outcome", outcome.name());
            let mut waiting = || waiting.remove(&change.board).unwrap_or_default();
            match outcome {
                Applied::Done | Applied::Stale => {}
                Applied::Gap(_) => {
                    let waiting = waiting();
                    reconciler.gap(change, waiting);
                }
                Applied::Missing => {
                    let waiting = waiting();
                    reconciler.restore(change.board, waiting);
                }
            }
        }
    }
}

/// Begins the spans of changes that go in one call, and that of the call.
fn publish(changes: &mut [Change]) -> (Vec<Span>, Span) {
    let publish = |change: &mut Change| {
        let span = spans::publish(change);
        change.causes = change.causes.by(&span).into();
        span
    };
    let spans: Vec<Span> = changes.iter_mut().map(publish).collect();
    let together = match &*spans {
        [only] => only.clone(),
        several => {
            let together = spans::publish_together(several.len());
            proceed(several.iter(), &together);
            together
        }
    };
    (spans, together)
}

/// Joins the changes of each board that follow on one another. Those that overtook each other on
/// the way here are put in order first.
fn merge(changes: Vec<Change>) -> Vec<Change> {
    let mut by_board: HashMap<BoardId, Vec<Change>> = HashMap::new();
    for change in changes {
        by_board.entry(change.board.clone()).or_default().push(change);
    }
    let mut merged: Vec<Change> = Vec::with_capacity(by_board.len());
    for (_, mut changes) in by_board {
        changes.sort_by_key(|change| (change.epoch, change.from));
        let mut chain: Vec<Change> = Vec::with_capacity(1);
        for change in changes {
            match chain.last_mut() {
                Some(last) if last.epoch == change.epoch && last.to == change.from => {
                    last.to = change.to;
                    last.phase = change.phase;
                    last.rows.extend(change.rows);
                    last.causes.extend(&change.causes);
                }
                _ => chain.push(change),
            }
        }
        merged.extend(chain.into_iter().map(|change| Change { rows: newest(change.rows), ..change }));
    }
    merged
}

/// Keeps the last state of each row, ordered by the version of its change.
fn newest(rows: Vec<ChangedRow>) -> Vec<ChangedRow> {
    let by_member: BTreeMap<Member, ChangedRow> = rows.into_iter().map(|row| (row.member, row)).collect();
    let mut rows: Vec<ChangedRow> = by_member.into_values().collect();
    rows.sort_unstable_by_key(|row| row.seq);
    rows
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use servers::redis::Cluster;
    use services::{health::Health, telemetry::Causes};
    use tokio::time::sleep;

    use super::*;
    use crate::{
        board::{self, Found, Phase},
        clock::Clock,
        ids::{ParticipantId, QuizId},
        ledger::{self, Ledger},
        quiz::{Plan, Question, Status},
        ranking::Key,
        reconcile::Sweeper,
    };

    fn change(board: &BoardId, from: u64, to: u64, rows: &[(Member, u32, u64)]) -> Change {
        let row = |&(member, score, seq)| ChangedRow {
            member,
            key: Some(Key::of_seat(score, 0)),
            label: "ada".into(),
            seq,
        };
        Change {
            board: board.clone(),
            epoch: 1,
            from,
            to,
            phase: Phase { status: Some(Status::Started), run: 1 },
            rows: rows.iter().map(row).collect(),
            causes: Causes::default(),
        }
    }

    #[test]
    fn changes_that_follow_on_one_another_become_one_whatever_their_order() {
        let board = BoardId::Quiz(QuizId::random());
        let member = Member::Participant(ParticipantId::random());
        let first = change(&board, 4, 6, &[(member, 10, 6)]);
        let second = change(&board, 6, 9, &[(member, 30, 8)]);
        let merged = merge(vec![second, first]);
        assert_eq!(merged.len(), 1);
        assert_eq!((merged[0].from, merged[0].to), (4, 9));
        assert_eq!(merged[0].rows.len(), 1);
        assert_eq!(merged[0].rows[0].key, Some(Key::of_seat(30, 0)));
    }

    #[test]
    fn a_hole_keeps_changes_apart() {
        let board = BoardId::Quiz(QuizId::random());
        let merged = merge(vec![change(&board, 1, 2, &[]), change(&board, 3, 4, &[])]);
        assert_eq!(merged.iter().map(|c| (c.from, c.to)).collect::<Vec<_>>(), [(1, 2), (3, 4)]);
    }

    #[test]
    fn boards_are_merged_each_by_itself() {
        let [a, b] = [(); 2].map(|()| BoardId::Quiz(QuizId::random()));
        assert_eq!(merge(vec![change(&a, 1, 2, &[]), change(&b, 2, 3, &[])]).len(), 2);
    }

    async fn a_quiz(ledger: &dyn Ledger) -> QuizId {
        let quiz = ledger.create("host", &Plan::parse("a quiz", "", "", None).unwrap()).await.unwrap().id;
        let question = Question::parse("why?", &["yes".to_owned(), "no".to_owned()], Some(0), None).unwrap();
        ledger.add_question(quiz, &question).await.unwrap();
        quiz
    }

    /// Waits until a board stands where the ledger does.
    async fn equal(ledger: &dyn Ledger, board: &dyn Board, quiz: QuizId) {
        let id = BoardId::Quiz(quiz);
        let stands = ledger.version(&id).await.unwrap();
        let waiting = async {
            while !matches!(*board.find(std::slice::from_ref(&id)).await, [Ok(Found::Whole(at))] if at == stands)
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(6), waiting).await.expect("it is equal within seconds");
    }

    #[tokio::test]
    async fn while_a_node_of_a_cluster_hangs_boards_elsewhere_are_healed() {
        let (folder, cluster, shutdown) =
            (tempfile::tempdir().unwrap(), Cluster::start(), Shutdown::default());
        for node in &cluster.nodes {
            assert_eq!(node.ask(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]), ["OK"]);
        }
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        let ledger = ledger::open(&url, 8, Clock::default()).unwrap();
        ledger.migrate().await.unwrap();
        let board = board::open(&cluster.url(), &shutdown).unwrap();
        let reconciler = Reconciler::new(Arc::clone(&ledger), Arc::clone(&board), shutdown.clone());

        let node_of = |quiz: QuizId| cluster.master_of(&format!("lb:{{{quiz}}}:m"));
        let away = a_quiz(&*ledger).await;
        let mut there = a_quiz(&*ledger).await;
        while node_of(there) == node_of(away) {
            there = a_quiz(&*ledger).await;
        }
        for quiz in [away, there] {
            reconciler.restore(BoardId::Quiz(quiz), Waiting::new());
            equal(&*ledger, &*board, quiz).await;
        }
        cluster.nodes[node_of(away)].pause();

        // Nobody tells the board of the start: the end finds a gap.
        let follower = Follower::start(Arc::clone(&board), reconciler.clone(), &shutdown);
        for quiz in [away, there] {
            ledger.start(quiz).await.unwrap();
            let Effect::Changed(end) = ledger.end(quiz).await.unwrap().effect else { panic!("it changed") };
            follower.changed(end);
        }
        equal(&*ledger, &*board, there).await;

        // Nobody tells it of anything: the sweeper finds out.
        let (health, _) = Health::new(&[]).await;
        let sweeper = Sweeper { ledger: Arc::clone(&ledger), board: Arc::clone(&board), reconciler, health };
        shutdown.spawn(sweeper.run(shutdown.clone()));
        for _ in 0..2 {
            ledger.start(there).await.unwrap();
            equal(&*ledger, &*board, there).await;
            ledger.end(there).await.unwrap();
            equal(&*ledger, &*board, there).await;
        }
    }
}
