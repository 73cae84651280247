//! What every board promises, whatever keeps it: one function for each promise.

use std::{any::Any, sync::Arc, time::Duration};

use services::telemetry::Causes;
use tokio::time::timeout;

use super::{
    Applied, Board, BoardId, Change, ChangedRow, Claim, Found, Member, Nudges, Phase, Result, Row, Snapshot,
    SnapshotRow, Version, View, Window,
};
use crate::{ids::QuizId, quiz::Status, ranking::Key};

/// A board to try out, and a second handle to the same one, as another process would have it.
pub(super) struct Stage {
    pub(super) board: Arc<dyn Board>,
    pub(super) another: Arc<dyn Board>,
    _server: Option<Box<dyn Any + Send + Sync>>,
}

impl Stage {
    pub(super) fn new(board: Arc<dyn Board>, another: Arc<dyn Board>) -> Self {
        Self { board, another, _server: None }
    }

    /// Keeps a server for as long as it is used.
    pub(super) fn with(self, server: impl Any + Send + Sync) -> Self {
        Self { _server: Some(Box::new(server)), ..self }
    }
}

/// Runs every promise against the stages that a function sets up.
macro_rules! suite {
    ($stage:path) => {
        contract::suite!($stage:
            applying_twice_is_harmless
            a_gap_is_told_with_the_version
            a_change_that_overlaps_what_is_there_is_applied
            an_older_epoch_is_stale_and_a_newer_one_missing
            a_change_without_rows_moves_the_version_and_the_phase
            equal_keys_share_a_rank_and_follow_the_bytes_across_a_page_border
            the_window_around_a_row_is_shifted_at_both_ends
            the_window_around_nobody_is_empty
            standings_are_told_in_the_order_asked
            a_label_can_change_alone
            a_removed_row_is_gone
            the_last_row_can_be_removed_and_come_back
            a_restart_replaces_every_row
            an_empty_board_is_whole
            a_large_change_arrives_whole
            a_reader_never_sees_a_half_board_while_it_is_replaced
            replacing_never_goes_back
            a_greater_epoch_replaces_a_greater_version
            one_claims_at_a_time
            a_claim_is_renewed_until_it_is_lost
            a_lost_claim_replaces_nothing
            nudges_arrive_for_changes_by_another
            nobody_is_nudged_for_another_board
            news_is_heard_by_all_who_wait_for_it
            forgetting_is_at_once_and_ends_a_claim
            boards_of_quizzes_and_subjects_stand_side_by_side
            a_board_nobody_made_is_missing
        );
    };
    ($stage:path: $($promise:ident)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                contract::$promise(&$stage().await).await;
            }
        )*
    };
}
pub(super) use suite;

pub(super) const EPOCH: u64 = 1_790_000_000;

pub(super) fn a_quiz() -> BoardId {
    BoardId::Quiz(QuizId::random())
}

/// Members whose bytes follow their numbers.
pub(super) fn member(number: usize) -> Member {
    Member::Participant(format!("p_{number:012}").parse().unwrap())
}

pub(super) fn started() -> Phase {
    Phase { status: Some(Status::Started), run: 1 }
}

/// A change of one version per row, with totals at its end.
pub(super) fn change(board: &BoardId, from: u64, rows: &[(usize, Option<u32>)]) -> Change {
    let rows: Vec<_> = (from + 1..)
        .zip(rows)
        .map(|(seq, (number, score))| ChangedRow {
            member: member(*number),
            key: score.map(|score| Key::of_seat(score, 0)),
            label: name(*number),
            seq,
        })
        .collect();
    let to = from + (rows.len() as u64).max(1);
    Change { board: board.clone(), epoch: EPOCH, from, to, phase: started(), rows, causes: Causes::default() }
}

pub(super) fn snapshot(board: &BoardId, seq: u64, scores: &[u32]) -> Snapshot {
    let row = |(number, score): (usize, &u32)| SnapshotRow {
        member: member(number),
        key: Key::of_seat(*score, 0),
        label: name(number),
    };
    Snapshot {
        board: board.clone(),
        version: Version { epoch: EPOCH, seq },
        phase: started(),
        rows: scores.iter().enumerate().map(row).collect(),
    }
}

