//! Promises about who sits in a quiz.

use super::{
    Fresh,
    play::{MINUTES, call, named, refusal},
};
use crate::{
    board::Member,
    ids::{ParticipantId, QuizId},
    ledger::{Effect, Join, User, Who},
    ranking::Key,
    refusal::Refusal,
};

fn of_user(name: &str, issuer: &str, subject: &str) -> Join {
    let user = User { issuer: issuer.to_owned(), subject: subject.to_owned() };
    Join { user: Some(user), ..named(name) }
}

pub(super) async fn joining_is_a_change_of_the_board(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let joined = fresh.join(quiz, "Ada").await;
    assert_eq!(joined.seat.username, "Ada");
    let change = joined.change.unwrap();
    assert_eq!((change.from, change.to, change.rows.len()), (0, 1, 1));
    let row = &change.rows[0];
    assert_eq!((row.member, row.key), (Member::Participant(joined.seat.id), Some(Key::of_seat(0, 0))));
    assert_eq!((row.label.as_ref(), row.seq), ("Ada", 1));
    assert_eq!(fresh.read(quiz).await.total_participants, 1);
    assert_eq!(refusal(fresh.ledger.join(QuizId::random(), &named("Bob")).await), Refusal::QuizNotFound);
}

pub(super) async fn joining_late_counts_from_the_start(fresh: &Fresh) {
    let game = fresh.game(1, &["early"]).await;
    fresh.clock.advance(MINUTES);
    let late = fresh.join(game.quiz, "late").await.seat.id;
    let early = fresh.key(game.quiz, game.seats[0]).await;
    let late = fresh.key(game.quiz, late).await;
    assert_eq!((early.score(), early.time_ms()), (0, 0));
    assert!((60_000..70_000).contains(&late.time_ms()), "{}", late.time_ms());
}

pub(super) async fn a_user_has_one_seat_in_a_quiz(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let first = fresh.ledger.join(quiz, &of_user("ada", "school", "7")).await.unwrap();
    let again = fresh.ledger.join(quiz, &of_user("other name", "school", "7")).await.unwrap();
    assert_eq!(again.seat, first.seat);
    assert!(again.change.is_none());
    let elsewhere = fresh.ledger.join(quiz, &of_user("bob", "club", "7")).await.unwrap();
    assert_ne!(elsewhere.seat.id, first.seat.id);
    let (other, _) = fresh.quiz(1).await;
    let there = fresh.ledger.join(other, &of_user("ada", "school", "7")).await.unwrap();
    assert_ne!(there.seat.id, first.seat.id);
    assert_eq!(fresh.snapshot(quiz).await.version.seq, 2);
}

pub(super) async fn a_join_id_makes_a_retry_safe(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let join = Join { join_id: call("once"), ..named("ada") };
    let first = fresh.ledger.join(quiz, &join).await.unwrap();
    let again = fresh.ledger.join(quiz, &join).await.unwrap();
    assert_eq!(again.seat, first.seat);
    assert!(again.change.is_none());
    let other = Join { join_id: call("twice"), ..named("bob") };
    assert!(fresh.ledger.join(quiz, &other).await.unwrap().change.is_some());
    assert_eq!(fresh.read(quiz).await.total_participants, 2);
}

pub(super) async fn a_join_id_gives_its_seat_to_nobody_of_another_name(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let as_named = |name| Join { join_id: call("once"), ..named(name) };
    let first = fresh.ledger.join(quiz, &as_named("Ada")).await.unwrap().seat;
    let reused = Refusal::invalid("join_id", "was used for another name");
    assert_eq!(refusal(fresh.ledger.join(quiz, &as_named("mallory")).await), reused);
    assert_eq!(fresh.ledger.join(quiz, &as_named("ADA")).await.unwrap().seat, first);
    assert_eq!(fresh.snapshot(quiz).await.version.seq, 1);
}

pub(super) async fn a_join_id_gives_nobody_the_seat_of_a_user(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let ada = Join { join_id: call("same"), ..of_user("ada", "school", "7") };
    let bob = Join { join_id: call("same"), ..of_user("bob", "school", "8") };
    let cy = Join { join_id: call("same"), ..named("cy") };
    let mut seats = Vec::new();
    for join in [ada, bob, cy] {
        seats.push(fresh.ledger.join(quiz, &join).await.unwrap().seat.username);
    }
    assert_eq!(seats, ["ada", "bob", "cy"]);
}

