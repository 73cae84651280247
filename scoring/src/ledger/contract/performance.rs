//! Promises about results and how people did.

use tokio::sync::mpsc;

use super::{
    Fresh,
    people::{subject, user},
    play::{MINUTES, named, refusal},
};
use crate::{
    ids::{ParticipantId, QuizId},
    ledger::{NewAnswer, User, Who},
    ranking::Key,
    refusal::Refusal,
    sessions::{AnswerCounts, ResultRow, Sums},
};

impl Fresh {
    /// All rows of a run.
    pub(super) async fn result_rows(&self, quiz: QuizId, run: Option<u32>) -> Vec<ResultRow> {
        let (to, mut from) = mpsc::channel(1);
        let receive = async {
            let mut rows = Vec::new();
            while let Some(portion) = from.recv().await {
                rows.extend(portion);
            }
            rows
        };
        let (sent, rows) = tokio::join!(self.ledger.results(quiz, run, to), receive);
        sent.unwrap();
        rows
    }

    /// Rank, name and score of all rows of a run.
    pub(super) async fn results(&self, quiz: QuizId, run: Option<u32>) -> Vec<(u32, &'static str, u32)> {
        let rows = self.result_rows(quiz, run).await.into_iter();
        rows.map(|row| (row.rank, &*row.username.to_string().leak(), row.key.score())).collect()
    }
}

fn counts(answered: u32, correct: u32) -> AnswerCounts {
    AnswerCounts { answered, correct }
}

pub(super) async fn results_tell_rank_counts_and_the_hosts_own_name_for_each(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada", "bob"]).await;
    let guest = fresh.join(game.quiz, "guest").await.seat.id;
    let by_guest = NewAnswer { participant: guest, correct: false, points: 0, ..game.answer(0, 0, 0) };
    fresh.record(&[game.answer(1, 0, 10), by_guest]).await;
    let live = fresh.result_rows(game.quiz, None).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    let rows = fresh.result_rows(game.quiz, Some(1)).await;
    assert_eq!(rows, live);
    let told: Vec<_> =
        rows.iter().map(|row| (row.rank, row.username.as_ref(), row.answers, row.sub.as_deref())).collect();
    assert_eq!(
        told,
        [
            (1, "bob", counts(1, 1), Some("bob")),
            (2, "ada", counts(0, 0), Some("ada")),
            (3, "guest", counts(1, 0), None),
        ]
    );
    for run in [0, 2] {
        let (to, _) = mpsc::channel(1);
        let refused = refusal(fresh.ledger.results(game.quiz, Some(run), to).await);
        assert_eq!(refused, Refusal::invalid("run", "must be 1 to 1"));
    }
    let (to, _) = mpsc::channel(1);
    assert_eq!(refusal(fresh.ledger.results(QuizId::random(), None, to).await), Refusal::QuizNotFound);
}

pub(super) async fn results_of_a_crowd_come_in_order_and_stop_when_nobody_listens(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    fresh.crowd(quiz, 2500).await;
    let (to, from) = mpsc::channel(1);
    drop(from);
    fresh.ledger.results(quiz, None, to).await.unwrap();
    fresh.ledger.start(quiz).await.unwrap();
    fresh.ledger.end(quiz).await.unwrap();
    let rows = fresh.result_rows(quiz, None).await;
    assert_eq!(rows.len(), 2500);
    assert!(rows.is_sorted_by(|a, b| (b.key, a.participant) < (a.key, b.participant)));
    assert!((1..).zip(&rows).all(|(rank, row)| row.rank == rank), "no two of them tie");
}