/// The same row, changed at another version.
pub(super) fn at_version(row: ChangedRow, seq: u64) -> ChangedRow {
    ChangedRow { seq, ..row }
}

fn name(number: usize) -> Arc<str> {
    format!("player \u{1f3b2} {number}").into()
}

pub(super) async fn claim(board: &dyn Board, id: &BoardId) -> Claim {
    board.claim(id).await.unwrap().expect("nobody else claims it")
}

/// Puts a board in place: `scores[i]` is the score of member `i`.
pub(super) async fn put(board: &dyn Board, id: &BoardId, seq: u64, scores: &[u32]) -> Applied {
    let claim = claim(board, id).await;
    board.replace(&claim, &snapshot(id, seq, scores)).await.unwrap()
}

pub(super) async fn apply(board: &dyn Board, change: Change) -> Applied {
    let applied = well(board.apply(&[change]).await);
    assert_eq!(applied.len(), 1);
    applied[0]
}

/// Where boards stand that can all be asked for.
pub(super) async fn find(board: &dyn Board, boards: &[BoardId]) -> Vec<Found> {
    well(board.find(boards).await)
}

/// What became of each of several, none of which is away.
pub(super) fn well<T>(outcomes: Vec<Result<T>>) -> Vec<T> {
    outcomes.into_iter().collect::<Result<_>>().expect("the server is well")
}

pub(super) async fn read(board: &dyn Board, id: &BoardId, offset: u32, limit: u32) -> Option<View> {
    board.read(id, Window::Page { offset, limit }, &[]).await.unwrap()
}

async fn whole(board: &dyn Board, id: &BoardId) -> View {
    read(board, id, 0, 100_000).await.expect("the board is whole")
}

/// Member's number, rank and score of each row.
fn places(rows: &[Row]) -> Vec<(usize, u32, u32)> {
    let number = |row: &Row| row.member.to_string()[2..].parse().unwrap();
    rows.iter().map(|row| (number(row), row.rank, row.key.score())).collect()
}

pub(super) async fn applying_twice_is_harmless(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 5, &[10, 20]).await;
    let change = change(&id, 5, &[(0, Some(30)), (2, Some(5))]);
    assert_eq!(apply(&**board, change.clone()).await, Applied::Done);
    let after = whole(&**board, &id).await;
    assert_eq!(places(&after.rows), [(0, 1, 30), (1, 2, 20), (2, 3, 5)]);
    assert_eq!((after.version, after.total), (Version { epoch: EPOCH, seq: 7 }, 3));
    assert_eq!(&*after.rows[2].label, &*name(2));

    assert_eq!(apply(&**board, change).await, Applied::Stale);
    assert_eq!(whole(&**board, &id).await, after);
}

pub(super) async fn a_gap_is_told_with_the_version(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 5, &[10]).await;
    let (first, second) = (change(&id, 5, &[(0, Some(20))]), change(&id, 6, &[(1, Some(30))]));
    let before = whole(&**board, &id).await;
    assert_eq!(apply(&**board, second.clone()).await, Applied::Gap(5));
    assert_eq!(whole(&**board, &id).await, before);
    assert_eq!(well(board.apply(&[first, second]).await), [Applied::Done, Applied::Done]);
    assert_eq!(places(&whole(&**board, &id).await.rows), [(1, 1, 30), (0, 2, 20)]);
}

pub(super) async fn a_change_that_overlaps_what_is_there_is_applied(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 5, &[10]).await;
    apply(&**board, change(&id, 5, &[(0, Some(20)), (1, Some(30))])).await;
    let healing = change(&id, 5, &[(0, Some(20)), (1, Some(30)), (2, Some(40))]);
    assert_eq!(apply(&**board, healing).await, Applied::Done);
    let after = whole(&**board, &id).await;
    assert_eq!((after.version.seq, after.total), (8, 3));
}

pub(super) async fn an_older_epoch_is_stale_and_a_newer_one_missing(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 5, &[10]).await;
    let before = whole(&**board, &id).await;
    let mut change = change(&id, 5, &[(0, Some(20))]);
    change.epoch = EPOCH - 1;
    assert_eq!(apply(&**board, change.clone()).await, Applied::Stale);
    change.epoch = EPOCH + 1;
    assert_eq!(apply(&**board, change).await, Applied::Missing);
    assert_eq!(whole(&**board, &id).await, before);
}

