//! Promises about finished attempts from elsewhere.

use super::{
    Fresh,
    people::{board_of, fates, line, lines, upload_of, user},
    play::{Model, changed, named, question, refusal, verdict},
};
use crate::{
    board::{BoardId, Member},
    ids::QuizId,
    ledger::{Effect, Join, NewAnswer, Outcome, Upload, Who},
    ranking::{Key, SCORE_LIMIT},
    refusal::Refusal,
    sessions::{Line, LineError, Origin},
};

pub(super) async fn an_upload_is_seats_and_sessions_and_moves_both_boards(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let quiz = fresh.quiz_of("BIO").await;
    fresh.join(quiz, "somebody").await;
    let mut model = Model::of(&fresh.snapshot(quiz).await);
    let now = fresh.ledger.now().await.unwrap();
    let mut rows = lines(&[("ada", 90, 312_000), ("bob", 70, 5)]);
    let times = &mut rows[0].content.as_mut().unwrap().attempt;
    (times.started_at, times.ended_at) = (Some(now), Some(now));
    let told = fresh.ledger.upload(&upload_of(quiz, rows.clone())).await.unwrap();
    assert_eq!(fates(&told), (2, 0, vec![]));

    let [of_quiz, of_subject] = <[Effect; 2]>::try_from(told.effects).unwrap().map(changed);
    model.apply(&of_quiz);
    assert_eq!(model, Model::of(&fresh.snapshot(quiz).await));
    assert_eq!((of_quiz.to - of_quiz.from, model.rows.len()), (2, 3));
    assert!(model.rows.values().any(|row| *row == (Key::of_seat(90, 312_000), "ada".to_owned())));
    assert_eq!((of_subject.board, of_subject.from, of_subject.to), (board_of("BIO"), 0, 2));
    fresh.check_subject("BIO", &[quiz]).await;
    assert_eq!(fresh.read(quiz).await.total_participants, 3);

    let sessions = fresh.sessions_of(quiz).await;
    assert!(sessions.iter().all(|session| session.origin == Origin::Upload));
    let mut stored: Vec<_> = sessions.into_iter().map(|session| session.attempt).collect();
    stored.sort_by(|a, b| a.username.cmp(&b.username));
    let given: Vec<_> = rows.into_iter().map(|row| row.content.unwrap().attempt).collect();
    assert_eq!(stored, given);
}

pub(super) async fn an_upload_needs_no_subject(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(0).await;
    let told = fresh.upload(quiz, &[("ada", 1, 1)]).await;
    assert_eq!(fates(&told), (1, 0, vec![]));
    assert!(matches!(told.effects[..], [Effect::Changed(_), Effect::None]));
    let nowhere = fresh.ledger.upload(&upload_of(QuizId::random(), lines(&[("ada", 1, 1)]))).await;
    assert_eq!(refusal(nowhere), Refusal::QuizNotFound);
}

pub(super) async fn the_same_again_is_unchanged_and_moves_nothing(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let quiz = fresh.quiz_of("BIO").await;
    let rows = [("ada", 90, 312), ("bob", 70, 5)];
    fresh.upload(quiz, &rows).await;
    let before = (fresh.snapshot(quiz).await.version, fresh.activity().await);
    let again = fresh.upload(quiz, &rows).await;
    assert_eq!(fates(&again), (0, 2, vec![]));
    assert!(again.effects.is_empty());
    assert_eq!((fresh.snapshot(quiz).await.version, fresh.activity().await), before);

    let (none, more) = (fresh.upload(quiz, &[]).await, fresh.upload(quiz, &[rows[0], ("cy", 1, 1)]).await);
    assert_eq!((fates(&none), fates(&more)), ((0, 0, vec![]), (1, 1, vec![])));
}