pub(super) async fn a_users_performance_is_told_by_quiz_and_subject(fresh: &Fresh) {
    fresh.make_subject("ART").await;
    fresh.make_subject("BIO").await;
    let played = fresh.class("BIO", &["ada", "bob", "cy"]).await;
    fresh.record(&[played.answer(0, 0, 10), played.answer(1, 0, 10), played.answer(2, 0, 0)]).await;
    fresh.ledger.end(played.quiz).await.unwrap();
    fresh.settle_all().await;
    fresh.clock.advance(MINUTES);
    let uploaded = fresh.quiz_of("BIO").await;
    fresh.upload(uploaded, &[("ada", 40, 30_000), ("bob", 50, 30_000)]).await;
    let (plain, _) = fresh.quiz(0).await;
    fresh.clock.advance(MINUTES);
    fresh.upload(plain, &[("ada", 1, 1)]).await;
    let art = fresh.quiz_of("ART").await;
    fresh.upload(art, &[("bob", 1, 1)]).await;

    let (quizzes, subjects) = fresh.ledger.performance(&user("ada")).await.unwrap();
    let told: Vec<_> = quizzes.iter().map(|q| (q.quiz, q.rank, q.total, q.key.score(), q.answers)).collect();
    let ada_rank = fresh.results(played.quiz, None).await.iter().find(|row| row.1 == "ada").unwrap().0;
    assert_eq!(
        told,
        [
            (plain, 1, 1, 1, counts(0, 0)),
            (uploaded, 2, 2, 40, counts(0, 0)),
            (played.quiz, ada_rank, 3, 10, counts(1, 1)),
        ]
    );
    assert_eq!((quizzes[2].participant, quizzes[2].title.as_str()), (played.seats[0], "a quiz"));
    assert_eq!(quizzes[2].subject, Some(subject("BIO")));
    let bio = &subjects[0];
    assert_eq!((subjects.len(), bio.subject.name.as_str()), (1, "The subject BIO"));
    assert_eq!((bio.rank, bio.total, bio.best), (2, 3, 40));
    let duration_ms = 30_000 + u64::from(quizzes[2].key.time_ms());
    assert_eq!(bio.sums, Sums { quiz_count: 2, duration_ms });
    assert_eq!(bio.key, Key::of_user(50, crate::ranking::average_seconds(duration_ms, 2)));

    let stranger = User { issuer: "club".to_owned(), ..user("ada") };
    assert_eq!(fresh.ledger.performance(&stranger).await.unwrap(), (vec![], vec![]));
}

pub(super) async fn a_performance_stays_with_its_run(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada", "bob"]).await;
    fresh.record(&[game.answer(1, 0, 10)]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    fresh.settle_all().await;
    fresh.ledger.start(game.quiz).await.unwrap();
    for name in ["cy", "dee"] {
        fresh.join(game.quiz, name).await;
    }
    let told = &fresh.ledger.performance(&user("ada")).await.unwrap().0[0];
    assert_eq!((told.rank, told.total), (2, 2));
}

pub(super) async fn what_was_answered_is_told_to_the_seat_and_its_user(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let game = fresh.class("BIO", &["ada"]).await;
    fresh.record(&[game.answer(0, 0, 0)]).await;
    for who in [Who::Participant(game.seats[0]), Who::User(user("ada"))] {
        let told = fresh.ledger.answer_counts(game.quiz, &who).await.unwrap();
        assert_eq!(told, (game.seats[0], counts(1, 0)));
    }
    for who in [Who::Participant(ParticipantId::random()), Who::User(user("eve"))] {
        let refused = refusal(fresh.ledger.answer_counts(game.quiz, &who).await);
        assert_eq!(refused, Refusal::NotAParticipant);
    }
    let nowhere = fresh.ledger.answer_counts(QuizId::random(), &Who::User(user("ada"))).await;
    assert_eq!(refusal(nowhere), Refusal::QuizNotFound);
    let guest = fresh.ledger.join(game.quiz, &named("guest")).await.unwrap().seat.id;
    let told = fresh.ledger.answer_counts(game.quiz, &Who::Participant(guest)).await.unwrap();
    assert_eq!(told, (guest, counts(0, 0)));
}