pub(super) async fn a_change_without_rows_moves_the_version_and_the_phase(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 5, &[10]).await;
    let mut change = change(&id, 5, &[]);
    change.phase = Phase { status: Some(Status::Ended), run: 3 };
    assert_eq!(apply(&**board, change.clone()).await, Applied::Done);
    let after = whole(&**board, &id).await;
    assert_eq!((after.version.seq, after.phase, after.total), (6, change.phase, 1));
}

pub(super) async fn equal_keys_share_a_rank_and_follow_the_bytes_across_a_page_border(stage: &Stage) {
    let (board, id) = (&*stage.board, a_quiz());
    put(board, &id, 1, &[10, 90, 50, 50, 50, 20, 50]).await;
    let all = [(1, 1, 90), (2, 2, 50), (3, 2, 50), (4, 2, 50), (6, 2, 50), (5, 6, 20), (0, 7, 10)];
    assert_eq!(places(&whole(board, &id).await.rows), all);
    for offset in 0..=all.len() {
        let page = read(board, &id, u32::try_from(offset).unwrap(), 2).await.unwrap();
        assert_eq!(places(&page.rows), all[offset..all.len().min(offset + 2)], "from {offset}");
        assert_eq!(page.total, 7);
    }
}

pub(super) async fn the_window_around_a_row_is_shifted_at_both_ends(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    let scores: Vec<_> = (0..20).map(|number| 100 - number).collect();
    put(&**board, &id, 1, &scores).await;
    for (number, limit, first) in [
        (0, 5, 0),
        (1, 5, 0),
        (2, 5, 0),
        (3, 5, 1),
        (10, 5, 8),
        (10, 4, 8),
        (17, 5, 15),
        (19, 5, 15),
        (7, 50, 0),
    ] {
        let window = Window::Around { member: member(number), limit };
        let view = board.read(&id, window, &[]).await.unwrap().unwrap();
        let numbers: Vec<_> = places(&view.rows).iter().map(|place| place.0).collect();
        let expected: Vec<_> = (first..20).take(limit as usize).collect();
        assert_eq!(numbers, expected, "{limit} rows around {number}");
        assert_eq!(view.rows[0].rank as usize, first + 1);
    }
}

pub(super) async fn the_window_around_nobody_is_empty(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 1, &[10, 20]).await;
    let window = Window::Around { member: member(7), limit: 10 };
    let view = board.read(&id, window, &[]).await.unwrap().unwrap();
    assert_eq!((view.rows, view.total), (vec![], 2));
}

pub(super) async fn standings_are_told_in_the_order_asked(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    let scores: Vec<_> = (0..2500).map(|number| number / 2).collect();
    put(&**board, &id, 1, &scores).await;
    let asked: Vec<_> = [2499, 0, 9000, 2498, 0].into_iter().chain(100..2400).map(member).collect();
    let view = board.read(&id, Window::Page { offset: 0, limit: 0 }, &asked).await.unwrap().unwrap();
    assert_eq!((view.rows.len(), view.standings.len()), (0, asked.len()));
    let told: Vec<_> =
        view.standings[..5].iter().map(|row| row.as_ref().map(|row| (row.rank, row.key.score()))).collect();
    assert_eq!(told, [Some((1, 1249)), Some((2499, 0)), None, Some((1, 1249)), Some((2499, 0))]);
    for (member, row) in asked.iter().zip(&view.standings).skip(5) {
        let row = row.as_ref().expect("it has a row");
        assert_eq!((row.member, row.rank % 2), (*member, 1));
        assert_eq!(row.rank, 2500 - 2 * row.key.score() - 1);
    }
}

pub(super) async fn a_label_can_change_alone(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 1, &[10, 20]).await;
    let mut change = change(&id, 1, &[(0, Some(10))]);
    change.rows[0].label = "another".into();
    assert_eq!(apply(&**board, change).await, Applied::Done);
    let view = board.read(&id, Window::Page { offset: 0, limit: 9 }, &[member(0)]).await.unwrap().unwrap();
    assert_eq!(places(&view.rows), [(1, 1, 20), (0, 2, 10)]);
    assert_eq!((&*view.rows[1].label, &view.standings[0]), ("another", &Some(view.rows[1].clone())));
}

