//! A short game in which every promise holds, for tests to break.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Promises, Violation, check};
use crate::{
    history::{
        Answer, Call, Closed, End, Ended, Frame, History, Join, Moment, Outcome, Row, Run, Seat, Sighting,
        Socket, Start, Status, Trouble, Verdict, Viewer, You,
    },
    truth::{self, Board, Counted, Ledger},
};

/// Asserts that the first of these is found, and nothing but what is named.
macro_rules! assert_broken {
    ($game:expr, $kind:pat_param $(| $beside:pat_param)* $(,)?) => {
        let found = $game.check();
        assert!(found.iter().any(|violation| matches!(violation, $kind)), "{found:#?}");
        assert!(found.iter().all(|violation| matches!(violation, $kind $(| $beside)*)), "{found:#?}");
    };
}
pub(crate) use assert_broken;

const EPOCH: u64 = 1_790_000_000;

pub(crate) fn ms(ms: u64) -> Moment {
    Duration::from_millis(ms)
}

#[derive(Clone)]
pub(crate) struct Game {
    pub(crate) history: History,
    pub(crate) ledger: Ledger,
    pub(crate) board: Board,
    pub(crate) promises: Promises,
}

impl Game {
    /// Three seats (versions 1 to 3), a start (4), four answers that count (5 to 8), an end (9).
    pub(crate) fn good() -> Self {
        let done =
            |correct, points, total, version| Outcome::Done(Verdict { correct, points, total, version });
        let unknown = || Outcome::Unknown(Trouble::new("DEADLINE_EXCEEDED"));
        let refused = |code: &str| Outcome::Refused(code.to_owned());
        let answers = vec![
            answer("a1", "p_a", "q1", 30, done(true, 10, 10, 5)),
            answer("b1", "p_b", "q1", 40, done(false, 0, 0, 6)),
            answer("c1", "p_c", "q1", 50, unknown()),
            answer("c1", "p_c", "q1", 60, done(true, 10, 10, 7)),
            answer("again", "p_a", "q1", 65, refused("ALREADY_ANSWERED")),
            answer("a2", "p_a", "q2", 70, done(true, 10, 20, 8)),
            answer("never", "p_b", "q2", 80, unknown()),
            answer("late", "p_c", "q2", 110, refused("QUIZ_ENDED")),
        ];
        let counted = vec![
            counted("a1", "p_a", "q1", 10, (5, 10)),
            counted("b1", "p_b", "q1", 0, (6, 20)),
            counted("c1", "p_c", "q1", 10, (7, 40)),
            counted("a2", "p_a", "q2", 10, (8, 50)),
        ];
        let joins = ["a", "b", "c"].map(|name| {
            let seat = Seat { participant: format!("p_{name}") };
            call(Join { username: name.to_owned() }, 0, Outcome::Done(seat))
        });
        let history = History {
            joins: joins.into(),
            starts: vec![call(Start, 20, Outcome::Done(Run(1)))],
            answers,
            ends: vec![
                call(End, 90, Outcome::Done(Ended { run: 1, rows: rows(9) })),
                call(End, 120, Outcome::Done(Ended { run: 1, rows: rows(9) })),
            ],
            viewers: vec![
                Viewer {
                    participant: "p_a".to_owned(),
                    sockets: vec![socket("p_a", &[(25, 4), (36, 5), (66, 7), (76, 8), (99, 9)])],
                },
                Viewer {
                    participant: "p_b".to_owned(),
                    sockets: vec![
                        Socket {
                            closed: Some(Closed { at: ms(50), code: Some((1001, String::new())) }),
                            ..socket("p_b", &[(25, 4), (36, 5)])
                        },
                        socket("p_b", &[(66, 7), (99, 9)]),
                    ],
                },
            ],
        };
        let ledger = Ledger {
            epoch: EPOCH,
            last_seq: 9,
            status: Status::Ended,
            runs: BTreeMap::from([(0, 1)]),
            seats: vec![seat("a", 20, 2, 2, 50), seat("b", 0, 1, 0, 0), seat("c", 10, 1, 1, 40)],
            answers: counted,
        };
        Self {
            history,
            ledger,
            board: Board { epoch: EPOCH, version: 9, rows: rows(9) },
            promises: Promises { quiet_from: ms(98), settled_within: ms(50), behind_at_most: ms(10) },
        }
    }

