//! Promises about proofs and repairs.

use super::Fresh;
use crate::{
    board::{BoardId, Member},
    ledger::{Effect, Totals},
};

pub(super) async fn totals_that_answers_do_not_add_up_to_are_found_and_repaired_as_one_change(fresh: &Fresh) {
    let game = fresh.game(3, &["ada", "bob"]).await;
    fresh.record(&[game.answer(0, 0, 10), game.answer(0, 1, 7), game.answer(1, 0, 0)]).await;
    assert_eq!(fresh.ledger.audit(game.quiz).await.unwrap(), []);
    assert!(matches!(fresh.ledger.repair(game.quiz).await.unwrap(), Effect::None));

    let ada = game.seats[0];
    let before = fresh.ledger.version(&BoardId::Quiz(game.quiz)).await.unwrap();
    fresh
        .execute(&format!("UPDATE participants SET score = 99, answered = 1 WHERE participant_id = '{ada}'"))
        .await;
    let found = fresh.ledger.audit(game.quiz).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].participant, found[0].stored.score, found[0].stored.answered), (ada, 99, 1));
    let Totals { score, answered, correct, .. } = found[0].counted;
    assert_eq!((score, answered, correct), (17, 2, 2));

    let Effect::Changed(change) = fresh.ledger.repair(game.quiz).await.unwrap() else { panic!("no change") };
    assert_eq!((change.from, change.to), (before.seq, before.seq + 1));
    assert_eq!(change.rows.iter().map(|row| row.member).collect::<Vec<_>>(), [Member::Participant(ada)]);
    assert_eq!(fresh.key(game.quiz, ada).await.score(), 17);
    assert_eq!(fresh.ledger.audit(game.quiz).await.unwrap(), []);
}

pub(super) async fn quizzes_are_named_page_by_page(fresh: &Fresh) {
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(fresh.game(1, &[]).await.quiz);
    }
    made.sort_unstable();
    let first = fresh.ledger.quiz_ids(None, 2).await.unwrap();
    assert_eq!(first, made[..2]);
    assert_eq!(fresh.ledger.quiz_ids(Some(first[1]), 2).await.unwrap(), made[2..]);
}

pub(super) async fn a_raised_epoch_stands_above_the_old_one(fresh: &Fresh) {
    let board = BoardId::Quiz(fresh.game(1, &["ada"]).await.quiz);
    let before = fresh.ledger.version(&board).await.unwrap();
    for _ in 0..2 {
        let raised = fresh.ledger.raise_epoch().await.unwrap();
        let after = fresh.ledger.version(&board).await.unwrap();
        assert!(after > before && after.epoch == raised && after.seq == before.seq);
    }
}

pub(super) async fn an_uploaded_seat_is_what_its_session_says(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(1).await;
    fresh.upload(quiz, &[("ada", 7, 5), ("bob", 0, 9)]).await;
    assert_eq!(fresh.ledger.audit(quiz).await.unwrap(), []);
    fresh.execute("UPDATE participants SET score = 8 WHERE username = 'ada'").await;
    let found = fresh.ledger.audit(quiz).await.unwrap();
    assert_eq!((found.len(), found[0].stored.score, found[0].counted.score), (1, 8, 7));
    fresh.ledger.repair(quiz).await.unwrap();
    assert_eq!(fresh.ledger.audit(quiz).await.unwrap(), []);
}
