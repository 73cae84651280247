//! Promises about subjects and their boards.

use super::{
    Fresh,
    people::{board_of, line, subject, upload_of, user},
    play::{MINUTES, Model, changed, plan, refusal},
};
use crate::{
    board::{BoardId, Member, Window},
    ledger::Effect,
    ranking::Key,
    refusal::Refusal,
    sessions::NamedSubject,
};

fn named(code: &str, name: &str) -> NamedSubject {
    NamedSubject { code: subject(code), name: name.to_owned() }
}

pub(super) async fn a_subject_can_be_named_anew_and_is_listed_by_code(fresh: &Fresh) {
    for (code, name) in [("MATH", "Mathematics"), ("BIO", "Biologie"), ("BIO", "Biology")] {
        fresh.ledger.put_subject(&named(code, name)).await.unwrap();
    }
    let [bio, math] = [named("BIO", "Biology"), named("MATH", "Mathematics")];
    assert_eq!(fresh.ledger.subjects(&[]).await.unwrap(), [bio, math.clone()]);
    assert_eq!(fresh.ledger.subjects(&[subject("MATH"), subject("ART")]).await.unwrap(), [math]);
}

pub(super) async fn a_quiz_belongs_to_its_subject(fresh: &Fresh) {
    let mut wanted = plan("a quiz");
    wanted.subject = Some(subject("BIO"));
    assert_eq!(refusal(fresh.ledger.create("host", &wanted).await), Refusal::SubjectNotFound);
    fresh.make_subject("BIO").await;
    let quiz = fresh.ledger.create("host", &wanted).await.unwrap();
    assert_eq!(quiz.plan, wanted);
    assert_eq!(fresh.read(quiz.id).await, quiz);
}

pub(super) async fn the_board_of_a_new_subject_is_empty(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let board = board_of("BIO");
    let snapshot = fresh.ledger.snapshot(&board).await.unwrap();
    assert_eq!((snapshot.version.seq, snapshot.phase.status, snapshot.rows.len()), (0, None, 0));
    assert!(snapshot.version.epoch > 1_700_000_000);
    let view = fresh.ledger.view(&board, Window::Page { offset: 0, limit: 10 }, &[]).await.unwrap();
    assert_eq!((view.total, view.rows.len()), (0, 0));
    assert!(matches!(fresh.ledger.changed_since(&board, 0).await.unwrap(), Effect::None));
}

pub(super) async fn a_users_row_is_the_sum_of_its_sessions(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    fresh.make_subject("ART").await;
    let quizzes = [fresh.quiz_of("BIO").await, fresh.quiz_of("BIO").await, fresh.quiz_of("ART").await];
    fresh.upload(quizzes[0], &[("ada", 10, 1500), ("bob", 30, 2499), ("cy", 30, 2500)]).await;
    fresh.upload(quizzes[1], &[("ada", 20, 3499), ("dee", 5, 0)]).await;
    fresh.upload(quizzes[2], &[("ada", 90, 1)]).await;
    fresh.check_subject("BIO", &quizzes[..2]).await;
    fresh.check_subject("ART", &quizzes[2..]).await;

    let board = board_of("BIO");
    let view = fresh.ledger.view(&board, Window::Page { offset: 0, limit: 10 }, &[]).await.unwrap();
    let told: Vec<_> = view.rows.iter().map(|row| (row.rank, row.key, row.label.to_string())).collect();
    let tied = Key::of_user(30, 2);
    assert_eq!(
        (told[0].0, told[0].1, told[1].0, told[1].1, view.total),
        (1, tied, 1, tied, 4),
        "2.4995 s and 2.499 s are 2 s"
    );
    assert_eq!(told[2], (3, Key::of_user(30, 3), "1 2500 cy".to_owned()));
    assert_eq!(told[3], (4, Key::of_user(5, 0), "1 0 dee".to_owned()));

    let ada = fresh.ledger.member(&board, &user("ada")).await.unwrap().unwrap();
    let around = Window::Around { member: ada, limit: 1 };
    let view = fresh.ledger.view(&board, around, &[ada]).await.unwrap();
    assert_eq!((view.rows[0].member, view.rows[0].label.as_ref()), (ada, "2 4999 ada"));
    assert_eq!(view.standings[0].as_ref().unwrap().rank, 1);
    assert_eq!(fresh.ledger.member(&board, &user("eve")).await.unwrap(), None);
}

