//! Promises about what follows the end of a quiz.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{
    Fresh,
    people::{board_of, settle_next, user},
    play::{named, question},
};
use crate::{
    activity::Event,
    ids::ParticipantId,
    ledger::{Effect, Join, SessionsOf},
    sessions::Origin,
};

pub(super) async fn ending_makes_a_session_of_each_users_seat(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada", "bob"]).await;
    fresh.join(game.quiz, "nobody known").await;
    fresh.record(&[game.answer(0, 0, 10)]).await;
    assert!(settle_next(&*fresh.ledger).await.unwrap().is_none());
    let ended = fresh.ledger.end(game.quiz).await.unwrap().quiz;
    assert_eq!(fresh.sessions_of(game.quiz).await, []);

    assert!(
        matches!(fresh.settle_all().await[..], [Effect::Changed(ref change)] if change.board == board_of("BIO"))
    );
    let sessions = fresh.sessions_of(game.quiz).await;
    let ada = sessions.iter().find(|session| session.attempt.username == "ada").unwrap();
    assert_eq!((sessions.len(), ada.attempt.score, ada.origin), (2, 10, Origin::Join));
    assert_eq!((ada.attempt.started_at, ada.attempt.ended_at), (ended.started_at, ended.ended_at));
    assert_eq!(ada.subject, ended.plan.subject);
    let key = fresh.key(game.quiz, game.seats[0]).await;
    assert_eq!(ada.attempt.key(), key);
    fresh.check_subject("BIO", &[game.quiz]).await;

    let of_ada = fresh.ledger.sessions(&SessionsOf::User(user("ada")), 10, 0).await.unwrap();
    assert_eq!(of_ada, (vec![ada.clone()], 1));
    assert!(settle_next(&*fresh.ledger).await.unwrap().is_none());
}

pub(super) async fn a_crowd_is_settled_once_however_many_settle_and_fail(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada"]).await;
    fresh.crowd(game.quiz, 4200).await;
    fresh.ledger.end(game.quiz).await.unwrap();

    // One gives up somewhere in the middle of a chunk, at a different place each time.
    for micros in [200, 3000, 20_000] {
        let gave_up = timeout(Duration::from_micros(micros), settle_next(&*fresh.ledger)).await;
        assert!(gave_up.is_err() || fresh.sessions_of(game.quiz).await.len().is_multiple_of(1000));
    }
    let processes = [fresh.another(), fresh.another(), fresh.another()];
    join_all(processes.iter().map(async |process| while settle_next(&**process).await.unwrap().is_some() {}))
        .await;

    let sessions = fresh.sessions_of(game.quiz).await;
    assert_eq!(sessions.len(), 4201);
    assert_eq!(fresh.check_subject("BIO", &[game.quiz]).await.rows.len(), 4201);
    let uploaded: Vec<_> =
        fresh.events().await.into_iter().filter(|e| matches!(e, Event::SessionsUploaded { .. })).collect();
    let [Event::SessionsUploaded { session_id, quiz_id, score, count, .. }] = &uploaded[..] else {
        panic!("one event, not {uploaded:?}");
    };
    assert_eq!((*quiz_id, *score, *count), (game.quiz, 6, 4201));
    assert!(sessions.iter().any(|session| session.id == *session_id));
}

pub(super) async fn each_quiz_is_settled_by_itself(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let games = [fresh.class("BIO", &["ada"]).await, fresh.class("BIO", &["ada"]).await];
    for game in &games {
        fresh.ledger.end(game.quiz).await.unwrap();
        fresh.later();
    }
    let [first, second] = games.map(|game| game.quiz);
    assert_eq!(fresh.ledger.unsettled().await.unwrap(), [first, second]);
    fresh.ledger.settle(second).await.unwrap().unwrap();
    assert!(fresh.ledger.settle(second).await.unwrap().is_none());
    assert_eq!(fresh.ledger.unsettled().await.unwrap(), [first]);
    assert_eq!((fresh.sessions_of(first).await.len(), fresh.sessions_of(second).await.len()), (0, 1));
}

