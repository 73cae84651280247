//! Promises about many callers at once, in several processes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use super::{
    Fresh,
    people::{lines, upload_of, user},
    play::{Game, Model, call, named},
};
use crate::{
    board::{BoardId, Change},
    clock::Clock,
    ids::{ParticipantId, QuestionId, QuizId},
    ledger::{Error, Join, Joined, Ledger, NewAnswer, Outcome, Result, User, Who},
    refusal::Refusal,
};

/// Joins from two processes, all at once.
async fn join_at_once(fresh: &Fresh, quiz: QuizId, join: impl Fn(usize) -> Join) -> Vec<Result<Joined>> {
    let processes = [fresh.another(), fresh.another()];
    let joins: Vec<Join> = (0..8).map(join).collect();
    join_all(joins.iter().enumerate().map(|(i, join)| processes[i % 2].join(quiz, join))).await
}

pub(super) async fn a_name_a_user_and_a_call_get_one_seat_however_many_ask(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let same_name = join_at_once(fresh, quiz, |i| named(["ada", "Ada"][i % 2])).await;
    let taken = |joined: &&Result<Joined>| matches!(joined, Err(Error::Refused(Refusal::UsernameTaken)));
    assert_eq!(same_name.iter().filter(taken).count(), 7);

    let user = Some(User { issuer: "school".to_owned(), subject: "7".to_owned() });
    let same_user = |i| Join { user: user.clone(), ..named(&format!("user {i}")) };
    let same_call = |_| Join { join_id: call("once"), ..named("bob") };
    for joined in [join_at_once(fresh, quiz, same_user).await, join_at_once(fresh, quiz, same_call).await] {
        let joined: Vec<Joined> = joined.into_iter().map(Result::unwrap).collect();
        assert!(joined.iter().all(|other| other.seat == joined[0].seat));
        assert_eq!(joined.iter().filter(|joined| joined.change.is_some()).count(), 1);
    }
    assert_eq!(fresh.read(quiz).await.total_participants, 3);
    assert_eq!(fresh.snapshot(quiz).await.version.seq, 3);
}

pub(super) async fn whoever_comes_while_a_quiz_is_deleted_leaves_nothing_in_it(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let processes = [fresh.another(), fresh.another()];
    for round in 0..5 {
        let quiz = fresh.quiz_of("BIO").await;
        let comers = (0..12).map(async |number: usize| {
            let (process, name) = (&processes[number % 2], format!("pupil {round} {number}"));
            let came = if number.is_multiple_of(3) {
                process.upload(&upload_of(quiz, lines(&[(&name, 7, 5)]))).await.map(drop)
            } else {
                let join = Join { user: Some(user(&name)), ..named(&name) };
                process.join(quiz, &join).await.map(drop)
            };
            assert!(matches!(came, Ok(()) | Err(Error::Refused(Refusal::QuizNotFound))), "{came:?}");
        });
        let (_, deleted) = tokio::join!(join_all(comers), fresh.ledger.delete(quiz));
        deleted.unwrap();
        fresh.check_names().await;
    }
    fresh.check_subject("BIO", &[]).await;
}

/// What one call of `record` was told, row by row, and what it moved.
type Told = (Vec<(NewAnswer, Outcome)>, Vec<Change>);

/// Eight writers in two processes record these answers in batches of any size.
async fn record_at_once(fresh: &Fresh, mut answers: Vec<NewAnswer>) -> Told {
    let mut random = StdRng::seed_from_u64(7);
    answers.shuffle(&mut random);
    let mut writers: Vec<Vec<Vec<NewAnswer>>> = vec![Vec::new(); 8];
    while !answers.is_empty() {
        let batch = answers.split_off(answers.len().saturating_sub(random.random_range(1..40)));
        writers[random.random_range(0..8)].push(batch);
    }
    let processes: [Arc<dyn Ledger>; 2] = [fresh.another(), fresh.another()];
    let told = join_all(writers.iter().enumerate().map(|(i, batches)| {
        let process = &processes[i % 2];
        async move {
            let mut told = Told::default();
            for batch in batches {
                let recorded = process.record(batch).await.unwrap();
                told.0.extend(batch.iter().cloned().zip(recorded.outcomes));
                told.1.extend(recorded.changes);
            }
            told
        }
    }))
    .await;
    told.into_iter().fold(Told::default(), |mut all, (rows, changes)| {
        all.0.extend(rows);
        all.1.extend(changes);
        all
    })
}

/// Each seat answers each question twice, with other points, and repeats the first call.
fn answers_with_duplicates(game: &Game) -> Vec<NewAnswer> {
    let mut answers = Vec::new();
    for seat in 0..game.seats.len() {
        for question in 0..game.questions.len() {
            for (id, points) in [("first", 3), ("first", 3), ("second", 5)] {
                let submission_id = call(&format!("{id}-{question}"));
                answers.push(NewAnswer { submission_id, ..game.answer(seat, question, points) });
            }
        }
    }
    answers
}

