//! People, subjects and uploads for the promises to be tried on.

use std::collections::BTreeMap;

use super::{
    Fresh,
    play::{MINUTES, plan},
};
use crate::{
    activity::{Activity, Event},
    board::{BoardId, Member, Snapshot},
    ids::{QuizId, UserId},
    ledger::{Effect, Ledger, Result, SessionsOf, Upload, Uploaded, User},
    quiz::{Subject, Username},
    ranking::{Key, average_seconds},
    sessions::{Attempt, Claimed, Line, LineError, NamedSubject, Session, Sums, UserLabel},
};

pub(super) fn subject(code: &str) -> Subject {
    code.parse().unwrap()
}

pub(super) fn board_of(code: &str) -> BoardId {
    BoardId::Subject(subject(code))
}

pub(super) fn user(sub: &str) -> User {
    User { issuer: "school".to_owned(), subject: sub.to_owned() }
}

/// A line whose user and name are the same.
pub(super) fn line(number: u32, sub: &str, score: u32, duration_ms: u64) -> Line {
    let username = Username::parse(sub).unwrap();
    let attempt = Attempt::parse(&username, score, duration_ms, None, None).unwrap();
    Line { number, content: Ok(Claimed { sub: sub.to_owned(), username, attempt }) }
}

/// Lines numbered from 1.
pub(super) fn lines(rows: &[(&str, u32, u64)]) -> Vec<Line> {
    (1..).zip(rows).map(|(number, (sub, score, ms))| line(number, sub, *score, *ms)).collect()
}

pub(super) fn upload_of(quiz: QuizId, lines: Vec<Line>) -> Upload {
    Upload { quiz, issuer: "school".to_owned(), partial: false, lines }
}

/// How many were inserted, how many unchanged, and what is wrong with the others.
pub(super) fn fates(told: &Uploaded) -> (u32, u32, Vec<LineError>) {
    assert_eq!(told.errors.len(), told.error_count as usize);
    (told.inserted, told.unchanged, told.errors.clone())
}

/// Settles the next seats of the quiz that ended first; none if there is nothing to settle.
pub(super) async fn settle_next(ledger: &dyn Ledger) -> Result<Option<Effect>> {
    while let Some(quiz) = ledger.unsettled().await?.first() {
        // Somebody else may have been quicker.
        if let Some(effect) = ledger.settle(*quiz).await? {
            return Ok(Some(effect));
        }
    }
    Ok(None)
}

impl Fresh {
    pub(super) async fn make_subject(&self, code: &str) {
        let named = NamedSubject { code: subject(code), name: format!("The subject {code}") };
        self.ledger.put_subject(&named).await.unwrap();
    }

    /// Makes a pending quiz of a subject, without questions.
    pub(super) async fn quiz_of(&self, code: &str) -> QuizId {
        let mut plan = plan("a quiz");
        plan.subject = Some(subject(code));
        self.ledger.create("host", &plan).await.unwrap().id
    }

    pub(super) async fn upload(&self, quiz: QuizId, rows: &[(&str, u32, u64)]) -> Uploaded {
        self.ledger.upload(&upload_of(quiz, lines(rows))).await.unwrap()
    }

    pub(super) async fn sessions_of(&self, quiz: QuizId) -> Vec<Session> {
        let (sessions, total) =
            self.ledger.sessions(&SessionsOf::Quiz(quiz), u32::MAX >> 1, 0).await.unwrap();
        assert_eq!(sessions.len(), total as usize);
        sessions
    }

    /// Names, scores and durations of a quiz's sessions, by name.
    pub(super) async fn scores_of(&self, quiz: QuizId) -> Vec<(String, u32, u32)> {
        let sessions = self.sessions_of(quiz).await.into_iter();
        let mut scores: Vec<_> =
            sessions.map(|s| (s.attempt.username, s.attempt.score, s.attempt.duration_ms)).collect();
        scores.sort();
        scores
    }

    /// Settles until there is nothing left.
    pub(super) async fn settle_all(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(effect) = settle_next(&*self.ledger).await.unwrap() {
            effects.push(effect);
        }
        effects
    }

