//! Promises about the hot path.

use std::time::Duration;

use super::{
    Fresh,
    play::{MINUTES, Model, call, changed, verdict, worth},
};
use crate::{
    board::{BoardId, Member, Phase},
    ids::{ParticipantId, QuizId},
    ledger::{NewAnswer, Outcome},
    quiz::Status,
    refusal::Refusal,
};

fn refused(refusal: Refusal) -> Outcome {
    Outcome::Refused(refusal)
}

pub(super) async fn recording_twice_counts_once(fresh: &Fresh) {
    let game = fresh.game(1, &["ada"]).await;
    let answer = game.answer(0, 0, 10);
    assert_eq!(worth(&fresh.record_one(&answer).await), (10, 10));
    assert_eq!(fresh.record_one(&answer).await, refused(Refusal::AlreadyAnswered));
    assert_eq!(fresh.key(game.quiz, game.seats[0]).await.score(), 10);
}

pub(super) async fn a_retry_gets_its_verdict_and_the_total_of_now(fresh: &Fresh) {
    let game = fresh.game(2, &["ada"]).await;
    let answer = NewAnswer { submission_id: call("one"), ..game.answer(0, 0, 10) };
    let first = verdict(&fresh.record_one(&answer).await);
    let later = verdict(&fresh.record_one(&game.answer(0, 1, 7)).await);

    // The same call, even if it says something else by now.
    let retry = NewAnswer { choice: 1, correct: false, points: 0, ..answer };
    let again = verdict(&fresh.record_one(&retry).await);
    assert_eq!((again.correct, again.points, again.total), (true, 10, 17));
    assert!(first.version < later.version && again.version == later.version);
    assert_eq!(fresh.key(game.quiz, game.seats[0]).await.score(), 17);
}

pub(super) async fn a_retry_after_the_end_still_gets_its_verdict(fresh: &Fresh) {
    let game = fresh.game(2, &["ada"]).await;
    let answer = NewAnswer { submission_id: call("one"), ..game.answer(0, 0, 10) };
    fresh.record_one(&answer).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    let after = fresh.record(&[answer, game.answer(0, 1, 10)]).await;
    assert_eq!(worth(&after.outcomes[0]), (10, 10));
    assert_eq!(after.outcomes[1], refused(Refusal::QuizEnded));
    assert!(after.changes.is_empty());
}

pub(super) async fn a_submission_id_serves_one_question(fresh: &Fresh) {
    let game = fresh.game(3, &["ada", "bob"]).await;
    let with = |answer: NewAnswer| NewAnswer { submission_id: call("same"), ..answer };
    let reused = refused(Refusal::invalid("submission_id", "was used for another question"));

    let batch = [with(game.answer(0, 0, 10)), with(game.answer(0, 1, 10)), with(game.answer(1, 1, 10))];
    let recorded = fresh.record(&batch).await;
    assert_eq!(worth(&recorded.outcomes[0]), (10, 10));
    assert_eq!(recorded.outcomes[1], reused);
    assert_eq!(worth(&recorded.outcomes[2]), (10, 10), "another seat may use the same id");
    let recorded = fresh.record(&[with(game.answer(0, 2, 10)), game.answer(0, 1, 5)]).await;
    assert_eq!(recorded.outcomes[0], reused);
    assert_eq!(worth(&recorded.outcomes[1]), (5, 15), "the question itself is still open");
}

pub(super) async fn two_answers_of_one_seat_in_one_batch_both_count(fresh: &Fresh) {
    let game = fresh.game(4, &["ada", "bob"]).await;
    let batch = [
        game.answer(0, 0, 5),
        game.answer(1, 0, 3),
        game.answer(0, 1, 0),
        game.answer(0, 2, 7),
        game.answer(1, 3, 4),
    ];
    let recorded = fresh.record(&batch).await;
    let worths: Vec<_> = recorded.outcomes.iter().map(worth).collect();
    assert_eq!(worths, [(5, 5), (3, 3), (0, 5), (7, 12), (4, 7)]);
    for (seat, score) in [(0, 12), (1, 7)] {
        assert_eq!(fresh.key(game.quiz, game.seats[seat]).await.score(), score);
    }
    let rows = &recorded.changes[0].rows;
    for outcome in &recorded.outcomes {
        assert!(
            rows.iter().any(|row| row.seq == verdict(outcome).version),
            "a verdict names its row's version"
        );
    }
}