pub(super) async fn a_removed_row_is_gone(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 1, &[10, 20, 30]).await;
    assert_eq!(apply(&**board, change(&id, 1, &[(1, None), (7, None)])).await, Applied::Done);
    let view = board.read(&id, Window::Page { offset: 0, limit: 9 }, &[member(1)]).await.unwrap().unwrap();
    assert_eq!((places(&view.rows), view.total), (vec![(2, 1, 30), (0, 2, 10)], 2));
    assert_eq!(view.standings, [None]);
}

pub(super) async fn the_last_row_can_be_removed_and_come_back(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 1, &[10]).await;
    assert_eq!(apply(&**board, change(&id, 1, &[(0, None)])).await, Applied::Done);
    assert_eq!(whole(&**board, &id).await.total, 0);
    assert_eq!(apply(&**board, change(&id, 2, &[(0, Some(0))])).await, Applied::Done);
    assert_eq!(places(&whole(&**board, &id).await.rows), [(0, 1, 0)]);
}

pub(super) async fn a_restart_replaces_every_row(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 9, &[10, 20, 30]).await;
    let claim = claim(&**board, &id).await;
    let mut again = snapshot(&id, 10, &[0, 0]);
    again.phase.run = 2;
    assert_eq!(board.replace(&claim, &again).await.unwrap(), Applied::Done);
    let after = whole(&**board, &id).await;
    assert_eq!(places(&after.rows), [(0, 1, 0), (1, 1, 0)]);
    assert_eq!((after.phase.run, after.total, after.version.seq), (2, 2, 10));
}

pub(super) async fn an_empty_board_is_whole(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 3, &[1, 2]).await;
    assert_eq!(put(&**board, &id, 4, &[]).await, Applied::Done);
    assert_eq!(whole(&**board, &id).await.total, 0);
    let version = Version { epoch: EPOCH, seq: 4 };
    assert_eq!(find(&**board, std::slice::from_ref(&id)).await, [Found::Whole(version)]);
    assert_eq!(apply(&**board, change(&id, 4, &[(5, Some(1))])).await, Applied::Done);
    assert_eq!(whole(&**board, &id).await.total, 1);
}

pub(super) async fn a_large_change_arrives_whole(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 0, &[]).await;
    let rows: Vec<_> = (0..1000_u32).rev().map(|number| (number as usize, Some(number))).collect();
    let mut large = change(&id, 0, &rows);
    large.rows.reverse();
    large.to += 7;
    let next = change(&id, large.to, &[(0, Some(5000))]);
    assert_eq!(well(board.apply(&[large.clone(), next]).await), [Applied::Done, Applied::Done]);
    let after = whole(&**board, &id).await;
    assert_eq!((after.total, after.version.seq, after.rows[0].member), (1000, 1008, member(0)));
    assert_eq!(apply(&**board, large).await, Applied::Stale);

    let mut at_once = change(&id, 1008, &rows);
    at_once.rows = at_once.rows.into_iter().map(|row| at_version(row, 1009)).collect();
    at_once.to = 1009;
    assert_eq!(apply(&**board, at_once).await, Applied::Done);
    assert_eq!(whole(&**board, &id).await.rows[0].member, member(999));
}