    /// Checks that whatever rows name is there, also where the database does not see to it.
    pub(super) async fn check_names(&self) {
        for (table, name, named) in [
            ("participants", "quiz_id", "quizzes"),
            ("participants", "user_id", "users"),
            ("standings", "quiz_id", "quizzes"),
            ("sessions", "quiz_id", "quizzes"),
            ("sessions", "user_id", "users"),
            ("subject_scores", "subject", "subjects"),
            ("subject_scores", "user_id", "users"),
        ] {
            let orphans = format!(
                "UPDATE {table} SET {name} = {name}
                 WHERE {name} IS NOT NULL AND {name} NOT IN (SELECT {name} FROM {named})"
            );
            assert_eq!(self.execute(&orphans).await, 0, "{name} in {table}");
        }
    }

    pub(super) async fn activity(&self) -> Vec<Activity> {
        self.ledger.activity_after(0, u32::MAX >> 1).await.unwrap()
    }

    pub(super) async fn events(&self) -> Vec<Event> {
        self.activity().await.into_iter().map(|activity| activity.event).collect()
    }

    /// Users without a past in seats without a name: `count` of them, by SQL. Their scores are
    /// their numbers modulo 7.
    pub(super) async fn crowd(&self, quiz: QuizId, count: u32) {
        let numbers = format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
        );
        self.execute(&format!(
            "INSERT INTO users (user_id, issuer, subject) {numbers}
             SELECT 'u_' || CAST(100000000000 + n AS TEXT), 'school', 'pupil ' || CAST(n AS TEXT) FROM numbers"
        ))
        .await;
        self.execute(&format!(
            "INSERT INTO participants
                 (quiz_id, participant_id, username, folded, user_id, score, time_ms, seq) {numbers}
             SELECT '{quiz}', 'p_' || CAST(100000000000 + n AS TEXT), 'pupil ' || CAST(n AS TEXT),
                 'pupil ' || CAST(n AS TEXT), 'u_' || CAST(100000000000 + n AS TEXT), n % 7, n, 1 FROM numbers"
        ))
        .await;
        self.execute(&format!("UPDATE quiz_counters SET seats = seats + {count} WHERE quiz_id = '{quiz}'"))
            .await;
    }

    /// Checks a subject's board against the sums of the sessions of these quizzes, and that its
    /// window and standings are in order.
    pub(super) async fn check_subject(&self, code: &str, quizzes: &[QuizId]) -> Snapshot {
        let mut sums: BTreeMap<UserId, (u32, Sums)> = BTreeMap::new();
        let mut names: BTreeMap<UserId, (i64, String, String)> = BTreeMap::new();
        for quiz in quizzes {
            for session in self.sessions_of(*quiz).await {
                let (total, sum) =
                    sums.entry(session.user).or_insert((0, Sums { quiz_count: 0, duration_ms: 0 }));
                *total += session.attempt.score;
                sum.quiz_count += 1;
                sum.duration_ms += u64::from(session.attempt.duration_ms);
                let ended = session.attempt.ended_at.map_or(i64::MAX, jiff::Timestamp::as_millisecond);
                let name = (ended, session.id.to_string(), session.attempt.username);
                let latest = names.entry(session.user).or_insert_with(|| name.clone());
                *latest = name.max(latest.clone());
            }
        }
        let snapshot = self.ledger.snapshot(&board_of(code)).await.unwrap();
        let mut found: Vec<_> =
            snapshot.rows.iter().map(|row| (row.member, row.key, row.label.to_string())).collect();
        found.sort();
        let expected: Vec<_> = sums
            .into_iter()
            .map(|(user, (total, sums))| {
                let key = Key::of_user(total, average_seconds(sums.duration_ms, sums.quiz_count));
                let username = names.remove(&user).unwrap().2;
                (Member::User(user), key, UserLabel { sums, username }.to_string())
            })
            .collect();
        assert_eq!(found, expected);
        snapshot
    }
}

/// A started quiz with these users in it, in a subject.
impl Fresh {
    pub(super) async fn class(&self, code: &str, names: &[&str]) -> super::play::Game {
        let quiz = self.quiz_of(code).await;
        let question = super::play::question("why?");
        self.ledger.add_question(quiz, &question).await.unwrap();
        let mut seats = Vec::new();
        for name in names {
            let join = crate::ledger::Join { user: Some(user(name)), ..super::play::named(name) };
            seats.push(self.ledger.join(quiz, &join).await.unwrap().seat.id);
        }
        self.ledger.start(quiz).await.unwrap();
        super::play::Game { quiz, questions: vec![question.id], seats }
    }

    /// Moves the clock, so that what follows is later.
    pub(super) fn later(&self) {
        self.clock.advance(MINUTES);
    }
}