pub(super) async fn of_two_answers_to_one_question_in_one_batch_the_first_counts(fresh: &Fresh) {
    let game = fresh.game(2, &["ada"]).await;
    let first = NewAnswer { submission_id: call("one"), ..game.answer(0, 0, 10) };
    let other = NewAnswer { submission_id: call("two"), ..game.answer(0, 0, 0) };
    let recorded = fresh.record(&[first.clone(), other, first, game.answer(0, 1, 5)]).await;
    assert_eq!(worth(&recorded.outcomes[0]), (10, 10));
    assert_eq!(recorded.outcomes[1], refused(Refusal::AlreadyAnswered));
    assert_eq!(worth(&recorded.outcomes[2]), (10, 15), "a retry beside the first try");
    assert_eq!(worth(&recorded.outcomes[3]), (5, 15));
}

pub(super) async fn a_bad_row_harms_none_of_its_neighbours(fresh: &Fresh) {
    let game = fresh.game(3, &["ada", "gone"]).await;
    let other = fresh.game(1, &["bob"]).await;
    let ended = fresh.game(1, &["cy"]).await;
    fresh.ledger.end(ended.quiz).await.unwrap();
    let (pending, _) = fresh.quiz(1).await;
    let waiting = fresh.join(pending, "dee").await.seat.id;
    fresh.ledger.remove(game.quiz, game.seats[1]).await.unwrap();
    fresh.record(&[game.answer(0, 1, 1)]).await;

    let good = game.answer(0, 0, 10);
    let stranger = ParticipantId::random();
    let rows = [
        (NewAnswer { quiz: QuizId::random(), ..good.clone() }, refused(Refusal::QuizNotFound)),
        (NewAnswer { participant: stranger, ..good.clone() }, refused(Refusal::NotAParticipant)),
        (NewAnswer { participant: other.seats[0], ..good.clone() }, refused(Refusal::NotAParticipant)),
        (game.answer(1, 0, 10), refused(Refusal::NotAParticipant)),
        (NewAnswer { run: 2, ..good.clone() }, Outcome::OtherRun),
        (game.answer(0, 1, 10), refused(Refusal::AlreadyAnswered)),
        (ended.answer(0, 0, 10), refused(Refusal::QuizEnded)),
        (
            NewAnswer { quiz: pending, run: 0, participant: waiting, ..good.clone() },
            refused(Refusal::QuizNotStarted),
        ),
    ];
    let mut batch = vec![good];
    batch.extend(rows.iter().map(|(answer, _)| answer.clone()));
    batch.push(other.answer(0, 0, 4));
    let recorded = fresh.record(&batch).await;
    assert_eq!(worth(&recorded.outcomes[0]), (10, 11));
    for ((_, expected), outcome) in rows.iter().zip(&recorded.outcomes[1..]) {
        assert_eq!(outcome, expected);
    }
    assert_eq!(worth(recorded.outcomes.last().unwrap()), (4, 4));
    let mut moved: Vec<_> = recorded.changes.iter().map(|change| change.board.clone()).collect();
    let mut started = vec![BoardId::Quiz(game.quiz), BoardId::Quiz(other.quiz)];
    moved.sort();
    started.sort();
    assert_eq!(moved, started);
}

pub(super) async fn an_answer_counts_if_it_arrived_before_the_end(fresh: &Fresh) {
    let game = fresh.game(2, &["ada"]).await;
    fresh.clock.advance(5 * MINUTES + Duration::from_secs(10));
    let waited = Duration::from_secs(60);
    let recorded =
        fresh.record(&[game.answer(0, 0, 10), NewAnswer { waited, ..game.answer(0, 1, 10) }]).await;
    assert_eq!(recorded.outcomes[0], refused(Refusal::QuizEnded));
    assert_eq!(worth(&recorded.outcomes[1]), (10, 10));
    assert_eq!(fresh.read(game.quiz).await.status, Status::Started, "nobody has noticed the end yet");
}

