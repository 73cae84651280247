//! Promises about the rankings as the ledger knows them.

use super::{
    Fresh,
    play::{MINUTES, Model, changed, question},
};
use crate::{
    board::{BoardId, Member, View, Window},
    ids::{ParticipantId, UserId},
    ledger::Effect,
    ranking::Key,
};

/// Seats with these scores, all of the same time, ordered as the board orders them.
async fn seats_with(fresh: &Fresh, scores: &[u32]) -> (BoardId, Vec<Member>) {
    let names: Vec<String> = (0..scores.len()).map(|number| format!("seat {number}")).collect();
    let game = fresh.game(1, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut places = Vec::new();
    for (seat, score) in game.seats.iter().zip(scores) {
        let sql =
            format!("UPDATE participants SET score = {score}, time_ms = 5 WHERE participant_id = '{seat}'");
        assert_eq!(fresh.execute(&sql).await, 1);
        places.push((std::cmp::Reverse(*score), *seat));
    }
    places.sort_unstable();
    (BoardId::Quiz(game.quiz), places.into_iter().map(|(_, seat)| Member::Participant(seat)).collect())
}

fn members_and_ranks(view: &View) -> (Vec<Member>, Vec<u32>) {
    view.rows.iter().map(|row| (row.member, row.rank)).unzip()
}

pub(super) async fn a_tie_shares_a_rank_also_across_a_page_border(fresh: &Fresh) {
    let (board, members) = seats_with(fresh, &[10, 30, 20, 20, 20, 5]).await;
    let ranks = [1, 2, 2, 2, 5, 6];
    for limit in 1..=7 {
        for offset in 0..=7 {
            let window = Window::Page { offset, limit };
            let view = fresh.ledger.view(&board, window, &[]).await.unwrap();
            let (from, to) = ((offset as usize).min(6), ((offset + limit) as usize).min(6));
            let expected = (members[from..to].to_vec(), ranks[from..to].to_vec());
            assert_eq!((members_and_ranks(&view), view.total), (expected, 6), "{window:?}");
        }
    }
    let view = fresh.ledger.view(&board, Window::Page { offset: 0, limit: 1 }, &[]).await.unwrap();
    assert_eq!((view.rows[0].key, view.rows[0].label.as_ref()), (Key::of_seat(30, 5), "seat 1"));
}

pub(super) async fn a_window_around_a_row_has_it_in_the_middle_or_is_shifted(fresh: &Fresh) {
    let (board, members) = seats_with(fresh, &[10, 30, 20, 20, 20, 5]).await;
    for (place, limit, expected) in [
        (0, 3, 0..3),
        (1, 3, 0..3),
        (2, 3, 1..4),
        (3, 3, 2..5),
        (4, 3, 3..6),
        (5, 3, 3..6),
        (3, 1, 3..4),
        (2, 10, 0..6),
    ] {
        let window = Window::Around { member: members[place], limit };
        let view = fresh.ledger.view(&board, window, &[]).await.unwrap();
        assert_eq!(members_and_ranks(&view).0, members[expected], "{limit} around place {place}");
    }
    for member in [Member::Participant(ParticipantId::random()), Member::User(UserId::random())] {
        let view = fresh.ledger.view(&board, Window::Around { member, limit: 3 }, &[]).await.unwrap();
        assert_eq!((view.rows.len(), view.total), (0, 6));
    }
}

pub(super) async fn standings_come_in_the_order_asked(fresh: &Fresh) {
    let (board, members) = seats_with(fresh, &[10, 30, 20, 20]).await;
    let nobody = Member::Participant(ParticipantId::random());
    let asked = [members[3], nobody, members[1], members[2], members[1]];
    let view = fresh.ledger.view(&board, Window::Page { offset: 0, limit: 1 }, &asked).await.unwrap();
    let standings: Vec<_> =
        view.standings.iter().map(|row| row.as_ref().map(|r| (r.member, r.rank))).collect();
    let expected =
        [Some((members[3], 4)), None, Some((members[1], 2)), Some((members[2], 2)), Some((members[1], 2))];
    assert_eq!(standings, expected);
    assert_eq!(view.standings[0].as_ref().unwrap().key, Key::of_seat(10, 5));
}

pub(super) async fn what_changed_since_any_version_heals_exactly(fresh: &Fresh) {
    let game = fresh.game(3, &["ada", "bob", "cy"]).await;
    let board = BoardId::Quiz(game.quiz);
    let mut states = vec![Model::of(&fresh.snapshot(game.quiz).await)];
    for step in 0..6 {
        match step {
            0 => drop(fresh.record(&[game.answer(0, 0, 10), game.answer(1, 0, 0)]).await),
            1 => drop(fresh.join(game.quiz, "dee").await),
            2 => drop(fresh.ledger.remove(game.quiz, game.seats[1]).await.unwrap()),
            3 => drop(fresh.record(&[game.answer(0, 0, 10)]).await),
            4 => drop(fresh.record(&[game.answer(2, 0, 10), game.answer(2, 1, 10)]).await),
            _ => drop(fresh.ledger.end(game.quiz).await.unwrap()),
        }
        states.push(Model::of(&fresh.snapshot(game.quiz).await));
    }
    let last = states.pop().unwrap();
    for mut state in states {
        let change = changed(fresh.ledger.changed_since(&board, state.seq).await.unwrap());
        state.apply(&change);
        assert_eq!(state, last);
    }
    for seq in [last.seq, last.seq + 1] {
        assert!(matches!(fresh.ledger.changed_since(&board, seq).await.unwrap(), Effect::None));
    }
}

pub(super) async fn a_restart_between_asks_for_a_rebuild(fresh: &Fresh) {
    let game = fresh.game(1, &["ada"]).await;
    fresh.record(&[game.answer(0, 0, 10)]).await;
    fresh.ledger.end(game.quiz).await.unwrap();
    let board = BoardId::Quiz(game.quiz);
    let ended = fresh.ledger.version(&board).await.unwrap().seq;
    fresh.ledger.start(game.quiz).await.unwrap();
    let mut model = Model::of(&fresh.snapshot(game.quiz).await);
    fresh.join(game.quiz, "bob").await;
    for seq in [0, ended] {
        let effect = fresh.ledger.changed_since(&board, seq).await.unwrap();
        assert!(matches!(effect, Effect::Reset(reset) if reset == board));
    }
    model.apply(&changed(fresh.ledger.changed_since(&board, model.seq).await.unwrap()));
    assert_eq!(model, Model::of(&fresh.snapshot(game.quiz).await));
}

pub(super) async fn boards_of_started_and_lately_changed_quizzes_are_active(fresh: &Fresh) {
    let [early, late, left, started] = [
        fresh.game(1, &["a"]).await,
        fresh.game(1, &["b"]).await,
        fresh.game(1, &["c"]).await,
        fresh.game(1, &["d"]).await,
    ];
    let [waiting, joined] = [fresh.quiz(1).await.0, fresh.quiz(1).await.0];
    fresh.join(waiting, "e").await;
    for ended in [&early, &left] {
        fresh.ledger.end(ended.quiz).await.unwrap();
    }
    fresh.clock.advance(MINUTES);
    let since = fresh.ledger.now().await.unwrap();
    fresh.ledger.end(late.quiz).await.unwrap();
    fresh.ledger.remove(left.quiz, left.seats[0]).await.unwrap();
    fresh.join(joined, "f").await;
    // This changes no board.
    fresh.ledger.add_question(waiting, &question("why?")).await.unwrap();

    let mut active = fresh.ledger.active(since).await.unwrap();
    active.sort();
    let mut expected = Vec::new();
    for board in [late.quiz, left.quiz, started.quiz, joined].map(BoardId::Quiz) {
        let version = fresh.ledger.version(&board).await.unwrap();
        expected.push((board, version));
    }
    expected.sort();
    assert_eq!(active, expected);
}

pub(super) async fn versions_stay_when_a_ledger_is_opened_again(fresh: &Fresh) {
    let game = fresh.game(1, &["ada"]).await;
    fresh.record(&[game.answer(0, 0, 10)]).await;
    let board = BoardId::Quiz(game.quiz);
    let before = fresh.ledger.version(&board).await.unwrap();
    fresh.ledger.close().await;
    let reopened = fresh.another();
    reopened.migrate().await.unwrap();
    assert_eq!(reopened.version(&board).await.unwrap(), before);
    assert!(before.epoch > 1_700_000_000 && before.seq > 0);
    assert_eq!(reopened.snapshot(&board).await.unwrap().rows[0].key.score(), 10);
}