/// Checks that everybody was told the truth and that the changes lead from `before` to what is there.
async fn check(fresh: &Fresh, game: &Game, before: Model, (told, changes): &Told) {
    let board = BoardId::Quiz(game.quiz);
    let mut told_of: HashMap<(ParticipantId, QuestionId), Vec<(&NewAnswer, &Outcome)>> = HashMap::new();
    for (answer, outcome) in told.iter().filter(|(answer, _)| answer.quiz == game.quiz) {
        told_of.entry((answer.participant, answer.question)).or_default().push((answer, outcome));
    }
    for &seat in &game.seats {
        let given = fresh.ledger.answers(game.quiz, &Who::Participant(seat)).await.unwrap();
        assert_eq!(given.len(), game.questions.len(), "each question counts once");
        let mut sum = 0;
        let totals: Vec<u32> = given.iter().map(|answer| (sum += answer.points, sum).1).collect();
        assert_eq!(fresh.key(game.quiz, seat).await.score(), sum);
        for stored in given {
            let mut counted = 0;
            for (answer, outcome) in &told_of[&(seat, stored.question)] {
                match outcome {
                    Outcome::Counted(verdict) => {
                        counted += 1;
                        assert_eq!((answer.points, verdict.points), (stored.points, stored.points));
                        assert!(totals.contains(&verdict.total), "a total that the seat never had");
                    }
                    Outcome::Refused(Refusal::AlreadyAnswered) => assert_ne!(answer.points, stored.points),
                    other => panic!("unexpected: {other:?}"),
                }
            }
            assert_eq!(counted, if stored.points == 3 { 2 } else { 1 });
        }
    }
    let model = replay(before, changes, &board);
    assert_eq!(model, Model::of(&fresh.snapshot(game.quiz).await));
}

/// Applies the changes of a board in the order of their versions.
fn replay(mut model: Model, changes: &[Change], board: &BoardId) -> Model {
    let changes: BTreeMap<u64, &Change> =
        changes.iter().filter(|change| change.board == *board).map(|change| (change.from, change)).collect();
    for change in changes.values() {
        model.apply(change);
    }
    model
}

pub(super) async fn eight_writers_on_one_quiz_count_each_answer_once(fresh: &Fresh) {
    let names: Vec<String> = (0..10).map(|i| format!("seat {i}")).collect();
    let game = fresh.game(12, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let before = Model::of(&fresh.snapshot(game.quiz).await);
    let told = record_at_once(fresh, answers_with_duplicates(&game)).await;
    check(fresh, &game, before, &told).await;
}

pub(super) async fn eight_writers_on_twenty_quizzes_count_each_answer_once(fresh: &Fresh) {
    let mut games = Vec::new();
    for _ in 0..20 {
        let game = fresh.game(3, &["ada", "bob", "cy"]).await;
        let before = Model::of(&fresh.snapshot(game.quiz).await);
        games.push((game, before));
    }
    let answers = games.iter().flat_map(|(game, _)| answers_with_duplicates(game)).collect();
    let told = record_at_once(fresh, answers).await;
    for (game, before) in games {
        check(fresh, &game, before, &told).await;
    }
}

pub(super) async fn joins_and_removals_among_answers_leave_no_hole(fresh: &Fresh) {
    let game = fresh.game(8, &["stays", "goes 0", "goes 1", "goes 2", "goes 3"]).await;
    let before = Model::of(&fresh.snapshot(game.quiz).await);
    let answers: Vec<_> = answers_with_duplicates(&game);
    let elsewhere = fresh.another();
    let (told, joined, removed) = tokio::join!(
        record_at_once(fresh, answers),
        join_at_once(fresh, game.quiz, |i| named(&format!("late {i}"))),
        join_all(game.seats[1..].iter().map(|seat| elsewhere.remove(game.quiz, *seat))),
    );
    let mut changes = told.1;
    changes.extend(joined.into_iter().map(|joined| joined.unwrap().change.unwrap()));
    changes.extend(removed.into_iter().map(|removed| removed.unwrap().0));
    let model = replay(before, &changes, &BoardId::Quiz(game.quiz));
    assert_eq!(model, Model::of(&fresh.snapshot(game.quiz).await));
    assert_eq!(model.rows.len(), 9);
}

pub(super) async fn ten_migrations_at_once_are_one(fresh: &Fresh) {
    let url = fresh.empty_url();
    let open = || crate::ledger::open(&url, 8, Clock::default()).unwrap();
    let ledgers: Vec<_> = (0..10).map(|_| open()).collect();
    for migrated in join_all(ledgers.iter().map(|ledger| ledger.migrate())).await {
        migrated.unwrap();
    }
    let board = BoardId::Quiz(QuizId::random());
    let version = open().version(&board).await;
    assert!(matches!(version, Err(Error::Refused(Refusal::QuizNotFound))), "{version:?}");
}

pub(super) async fn a_newer_schema_is_refused(fresh: &Fresh) {
    fresh.ledger.migrate().await.unwrap();
    fresh.execute("INSERT INTO schema_version VALUES (1000)").await;
    let refused = fresh.another().migrate().await;
    assert!(matches!(refused, Err(Error::NewerSchema)), "{refused:?}");
}
