//! Promises about quizzes, their questions and their life.

use super::{
    Fresh,
    play::{MINUTES, changed, plan, question, refusal},
};
use crate::{
    board::{BoardId, Phase},
    config::bounds::ANSWER_DEADLINE,
    ids::{QuestionId, QuizId},
    ledger::{Effect, QuizFilter, Who},
    quiz::Status,
    ranking::Key,
    refusal::Refusal,
};

pub(super) async fn a_new_quiz_is_pending_and_can_be_read_back(fresh: &Fresh) {
    let mut wanted = plan("Häuser & \"Gärten\"");
    wanted.listed = true;
    let before = fresh.ledger.now().await.unwrap();
    let quiz = fresh.ledger.create("ada", &wanted).await.unwrap();
    assert_eq!((quiz.owner_id.as_str(), &quiz.plan), ("ada", &wanted));
    assert_eq!((quiz.status, quiz.run), (Status::Pending, 0));
    assert_eq!((quiz.started_at, quiz.ends_at, quiz.ended_at), (None, None, None));
    assert_eq!((quiz.total_questions, quiz.total_participants), (0, 0));
    assert!(before <= quiz.created_at && quiz.created_at <= fresh.ledger.now().await.unwrap());
    assert!(quiz.join_code.len() == 6 && quiz.join_code.bytes().all(|b| b.is_ascii_digit()));
    assert_eq!(fresh.read(quiz.id).await, quiz);
}

pub(super) async fn a_join_code_leads_to_its_quiz_until_it_ends(fresh: &Fresh) {
    let quiz = fresh.game(1, &["ada"]).await.quiz;
    let code = fresh.read(quiz).await.join_code;
    assert_eq!(fresh.ledger.quiz_by_code(&code).await.unwrap().id, quiz);
    fresh.ledger.end(quiz).await.unwrap();
    assert_eq!(refusal(fresh.ledger.quiz_by_code(&code).await), Refusal::QuizNotFound);
    assert_eq!(fresh.read(quiz).await.join_code, code);
}

pub(super) async fn quizzes_are_listed_newest_first_and_counted_through_the_filter(fresh: &Fresh) {
    let mut ids = Vec::new();
    for owner in ["ada", "bob", "ada"] {
        let quiz = fresh.ledger.create(owner, &plan("a quiz")).await.unwrap();
        ids.push(quiz.id);
        fresh.clock.advance(MINUTES);
    }
    fresh.ledger.add_question(ids[2], &question("why?")).await.unwrap();
    fresh.ledger.start(ids[2]).await.unwrap();

    let all = QuizFilter { limit: 10, ..QuizFilter::default() };
    let owner_id = Some("ada".to_owned());
    for (filter, expected, total) in [
        (all.clone(), vec![ids[2], ids[1], ids[0]], 3),
        (QuizFilter { owner_id, ..all.clone() }, vec![ids[2], ids[0]], 2),
        (QuizFilter { status: Some(Status::Pending), ..all.clone() }, vec![ids[1], ids[0]], 2),
        (QuizFilter { public_only: true, ..all.clone() }, vec![ids[2]], 1),
        (QuizFilter { limit: 1, offset: 1, ..all.clone() }, vec![ids[1]], 3),
        (QuizFilter { offset: 7, ..all.clone() }, vec![], 3),
    ] {
        let (quizzes, counted) = fresh.ledger.list(&filter).await.unwrap();
        let listed: Vec<QuizId> = quizzes.iter().map(|quiz| quiz.id).collect();
        assert_eq!((listed, counted), (expected, total), "{filter:?}");
    }
}

pub(super) async fn questions_change_only_while_nobody_answers(fresh: &Fresh) {
    let quiz = fresh.ledger.create("host", &plan("a quiz")).await.unwrap().id;
    let questions = [question("one"), question("two"), question("three")];
    for question in &questions {
        fresh.ledger.add_question(quiz, question).await.unwrap();
    }
    fresh.ledger.delete_question(quiz, questions[1].id).await.unwrap();
    assert_eq!(refusal(fresh.ledger.delete_question(quiz, questions[1].id).await), Refusal::QuestionNotFound);
    fresh.ledger.start(quiz).await.unwrap();
    assert_eq!(refusal(fresh.ledger.add_question(quiz, &questions[1]).await), Refusal::QuizActive);
    assert_eq!(refusal(fresh.ledger.delete_question(quiz, questions[0].id).await), Refusal::QuizActive);
    fresh.ledger.end(quiz).await.unwrap();
    fresh.ledger.add_question(quiz, &questions[1]).await.unwrap();

    let (found, listed) = fresh.ledger.questions(quiz).await.unwrap();
    assert_eq!(listed, [questions[0].clone(), questions[2].clone(), questions[1].clone()]);
    assert_eq!((found.total_questions, found.status), (3, Status::Ended));
}