pub(super) async fn one_bad_line_keeps_all_out_unless_what_is_good_is_to_be_kept(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let quiz = fresh.quiz_of("BIO").await;
    fresh.ledger.add_question(quiz, &question("why?")).await.unwrap();
    let mut rows = lines(&[("ada", 10, 5), ("bob", 11, 5), ("cy", 0, 5)]);
    rows.push(Line { number: 4, content: Err(Refusal::Unreadable("no score".to_owned())) });
    let errors = [
        (2, Refusal::invalid("score", "must be at most 10")),
        (4, Refusal::Unreadable("no score".to_owned())),
    ]
    .map(|(line, refusal)| LineError { line, refusal });
    let told = fresh.ledger.upload(&upload_of(quiz, rows.clone())).await.unwrap();
    assert_eq!(fates(&told), (0, 0, errors.to_vec()));
    assert_eq!(fresh.snapshot(quiz).await.version.seq, 0);
    assert_eq!((fresh.sessions_of(quiz).await.len(), fresh.activity().await.len()), (0, 0));

    let partial = Upload { partial: true, ..upload_of(quiz, rows) };
    let told = fresh.ledger.upload(&partial).await.unwrap();
    assert_eq!(fates(&told), (2, 0, errors.to_vec()));
    assert_eq!(fresh.scores_of(quiz).await, [("ada".to_owned(), 10, 5), ("cy".to_owned(), 0, 5)]);
}

pub(super) async fn who_is_there_already_is_an_error_of_the_line(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada"]).await;
    fresh.join(game.quiz, "Bob").await;
    fresh.upload(game.quiz, &[("cy", 5, 5)]).await;
    let rows = [("ada", 0, 0), ("bob", 5, 5), ("cy", 5, 6), ("dee", 5, 5)];
    let told = fresh.upload(game.quiz, &rows).await;
    let expected = [(1, Refusal::SessionExists), (2, Refusal::UsernameTaken), (3, Refusal::SessionExists)]
        .map(|(line, refusal)| LineError { line, refusal });
    assert_eq!(fates(&told), (0, 0, expected.to_vec()));

    // Another issuer's user of the same subject is somebody else, under another name.
    let mut other = line(1, "not ada", 5, 5);
    other.content.as_mut().unwrap().sub = "ada".to_owned();
    let elsewhere = Upload { issuer: "club".to_owned(), ..upload_of(game.quiz, vec![other]) };
    assert_eq!(fates(&fresh.ledger.upload(&elsewhere).await.unwrap()), (1, 0, vec![]));
}

pub(super) async fn an_uploaded_seat_cannot_answer(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["bob"]).await;
    fresh.upload(game.quiz, &[("ada", 5, 5)]).await;
    let join = Join { user: Some(user("ada")), ..named("another name") };
    let seat = fresh.ledger.join(game.quiz, &join).await.unwrap();
    assert_eq!((seat.seat.username.as_str(), seat.change.is_none()), ("ada", true));
    let answer = NewAnswer { participant: seat.seat.id, ..game.answer(0, 0, 10) };
    let outcomes = fresh.record(&[answer, game.answer(0, 0, 10)]).await.outcomes;
    assert_eq!(outcomes[0], Outcome::Refused(Refusal::NotAParticipant));
    assert_eq!(verdict(&outcomes[1]).total, 10);
    assert_eq!(fresh.key(game.quiz, seat.seat.id).await, Key::of_seat(5, 5));
    assert_eq!(fresh.ledger.answers(game.quiz, &Who::User(user("ada"))).await.unwrap(), []);
}

pub(super) async fn an_uploaded_seat_belongs_to_the_run_in_which_it_arrived(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["bob"]).await;
    fresh.upload(game.quiz, &[("ada", 5, 5)]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    fresh.upload(game.quiz, &[("cy", 7, 5)]).await;
    fresh.settle_all().await;
    let first_run = [(1, "cy", 7), (2, "ada", 5), (3, "bob", 0)];
    assert_eq!(fresh.results(game.quiz, None).await, first_run);

    fresh.ledger.start(game.quiz).await.unwrap();
    let rows = fresh.snapshot(game.quiz).await.rows;
    assert_eq!(rows.iter().map(|row| row.label.as_ref()).collect::<Vec<_>>(), ["bob"]);
    assert_eq!(fresh.read(game.quiz).await.total_participants, 1);
    assert_eq!(fresh.results(game.quiz, Some(1)).await, first_run);
    assert_eq!(fresh.results(game.quiz, None).await, [(1, "bob", 0)]);
    assert_eq!(fresh.scores_of(game.quiz).await.len(), 3, "their sessions stay");
    // The same person may now come and play.
    let join = Join { user: Some(user("ada")), ..named("ada") };
    assert!(fresh.ledger.join(game.quiz, &join).await.unwrap().change.is_some());
}