pub(super) async fn a_name_is_taken_whatever_its_case(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let seq = fresh.join(quiz, "Zoë").await.change.unwrap().to;
    for taken in ["Zoë", "ZOË", "zoe\u{308}"] {
        assert_eq!(refusal(fresh.ledger.join(quiz, &named(taken)).await), Refusal::UsernameTaken, "{taken}");
    }
    assert_eq!(fresh.snapshot(quiz).await.version.seq, seq);
    assert_eq!(fresh.read(quiz).await.total_participants, 1);
    fresh.join(quiz, "Zoe").await;
    let (other, _) = fresh.quiz(1).await;
    fresh.join(other, "Zoë").await;
}

pub(super) async fn nobody_new_joins_a_quiz_that_is_over(fresh: &Fresh) {
    let game = fresh.game(1, &[]).await;
    let ada = fresh.ledger.join(game.quiz, &of_user("ada", "school", "7")).await.unwrap().seat;
    fresh.clock.advance(6 * MINUTES);
    assert_eq!(refusal(fresh.ledger.join(game.quiz, &named("late")).await), Refusal::QuizEnded);
    fresh.ledger.end(game.quiz).await.unwrap();
    assert_eq!(refusal(fresh.ledger.join(game.quiz, &named("later")).await), Refusal::QuizEnded);
    let again = fresh.ledger.join(game.quiz, &of_user("ada", "school", "7")).await.unwrap();
    assert_eq!(again.seat, ada);
}

pub(super) async fn a_quiz_has_at_most_a_million_seats(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    fresh.execute("UPDATE quiz_counters SET seats = 999999").await;
    fresh.join(quiz, "the last").await;
    let refused = refusal(fresh.ledger.join(quiz, &named("too many")).await);
    assert!(matches!(refused, Refusal::Invalid { field: "quiz_id", .. }), "{refused:?}");
}

pub(super) async fn a_removed_seat_frees_its_name_and_its_user(fresh: &Fresh) {
    let game = fresh.game(1, &[]).await;
    let join = Join { join_id: call("once"), ..of_user("ada", "school", "7") };
    let seat = fresh.ledger.join(game.quiz, &join).await.unwrap().seat.id;
    let (change, of_subject) = fresh.ledger.remove(game.quiz, seat).await.unwrap();
    assert!(matches!(of_subject, Effect::None));
    assert_eq!((change.from + 1, change.rows.len()), (change.to, 1));
    assert_eq!((change.rows[0].member, change.rows[0].key), (Member::Participant(seat), None));
    assert_eq!(refusal(fresh.ledger.remove(game.quiz, seat).await), Refusal::ParticipantNotFound);
    assert_eq!(fresh.snapshot(game.quiz).await.rows, []);
    assert_eq!(fresh.read(game.quiz).await.total_participants, 0);
    for who in [Who::Participant(seat), Who::User(join.user.clone().unwrap())] {
        assert_eq!(refusal(fresh.ledger.answers(game.quiz, &who).await), Refusal::NotAParticipant);
    }

    let again = fresh.ledger.join(game.quiz, &join).await.unwrap();
    assert_ne!(again.seat.id, seat);
    assert!(again.change.is_some());
    let nobody = ParticipantId::random();
    assert_eq!(refusal(fresh.ledger.remove(game.quiz, nobody).await), Refusal::ParticipantNotFound);
    assert_eq!(refusal(fresh.ledger.remove(QuizId::random(), nobody).await), Refusal::QuizNotFound);
}

pub(super) async fn a_seat_sees_its_own_answers_of_the_present_run(fresh: &Fresh) {
    let mut game = fresh.game(3, &["bob"]).await;
    let join = of_user("ada", "school", "7");
    game.seats.push(fresh.ledger.join(game.quiz, &join).await.unwrap().seat.id);
    let before = fresh.ledger.now().await.unwrap();
    let mut wrong = game.answer(1, 0, 0);
    wrong.choice = 3;
    fresh.record(&[game.answer(1, 2, 10), game.answer(0, 1, 10), wrong]).await;

    let own = fresh.ledger.answers(game.quiz, &Who::User(join.user.unwrap())).await.unwrap();
    let seen: Vec<_> = own.iter().map(|a| (a.question, a.choice, a.correct, a.points)).collect();
    assert_eq!(seen, [(game.questions[2], 0, true, 10), (game.questions[0], 3, false, 0)]);
    assert!(own.iter().all(|answer| before <= answer.at));
    assert_eq!(fresh.ledger.answers(game.quiz, &Who::Participant(game.seats[1])).await.unwrap(), own);

    let stranger = User { issuer: "school".to_owned(), subject: "8".to_owned() };
    assert_eq!(
        refusal(fresh.ledger.answers(game.quiz, &Who::User(stranger)).await),
        Refusal::NotAParticipant
    );
    let nowhere = fresh.ledger.answers(QuizId::random(), &Who::Participant(game.seats[0])).await;
    assert_eq!(refusal(nowhere), Refusal::QuizNotFound);
}