pub(super) async fn time_runs_until_the_last_answer_that_scored(fresh: &Fresh) {
    let game = fresh.game(4, &["ada"]).await;
    let seat = game.seats[0];
    let minutes = |count: u32| (count * 60_000)..(count * 60_000 + 20_000);
    fresh.clock.advance(MINUTES);
    let late = fresh.join(game.quiz, "late").await.seat.id;
    assert!(minutes(1).contains(&fresh.key(game.quiz, late).await.time_ms()), "without a score: the joining");
    fresh.clock.advance(MINUTES);
    fresh.record(&[game.answer(0, 0, 10)]).await;
    assert!(minutes(2).contains(&fresh.key(game.quiz, seat).await.time_ms()));
    fresh.clock.advance(MINUTES);
    fresh.record(&[game.answer(0, 1, 0)]).await;
    assert!(minutes(2).contains(&fresh.key(game.quiz, seat).await.time_ms()), "a wrong answer takes no time");
    fresh.record(&[game.answer(0, 2, 10)]).await;
    assert!(minutes(3).contains(&fresh.key(game.quiz, seat).await.time_ms()));
    fresh.record(&[NewAnswer { waited: 2 * MINUTES, ..game.answer(0, 3, 10) }]).await;
    assert!(minutes(3).contains(&fresh.key(game.quiz, seat).await.time_ms()), "the greatest wins");

    let late = NewAnswer { participant: late, waited: 3 * MINUTES, ..game.answer(0, 0, 10) };
    fresh.record_one(&late).await;
    let time_ms = fresh.key(game.quiz, late.participant).await.time_ms();
    assert!(minutes(0).contains(&time_ms), "the first score ends the time of joining: {time_ms}");
}

pub(super) async fn a_started_quiz_moves_even_if_nothing_counted(fresh: &Fresh) {
    let game = fresh.game(1, &["ada"]).await;
    fresh.record(&[game.answer(0, 0, 10)]).await;
    let before = fresh.snapshot(game.quiz).await.version.seq;
    let again = fresh.record(&[game.answer(0, 0, 10), game.answer(0, 0, 10)]).await;
    let change = &again.changes[0];
    assert_eq!((again.changes.len(), change.from, change.rows.len()), (1, before, 0));
    assert!(change.to > before);
    assert_eq!(fresh.snapshot(game.quiz).await.version.seq, change.to);

    let elsewhere = fresh.record(&[NewAnswer { run: 2, ..game.answer(0, 0, 10) }]).await;
    assert!(elsewhere.changes.is_empty(), "nobody was in that run");
}

pub(super) async fn a_batch_is_one_change_per_quiz_with_totals(fresh: &Fresh) {
    let game = fresh.game(3, &["ada", "bob"]).await;
    let other = fresh.game(1, &["cy"]).await;
    fresh.record(&[game.answer(0, 0, 2)]).await;
    let mut model = Model::of(&fresh.snapshot(game.quiz).await);
    let version = fresh.ledger.version(&BoardId::Quiz(game.quiz)).await.unwrap();

    let recorded = fresh
        .record(&[game.answer(0, 1, 5), other.answer(0, 0, 9), game.answer(1, 0, 3), game.answer(0, 2, 1)])
        .await;
    assert_eq!(recorded.changes.len(), 2);
    let change = recorded.changes.iter().find(|c| c.board == BoardId::Quiz(game.quiz)).unwrap();
    assert_eq!((change.epoch, change.from), (version.epoch, version.seq));
    assert_eq!(change.phase, Phase { status: Some(Status::Started), run: 1 });
    let scores: Vec<_> = game
        .seats
        .iter()
        .map(|seat| change.rows.iter().find(|row| row.member == Member::Participant(*seat)).unwrap())
        .map(|row| (row.key.unwrap().score(), row.label.to_string()))
        .collect();
    assert_eq!(scores, [(8, "ada".to_owned()), (3, "bob".to_owned())]);
    model.apply(change);
    assert_eq!(model, Model::of(&fresh.snapshot(game.quiz).await));

    let since = changed(fresh.ledger.changed_since(&change.board, change.from).await.unwrap());
    assert_eq!((since.from, since.to), (change.from, change.to));
}

pub(super) async fn an_empty_batch_is_nothing(fresh: &Fresh) {
    let recorded = fresh.record(&[]).await;
    assert!(recorded.outcomes.is_empty() && recorded.changes.is_empty());
}