pub(super) async fn a_quiz_has_at_most_500_questions(fresh: &Fresh) {
    let quiz = fresh.ledger.create("host", &plan("a quiz")).await.unwrap().id;
    let sql = format!(
        "INSERT INTO questions (quiz_id, question_id, position, text, options, correct, points)
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 499)
         SELECT '{quiz}', 'q_' || CAST(100000000000 + n AS TEXT), n, 'why?', '[\"a\",\"b\"]', 0, 10 FROM numbers"
    );
    assert_eq!(fresh.execute(&sql).await, 499);
    fresh.ledger.add_question(quiz, &question("the last")).await.unwrap();
    let refused = refusal(fresh.ledger.add_question(quiz, &question("too many")).await);
    assert!(matches!(refused, Refusal::Invalid { field: "questions", .. }), "{refused:?}");
}

pub(super) async fn a_quiz_needs_a_question_to_start(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(0).await;
    assert_eq!(refusal(fresh.ledger.start(quiz).await), Refusal::NoQuestions);
    assert_eq!(refusal(fresh.ledger.end(quiz).await), Refusal::QuizNotStarted);
    let board = fresh.snapshot(quiz).await;
    assert_eq!((board.version.seq, board.phase.status), (0, Some(Status::Pending)));
}

pub(super) async fn starting_and_ending_are_changes_of_the_board(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    let started = fresh.ledger.start(quiz).await.unwrap();
    assert_eq!((started.quiz.status, started.quiz.run), (Status::Started, 1));
    let lasts = started.quiz.ends_at.unwrap().duration_since(started.quiz.started_at.unwrap());
    assert_eq!(lasts.as_secs(), 300);
    let change = changed(started.effect);
    assert_eq!((change.from, change.to, change.rows.len()), (0, 1, 0));
    assert_eq!(change.phase, Phase { status: Some(Status::Started), run: 1 });
    assert_eq!(refusal(fresh.ledger.start(quiz).await), Refusal::QuizActive);

    let ended = fresh.ledger.end(quiz).await.unwrap();
    assert_eq!(ended.quiz.status, Status::Ended);
    assert!(ended.quiz.started_at.unwrap() <= ended.quiz.ended_at.unwrap());
    assert!(ended.quiz.ended_at.unwrap() < ended.quiz.ends_at.unwrap());
    let change = changed(ended.effect);
    assert_eq!((change.from, change.to), (1, 2));
    assert_eq!(change.phase, Phase { status: Some(Status::Ended), run: 1 });

    let again = fresh.ledger.end(quiz).await.unwrap();
    assert_eq!(again.quiz, ended.quiz);
    assert!(matches!(again.effect, Effect::None));
    assert_eq!(fresh.snapshot(quiz).await.version.seq, 2);
}

pub(super) async fn a_quiz_past_its_time_is_overdue_and_ends_at_its_end_time(fresh: &Fresh) {
    let quiz = fresh.game(1, &["ada"]).await.quiz;
    fresh.game(1, &["bob"]).await;
    assert_eq!(fresh.ledger.overdue().await.unwrap(), []);
    fresh.ledger.end(fresh.game(1, &["cy"]).await.quiz).await.unwrap();
    fresh.clock.advance(6 * MINUTES);
    assert_eq!(fresh.ledger.overdue().await.unwrap().len(), 2);
    assert_eq!(fresh.read(quiz).await.status, Status::Started);

    let ended = fresh.ledger.end(quiz).await.unwrap().quiz;
    assert_eq!(ended.ended_at, ended.ends_at);
    assert_eq!(fresh.ledger.overdue().await.unwrap().len(), 1);
}

pub(super) async fn a_quiz_is_not_overdue_while_an_answer_that_came_in_time_may_wait(fresh: &Fresh) {
    // A busy machine may take longer to ask than an answer may wait.
    for _ in 0..20 {
        let quiz = fresh.game(1, &["ada"]).await.quiz;
        fresh.clock.advance(5 * MINUTES);
        let overdue = fresh.ledger.overdue().await.unwrap();
        let late = fresh.ledger.now().await.unwrap().duration_since(fresh.read(quiz).await.ends_at.unwrap());
        assert!(late.is_positive(), "its time is past");
        if late.unsigned_abs() < ANSWER_DEADLINE {
            assert!(!overdue.contains(&quiz));
            fresh.clock.advance(ANSWER_DEADLINE);
            assert!(fresh.ledger.overdue().await.unwrap().contains(&quiz));
            return;
        }
    }
    panic!("the machine is too busy to tell");
}

pub(super) async fn only_a_quiz_that_is_overdue_at_that_moment_is_ended_for_its_time(fresh: &Fresh) {
    let (ledger, late) = (&fresh.ledger, 6 * MINUTES);
    let (quiz, _) = fresh.quiz(1).await;
    assert!(ledger.end_overdue(quiz).await.unwrap().is_none(), "it is pending");
    ledger.start(quiz).await.unwrap();
    fresh.clock.advance(late);
    assert_eq!(ledger.overdue().await.unwrap(), [quiz]);
    ledger.end(quiz).await.unwrap();
    assert!(ledger.end_overdue(quiz).await.unwrap().is_none(), "it has ended");
    let again = ledger.start(quiz).await.unwrap().quiz;
    let before = fresh.snapshot(quiz).await.version;
    assert!(ledger.end_overdue(quiz).await.unwrap().is_none(), "its new run has just begun");
    assert_eq!((fresh.read(quiz).await, fresh.snapshot(quiz).await.version), (again, before));

    fresh.clock.advance(late);
    let change = changed(ledger.end_overdue(quiz).await.unwrap().expect("it is overdue"));
    assert_eq!((change.from, change.to), (before.seq, before.seq + 1));
    assert_eq!(change.phase, Phase { status: Some(Status::Ended), run: 2 });
    let ended = fresh.read(quiz).await;
    assert_eq!((ended.status, ended.ended_at), (Status::Ended, ended.ends_at));
}