pub(super) async fn a_reader_never_sees_a_half_board_while_it_is_replaced(stage: &Stage) {
    let id = a_quiz();
    put(&*stage.board, &id, 1, &[1; 3000]).await;
    let replacing = async {
        for seq in 2..6_u64 {
            let score = u32::try_from(seq).unwrap();
            assert_eq!(put(&*stage.another, &id, seq, &[score; 3000]).await, Applied::Done);
        }
    };
    let reading = async {
        let mut seen = 0;
        while seen < 5 {
            let view = read(&*stage.board, &id, 0, 1000).await.expect("it is never missing");
            assert!(view.version.seq >= seen, "it went back");
            seen = view.version.seq;
            assert_eq!((view.total, view.rows.len()), (3000, 1000));
            assert!(view.rows.iter().all(|row| u64::from(row.key.score()) == seen && row.rank == 1));
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(replacing, reading);
}

pub(super) async fn replacing_never_goes_back(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 5, &[10]).await;
    apply(&**board, change(&id, 5, &[(0, Some(20))])).await;
    assert_eq!(put(&**board, &id, 5, &[10]).await, Applied::Stale);
    assert_eq!(put(&**board, &id, 6, &[99]).await, Applied::Stale);
    assert_eq!(places(&whole(&**board, &id).await.rows), [(0, 1, 20)]);
    assert_eq!(put(&**board, &id, 7, &[30]).await, Applied::Done);
}

pub(super) async fn a_greater_epoch_replaces_a_greater_version(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 50, &[10]).await;
    let mut restored = snapshot(&id, 7, &[20]);
    restored.version.epoch += 1;
    let first = claim(&**board, &id).await;
    assert_eq!(board.replace(&first, &restored).await.unwrap(), Applied::Done);
    assert_eq!(whole(&**board, &id).await.version, restored.version);
    assert_eq!(put(&**board, &id, 60, &[30]).await, Applied::Stale);
}

pub(super) async fn one_claims_at_a_time(Stage { board, another, .. }: &Stage) {
    let id = a_quiz();
    let first = claim(&**board, &id).await;
    assert_eq!(another.claim(&id).await.unwrap(), None);
    assert!(another.claim(&a_quiz()).await.unwrap().is_some());
    board.replace(&first, &snapshot(&id, 1, &[])).await.unwrap();
    assert!(another.claim(&id).await.unwrap().is_some_and(|second| second != first));
}

pub(super) async fn a_claim_is_renewed_until_it_is_lost(Stage { board, another, .. }: &Stage) {
    let id = a_quiz();
    let lost = claim(&**board, &id).await;
    assert!(board.renew(&lost).await.unwrap());
    assert_eq!(another.claim(&id).await.unwrap(), None);
    another.forget(&id).await.unwrap();
    assert!(!board.renew(&lost).await.unwrap(), "it ended");
    let theirs = claim(&**another, &id).await;
    assert!(!board.renew(&lost).await.unwrap(), "it is theirs");
    assert_eq!(another.replace(&theirs, &snapshot(&id, 1, &[10])).await.unwrap(), Applied::Done);
    assert!(!another.renew(&theirs).await.unwrap(), "it is used");
}

pub(super) async fn a_lost_claim_replaces_nothing(Stage { board, another, .. }: &Stage) {
    let id = a_quiz();
    let used = claim(&**board, &id).await;
    board.replace(&used, &snapshot(&id, 1, &[10])).await.unwrap();
    assert_eq!(board.replace(&used, &snapshot(&id, 2, &[20])).await.unwrap(), Applied::Missing);
    let theirs = claim(&**another, &id).await;
    assert_eq!(board.replace(&used, &snapshot(&id, 2, &[20])).await.unwrap(), Applied::Missing);
    assert_eq!(whole(&**board, &id).await.version.seq, 1);
    assert_eq!(another.replace(&theirs, &snapshot(&id, 2, &[30])).await.unwrap(), Applied::Done);
}

pub(super) async fn nudges_arrive_for_changes_by_another(Stage { board, another, .. }: &Stage) {
    for id in [a_quiz(), BoardId::Subject("BIO-1".parse().unwrap())] {
        put(&**another, &id, 1, &[]).await;
        let mut nudges = heard(&**board, &**another, &id, 1).await;
        apply(&**another, change(&id, 2, &[])).await;
        nudge(&mut nudges).await;
        put(&**another, &id, 9, &[1, 2]).await;
        nudge(&mut nudges).await;
        another.forget(&id).await.unwrap();
        nudge(&mut nudges).await;
    }
}

/// Waits for a nudge that was not seen before.
pub(super) async fn nudge(nudges: &mut Nudges) {
    timeout(Duration::from_secs(10), nudges.changed()).await.expect("a nudge comes").unwrap();
}