pub(super) async fn of_several_runs_the_last_counts(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada", "bob"]).await;
    fresh.record(&[game.answer(0, 0, 10), game.answer(1, 0, 10)]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    fresh.settle_all().await;
    let first = fresh.sessions_of(game.quiz).await;

    // Two runs end before anybody settles, and bob is not there in the last.
    fresh.ledger.start(game.quiz).await.unwrap();
    fresh.ledger.end(game.quiz).await.unwrap();
    fresh.ledger.start(game.quiz).await.unwrap();
    fresh.ledger.remove(game.quiz, game.seats[1]).await.unwrap();
    let again = crate::ledger::NewAnswer { run: 3, ..game.answer(0, 0, 3) };
    fresh.record(&[again]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    fresh.settle_all().await;
    let scores = fresh.scores_of(game.quiz).await;
    assert_eq!(scores.iter().map(|s| (s.0.as_str(), s.1)).collect::<Vec<_>>(), [("ada", 3), ("bob", 0)]);
    let ids = |sessions: &[crate::sessions::Session]| sessions.iter().map(|s| s.id).collect::<Vec<_>>();
    let last = ids(&fresh.sessions_of(game.quiz).await);
    assert!(ids(&first).iter().all(|id| !last.contains(id)), "another attempt is another session");
    fresh.check_subject("BIO", &[game.quiz]).await;
    for (run, expected) in [(1, 10), (2, 0), (3, 3)] {
        assert_eq!(fresh.results(game.quiz, Some(run)).await[0].2, expected, "run {run}");
    }
}

pub(super) async fn a_removed_seat_takes_its_session_along(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada", "bob", "cy"]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    // Before its session is made, and after.
    fresh.ledger.remove(game.quiz, game.seats[0]).await.unwrap();
    fresh.settle_all().await;
    let (_, effect) = fresh.ledger.remove(game.quiz, game.seats[1]).await.unwrap();
    assert!(matches!(effect, Effect::Changed(change) if change.rows[0].key.is_none()));
    assert_eq!(fresh.scores_of(game.quiz).await, [("cy".to_owned(), 0, 0)]);
    assert_eq!(fresh.results(game.quiz, None).await, [(1, "cy", 0)]);
    fresh.check_subject("BIO", &[game.quiz]).await;

    // A wrong upload can be taken back and corrected.
    fresh.upload(game.quiz, &[("dee", 7, 7)]).await;
    let seat = fresh.ledger.member(&crate::board::BoardId::Quiz(game.quiz), &user("dee")).await.unwrap();
    let Some(crate::board::Member::Participant(seat)) = seat else { panic!("{seat:?}") };
    fresh.ledger.remove(game.quiz, seat).await.unwrap();
    assert_eq!(fresh.upload(game.quiz, &[("dee", 8, 8)]).await.inserted, 1);
    fresh.check_subject("BIO", &[game.quiz]).await;
}

pub(super) async fn a_session_of_an_earlier_run_outlives_its_seat(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada"]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    fresh.settle_all().await;
    fresh.ledger.start(game.quiz).await.unwrap();
    let (_, effect) = fresh.ledger.remove(game.quiz, game.seats[0]).await.unwrap();
    assert!(matches!(effect, Effect::None));
    assert_eq!(
        (fresh.sessions_of(game.quiz).await.len(), fresh.results(game.quiz, Some(1)).await.len()),
        (1, 1)
    );
}

pub(super) async fn deleting_a_quiz_takes_its_sessions_along(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada", "bob"]).await;
    let other = fresh.quiz_of("BIO").await;
    fresh.upload(other, &[("ada", 5, 5)]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    fresh.settle_all().await;
    assert_eq!(fresh.check_subject("BIO", &[game.quiz, other]).await.rows.len(), 2);

    let effect = fresh.ledger.delete(game.quiz).await.unwrap();
    assert!(matches!(effect, Effect::Changed(change) if change.rows.len() == 2));
    assert_eq!(fresh.check_subject("BIO", &[other]).await.rows.len(), 1);
    assert_eq!(fresh.execute("UPDATE standings SET run = run").await, 0);
    assert_eq!(fresh.execute("UPDATE runs SET run = run").await, 0);

    // One that is deleted before it is settled leaves nothing to do.
    let quiz = fresh.class("BIO", &["ada"]).await.quiz;
    fresh.ledger.end(quiz).await.unwrap();
    assert!(matches!(fresh.ledger.delete(quiz).await.unwrap(), Effect::None));
    assert!(settle_next(&*fresh.ledger).await.unwrap().is_none());
}

pub(super) async fn a_quiz_that_ended_under_the_first_schema_is_settled(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(0).await;
    fresh.ledger.add_question(quiz, &question("why?")).await.unwrap();
    let join = Join { user: Some(user("ada")), ..named("ada") };
    let seat: ParticipantId = fresh.ledger.join(quiz, &join).await.unwrap().seat.id;
    fresh.ledger.start(quiz).await.unwrap();
    fresh.ledger.end(quiz).await.unwrap();
    // As the first version left it; the later schemas are then made on top.
    for statement in [
        "DROP INDEX quiz_counters_moved",
        "ALTER TABLE quiz_counters DROP COLUMN moved_at",
        "CREATE INDEX quizzes_ended ON quizzes (ended_at)",
        "DROP VIEW quiz_rows",
        "DROP VIEW subject_rows",
        "DROP TABLE activity",
        "DROP TABLE activity_counter",
        "DROP TABLE subject_scores",
        "DROP TABLE sessions",
        "DROP TABLE standings",
        "DROP TABLE runs",
        "ALTER TABLE participants DROP COLUMN origin",
        "ALTER TABLE quizzes DROP COLUMN subject",
        "DROP TABLE subject_counters",
        "DROP TABLE subjects",
        "DELETE FROM schema_version WHERE version > 1",
    ] {
        fresh.execute(statement).await;
    }
    let upgraded = fresh.another();
    upgraded.migrate().await.unwrap();
    while settle_next(&*upgraded).await.unwrap().is_some() {}
    let sessions = upgraded.sessions(&SessionsOf::Quiz(quiz), 10, 0).await.unwrap().0;
    assert_eq!(sessions.len(), 1);
    let (_, quizzes) = (seat, upgraded.performance(&user("ada")).await.unwrap().0);
    assert_eq!((quizzes[0].participant, quizzes[0].rank), (seat, 1));
}