pub(super) async fn starting_again_sets_all_scores_back_as_one_change(fresh: &Fresh) {
    let game = fresh.game(2, &["ada", "bob"]).await;
    fresh.record(&[game.answer(0, 0, 10), game.answer(1, 0, 0)]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    let before = fresh.snapshot(game.quiz).await.version.seq;

    let again = fresh.ledger.start(game.quiz).await.unwrap();
    assert_eq!((again.quiz.status, again.quiz.run), (Status::Started, 2));
    assert_eq!((again.quiz.ended_at, again.quiz.total_participants), (None, 2));
    assert!(matches!(again.effect, Effect::Reset(BoardId::Quiz(quiz)) if quiz == game.quiz));
    let board = fresh.snapshot(game.quiz).await;
    assert_eq!((board.version.seq, board.phase.run), (before + 1, 2));
    assert_eq!(board.rows.len(), 2);
    assert!(board.rows.iter().all(|row| row.key == Key::of_seat(0, 0)));
    let seat = Who::Participant(game.seats[0]);
    assert_eq!(fresh.ledger.answers(game.quiz, &seat).await.unwrap(), []);
}

pub(super) async fn a_quiz_started_again_keeps_its_join_code_unless_it_is_taken(fresh: &Fresh) {
    let quiz = fresh.game(1, &["ada"]).await.quiz;
    let code = fresh.read(quiz).await.join_code;
    fresh.ledger.end(quiz).await.unwrap();
    assert_eq!(fresh.ledger.start(quiz).await.unwrap().quiz.join_code, code);
    fresh.ledger.end(quiz).await.unwrap();

    let (other, _) = fresh.quiz(1).await;
    fresh.execute(&format!("UPDATE quizzes SET join_code = '{code}' WHERE quiz_id = '{other}'")).await;
    let again = fresh.ledger.start(quiz).await.unwrap().quiz;
    assert_ne!(again.join_code, code);
    assert_eq!(fresh.ledger.quiz_by_code(&code).await.unwrap().id, other);
    assert_eq!(fresh.ledger.quiz_by_code(&again.join_code).await.unwrap().id, quiz);
}

pub(super) async fn deleting_leaves_nothing_behind(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let [game, kept] = [fresh.class("BIO", &["ada"]).await, fresh.class("BIO", &["bob"]).await];
    fresh.record(&[game.answer(0, 0, 10), kept.answer(0, 0, 10)]).await;
    assert_eq!(refusal(fresh.ledger.delete(game.quiz).await), Refusal::QuizActive);
    for quiz in [game.quiz, kept.quiz] {
        fresh.ledger.end(quiz).await.unwrap();
    }
    fresh.settle_all().await;
    fresh.ledger.delete(game.quiz).await.unwrap();

    assert_eq!(refusal(fresh.ledger.quiz(game.quiz).await), Refusal::QuizNotFound);
    for table in
        ["quizzes", "quiz_counters", "questions", "participants", "answers", "runs", "standings", "sessions"]
    {
        let touch = format!("UPDATE {table} SET quiz_id = quiz_id");
        assert_eq!(fresh.execute(&touch).await, 1, "only the other quiz's row is left in {table}");
    }
}

pub(super) async fn a_quiz_that_does_not_exist_is_refused_everywhere(fresh: &Fresh) {
    let (ledger, quiz) = (&fresh.ledger, QuizId::random());
    assert_eq!(refusal(ledger.quiz(quiz).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.quiz_by_code("000000").await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.add_question(quiz, &question("why?")).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.questions(quiz).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.delete_question(quiz, QuestionId::random()).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.start(quiz).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.end(quiz).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.end_overdue(quiz).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.delete(quiz).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.snapshot(&BoardId::Quiz(quiz)).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.changed_since(&BoardId::Quiz(quiz), 0).await), Refusal::QuizNotFound);
    assert_eq!(refusal(ledger.version(&BoardId::Quiz(quiz)).await), Refusal::QuizNotFound);
}

pub(super) async fn a_subject_that_does_not_exist_is_refused(fresh: &Fresh) {
    let subject: crate::quiz::Subject = "BIO".parse().unwrap();
    let mut plan = plan("a quiz");
    plan.subject = Some(subject.clone());
    assert_eq!(refusal(fresh.ledger.create("host", &plan).await), Refusal::SubjectNotFound);
    let board = BoardId::Subject(subject);
    assert_eq!(refusal(fresh.ledger.snapshot(&board).await), Refusal::SubjectNotFound);
    assert_eq!(refusal(fresh.ledger.version(&board).await), Refusal::SubjectNotFound);
}