/// Watches a board and waits until its changes are heard, which takes one of them.
async fn heard(board: &dyn Board, another: &dyn Board, id: &BoardId, seq: u64) -> Nudges {
    let mut nudges = board.nudges(id);
    apply(another, change(id, seq, &[])).await;
    nudge(&mut nudges).await;
    nudges
}

pub(super) async fn nobody_is_nudged_for_another_board(Stage { board, another, .. }: &Stage) {
    let (one, other) = (a_quiz(), a_quiz());
    put(&**another, &one, 1, &[]).await;
    put(&**another, &other, 1, &[]).await;
    let mut quiet = heard(&**board, &**another, &one, 1).await;
    let mut nudged = heard(&**board, &**another, &other, 1).await;
    // A few notices of the first board may still be on their way, from another node of a cluster:
    // they spoil some rounds, nudges for other boards would spoil each.
    let mut silent = 0;
    for seq in 2..12 {
        quiet.mark_unchanged();
        apply(&**another, change(&other, seq, &[])).await;
        nudge(&mut nudged).await;
        silent += u32::from(!quiet.has_changed().unwrap());
    }
    assert!(silent > 5, "{silent} of 10 rounds");
}

pub(super) async fn news_is_heard_by_all_who_wait_for_it(Stage { board, another, .. }: &Stage) {
    let (mut here, mut there) = (board.news(), another.news());
    // What is told before the subscription is made may be lost: told until it is heard.
    let telling = async {
        loop {
            another.tell_news().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let hearing = async { tokio::join!(nudge(&mut here), nudge(&mut there)) };
    tokio::select! {
        () = telling => {}
        _ = hearing => {}
    }
    let mut late = board.news();
    late.mark_unchanged();
    board.tell_news().await.unwrap();
    nudge(&mut late).await;
}

pub(super) async fn forgetting_is_at_once_and_ends_a_claim(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    put(&**board, &id, 1, &[10]).await;
    let claim = claim(&**board, &id).await;
    board.forget(&id).await.unwrap();
    assert_eq!(read(&**board, &id, 0, 1).await, None);
    assert_eq!(board.replace(&claim, &snapshot(&id, 2, &[10])).await.unwrap(), Applied::Missing);
    assert_eq!(find(&**board, &[id]).await, [Found::Missing]);
}

pub(super) async fn boards_of_quizzes_and_subjects_stand_side_by_side(Stage { board, .. }: &Stage) {
    let (quiz, subject) = (a_quiz(), BoardId::Subject("BIO".parse().unwrap()));
    let user = Member::User("u_00000000000a".parse().unwrap());
    put(&**board, &quiz, 3, &[10]).await;
    let claim = claim(&**board, &subject).await;
    let greatest = Key::from_number((1 << 53) - 1);
    let snapshot = Snapshot {
        board: subject.clone(),
        version: Version { epoch: EPOCH, seq: (1 << 53) - 1 },
        phase: Phase { status: None, run: 0 },
        rows: vec![SnapshotRow { member: user, key: greatest, label: "{\"sums\":[1,2]}".into() }],
    };
    assert_eq!(board.replace(&claim, &snapshot).await.unwrap(), Applied::Done);
    let view = whole(&**board, &subject).await;
    assert_eq!((view.version, view.phase), (snapshot.version, snapshot.phase));
    let row = Row { member: user, rank: 1, key: greatest, label: "{\"sums\":[1,2]}".into() };
    assert_eq!(view.rows, [row]);
    let versions: Vec<_> = find(&**board, &[subject, quiz]).await;
    assert_eq!(versions, [Found::Whole(view.version), Found::Whole(Version { epoch: EPOCH, seq: 3 })]);
}

pub(super) async fn a_board_nobody_made_is_missing(Stage { board, .. }: &Stage) {
    let id = a_quiz();
    assert_eq!(read(&**board, &id, 0, 1).await, None);
    assert_eq!(apply(&**board, change(&id, 0, &[(0, Some(1))])).await, Applied::Missing);
    assert_eq!(find(&**board, std::slice::from_ref(&id)).await, [Found::Missing]);
    board.forget(&id).await.unwrap();
    assert_eq!(find(&**board, &[]).await, []);
    assert_eq!(well(board.apply(&[]).await), []);
}