    /// The same, and then another start (10), an answer that counts once more (11), an end (12).
    pub(crate) fn restarted() -> Self {
        let Self { mut history, mut ledger, promises, .. } = Self::good();
        history.starts.push(call(Start, 130, Outcome::Done(Run(2))));
        let verdict = Verdict { correct: true, points: 10, total: 10, version: 11 };
        history.answers.push(answer("a1", "p_a", "q1", 140, Outcome::Done(verdict)));
        history.ends.push(call(End, 150, Outcome::Done(Ended { run: 2, rows: rows(12) })));
        for (viewer, seen) in [("p_a", &[(136, 10), (146, 11), (160, 12)][..]), ("p_b", &[(160, 12)])] {
            let viewer = history.viewers.iter_mut().find(|seen| seen.participant == viewer).unwrap();
            let seen = socket(&viewer.participant, seen).sightings;
            viewer.sockets.last_mut().unwrap().sightings.extend(seen);
        }
        (ledger.last_seq, ledger.runs) = (12, BTreeMap::from([(0, 1), (10, 2)]));
        ledger.answers.push(Counted { run: 2, ..counted("a1", "p_a", "q1", 10, (11, 10)) });
        ledger.seats = vec![seat("a", 10, 1, 1, 10), seat("b", 0, 0, 0, 0), seat("c", 0, 0, 0, 0)];
        let board = Board { epoch: EPOCH, version: 12, rows: rows(12) };
        Self { history, ledger, board, promises: Promises { quiet_from: ms(154), ..promises } }
    }

    pub(crate) fn check(&self) -> Vec<Violation> {
        check(&self.history, &self.ledger, &self.board, self.promises)
    }

    /// The attempts with one submission id.
    pub(crate) fn attempts(&mut self, submission_id: &str) -> Vec<&mut Call<Answer, Verdict>> {
        let is_it = |call: &&mut Call<Answer, Verdict>| call.request.submission_id == submission_id;
        self.history.answers.iter_mut().filter(is_it).collect()
    }

    /// The ledger's row of one submission.
    pub(crate) fn row(&self, submission_id: &str) -> &Counted {
        self.ledger.answers.iter().find(|row| row.submission_id == submission_id).unwrap()
    }

    /// Lets the ledger count a submission that it did not.
    pub(crate) fn count(&mut self, submission_id: &str, seq: u64) {
        let Answer { participant, question, .. } = self.attempts(submission_id)[0].request.clone();
        let time = 100;
        self.ledger.answers.push(counted(submission_id, &participant, &question, 10, (seq, time)));
    }
}

fn call<Q, A>(request: Q, began: u64, outcome: Outcome<A>) -> Call<Q, A> {
    Call { request, began: ms(began), ended: ms(began + 4), outcome }
}

fn answer(
    submission_id: &str,
    participant: &str,
    question: &str,
    began: u64,
    outcome: Outcome<Verdict>,
) -> Call<Answer, Verdict> {
    let request = Answer {
        participant: participant.to_owned(),
        question: question.to_owned(),
        submission_id: submission_id.to_owned(),
        choice: 0,
    };
    call(request, began, outcome)
}

/// An answer that counts, at a version and a time.
fn counted(
    submission_id: &str,
    participant: &str,
    question: &str,
    points: u32,
    (seq, time): (u64, u64),
) -> Counted {
    Counted {
        run: 1,
        participant: participant.to_owned(),
        question: question.to_owned(),
        submission_id: submission_id.to_owned(),
        choice: 0,
        correct: points > 0,
        points,
        seq,
        time: ms(time),
    }
}

fn seat(name: &str, score: u32, answered: u32, correct: u32, time: u64) -> truth::Seat {
    let (participant, username) = (format!("p_{name}"), name.to_owned());
    truth::Seat { participant, username, score, answered, correct, time: ms(time) }
}

/// A row of somebody who is named like the seat, without `p_`.
pub(crate) fn row(participant: &str, score: u32, rank: u32) -> Row {
    let username = participant.trim_start_matches("p_").to_owned();
    Row { participant: participant.to_owned(), username, score, rank }
}

/// The board as it stood at a version.
fn rows(version: u64) -> Vec<Row> {
    let scores = match version {
        ..=4 | 10 => [("p_a", 0), ("p_b", 0), ("p_c", 0)],
        5..=6 | 11.. => [("p_a", 10), ("p_b", 0), ("p_c", 0)],
        7 => [("p_a", 10), ("p_c", 10), ("p_b", 0)],
        _ => [("p_a", 20), ("p_c", 10), ("p_b", 0)],
    };
    let alike = match version {
        ..=4 | 10 => [1, 1, 1],
        5..=6 | 11.. => [1, 2, 2],
        _ => [1, 2, 3],
    };
    scores.iter().zip(alike).map(|((participant, score), rank)| row(participant, *score, rank)).collect()
}

/// A socket that shows the given versions at the given times.
fn socket(participant: &str, seen: &[(u64, u64)]) -> Socket {
    let sighting = |&(at, version): &(u64, u64)| {
        let rows = rows(version);
        let own = rows.iter().find(|row| row.participant == participant).unwrap();
        let you = You { score: own.score, rank: own.rank, version };
        let status = if matches!(version, 9 | 12) { Status::Ended } else { Status::Started };
        let frame = Frame { epoch: EPOCH, version, status, total: 3, rows };
        Sighting { at: ms(at), frame: Arc::new(frame), stale: false, you: Some(you) }
    };
    Socket { opened: ms(seen[0].0), sightings: seen.iter().map(sighting).collect(), ..Socket::default() }
}