pub(super) async fn a_users_row_bears_the_name_of_the_latest_session(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let quizzes = [fresh.quiz_of("BIO").await, fresh.quiz_of("BIO").await, fresh.quiz_of("BIO").await];
    let now = fresh.ledger.now().await.unwrap();
    for (quiz, name, minutes_ago) in
        [(quizzes[0], "middle", 60), (quizzes[1], "latest", 30), (quizzes[2], "first", 90)]
    {
        let mut line = line(1, name, 1, 1);
        let claimed = line.content.as_mut().unwrap();
        claimed.sub = "ada".to_owned();
        claimed.attempt.ended_at = Some(now - minutes_ago * MINUTES);
        fresh.ledger.upload(&upload_of(quiz, vec![line])).await.unwrap();
    }
    let snapshot = fresh.check_subject("BIO", &quizzes).await;
    assert_eq!(snapshot.rows[0].label.as_ref(), "3 3 latest");
}

pub(super) async fn what_changed_on_a_subject_since_any_version_heals_exactly(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let board = board_of("BIO");
    let [one, two, three] = [
        fresh.quiz_of("BIO").await,
        fresh.quiz_of("BIO").await,
        fresh.class("BIO", &["ada", "eve"]).await.quiz,
    ];
    let mut model = Model::of(&fresh.ledger.snapshot(&board).await.unwrap());
    let mut states = vec![Model::of(&fresh.ledger.snapshot(&board).await.unwrap())];
    for step in 0..5 {
        let effects = match step {
            0 => fresh.upload(one, &[("ada", 10, 5), ("bob", 20, 5)]).await.effects,
            1 => fresh.upload(two, &[("bob", 1, 5), ("cy", 2, 5)]).await.effects,
            2 => {
                fresh.ledger.end(three).await.unwrap();
                fresh.settle_all().await
            }
            3 => vec![fresh.ledger.delete(two).await.unwrap()],
            _ => {
                let seats = fresh.snapshot(one).await.rows;
                let bob = seats.iter().find(|row| row.label.as_ref() == "bob").unwrap().member;
                let Member::Participant(bob) = bob else { panic!("{bob:?}") };
                vec![fresh.ledger.remove(one, bob).await.unwrap().1]
            }
        };
        for effect in effects {
            match effect {
                Effect::Changed(change) if change.board == board => model.apply(&change),
                Effect::Changed(_) | Effect::None => {}
                Effect::Reset(_) => panic!("a small change is no reset"),
            }
        }
        let snapshot = fresh.ledger.snapshot(&board).await.unwrap();
        assert_eq!(model, Model::of(&snapshot), "step {step}");
        states.push(Model::of(&snapshot));
    }
    let last = states.pop().unwrap();
    assert_eq!(last.rows.len(), 2, "ada and eve");
    for mut state in states {
        state.apply(&changed(fresh.ledger.changed_since(&board, state.seq).await.unwrap()));
        assert_eq!(state, last);
    }
}

pub(super) async fn subjects_that_changed_lately_are_active(fresh: &Fresh) {
    for code in ["OLD", "NEW", "IDLE"] {
        fresh.make_subject(code).await;
    }
    fresh.upload(fresh.quiz_of("OLD").await, &[("ada", 1, 1)]).await;
    fresh.later();
    let since = fresh.ledger.now().await.unwrap();
    fresh.upload(fresh.quiz_of("NEW").await, &[("ada", 1, 1)]).await;
    let version = fresh.ledger.version(&board_of("NEW")).await.unwrap();
    let mut active = fresh.ledger.active(since).await.unwrap();
    active.retain(|(board, _)| matches!(board, BoardId::Subject(_)));
    assert_eq!(active, [(board_of("NEW"), version)]);
}