pub(super) async fn a_million_seats_are_the_most_also_by_upload(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(0).await;
    fresh.execute("UPDATE quiz_counters SET seats = 999999").await;
    let refused = fresh.ledger.upload(&upload_of(quiz, lines(&[("ada", 1, 1), ("bob", 1, 1)]))).await;
    assert!(matches!(refusal(refused), Refusal::Invalid { field: "quiz_id", .. }));
    assert_eq!(fates(&fresh.upload(quiz, &[("ada", 1, 1)]).await).0, 1);
}

pub(super) async fn a_total_greater_than_can_be_ranked_is_refused(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let quizzes = [fresh.quiz_of("BIO").await, fresh.quiz_of("BIO").await];
    fresh.upload(quizzes[0], &[("ada", SCORE_LIMIT - 1, 1)]).await;
    fresh.execute("UPDATE sessions SET score = 2147483647").await;
    let more = |score| upload_of(quizzes[1], lines(&[("ada", score, 1)]));
    assert_eq!(fates(&fresh.ledger.upload(&more(SCORE_LIMIT - 1)).await.unwrap()).0, 1);
    fresh.execute("UPDATE sessions SET score = 2147483647").await;
    let third = upload_of(fresh.quiz_of("BIO").await, lines(&[("ada", 5, 1)]));
    assert!(matches!(refusal(fresh.ledger.upload(&third).await), Refusal::Invalid { field: "score", .. }));
}

pub(super) async fn a_great_upload_asks_for_a_rebuild(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let quiz = fresh.quiz_of("BIO").await;
    let rows = (1..=10_001).map(|number| line(number, &format!("pupil {number}"), number % 100, 5));
    let told = fresh.ledger.upload(&upload_of(quiz, rows.collect())).await.unwrap();
    assert_eq!(told.inserted, 10_001);
    let boards = [BoardId::Quiz(quiz), board_of("BIO")];
    for (effect, board) in told.effects.iter().zip(&boards) {
        assert!(matches!(effect, Effect::Reset(reset) if reset == board), "{board}");
        let since = fresh.ledger.changed_since(board, 0).await.unwrap();
        assert!(matches!(since, Effect::Reset(reset) if reset == *board));
        assert!(matches!(fresh.ledger.changed_since(board, 1).await.unwrap(), Effect::Changed(_)));
    }
    assert_eq!(fresh.snapshot(quiz).await.rows.len(), 10_001);
    fresh.check_subject("BIO", &[quiz]).await;
}

pub(super) async fn the_same_uploaded_by_many_at_once_is_stored_once(fresh: &Fresh) {
    for code in ["ART", "BIO"] {
        fresh.make_subject(code).await;
    }
    let quizzes = [fresh.quiz_of("BIO").await, fresh.quiz_of("ART").await, fresh.quiz_of("BIO").await];
    let names: Vec<String> = (0..50).map(|number| format!("pupil {number}")).collect();
    let processes = [fresh.another(), fresh.another()];
    let uploads = (0..24_usize).map(|turn| {
        let mut rows: Vec<_> = names.iter().map(|name| (name.as_str(), 7, 5)).collect();
        rows.rotate_left(turn * 7 % 50);
        let upload = upload_of(quizzes[turn % 3], lines(&rows));
        let process = &processes[turn % 2];
        async move { process.upload(&upload).await.unwrap() }
    });
    let told = futures_util::future::join_all(uploads).await;
    assert_eq!(told.iter().map(|told| told.inserted).sum::<u32>(), 150);
    assert_eq!(told.iter().map(|told| told.unchanged).sum::<u32>(), 21 * 50);
    let bio = fresh.check_subject("BIO", &[quizzes[0], quizzes[2]]).await;
    let art = fresh.check_subject("ART", &[quizzes[1]]).await;
    let users = |rows: &[crate::board::SnapshotRow]| {
        rows.iter().map(|row| row.member).collect::<std::collections::BTreeSet<Member>>()
    };
    assert_eq!(users(&bio.rows), users(&art.rows), "a person is one user everywhere");
    fresh.check_names().await;
}
