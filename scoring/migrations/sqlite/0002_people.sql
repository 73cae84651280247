-- People across quizzes. Keys are those of the ranking: one number that orders rows, greater first.

CREATE TABLE subjects (
    subject TEXT PRIMARY KEY,
    name    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whoever changes a subject's board takes this row's lock, after those of quizzes.
CREATE TABLE subject_counters (
    subject  TEXT PRIMARY KEY REFERENCES subjects,
    last_seq INTEGER NOT NULL DEFAULT 0,     -- the board's version
    moved_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

ALTER TABLE quizzes ADD COLUMN subject TEXT REFERENCES subjects;

-- How a seat came to be: 'join', or 'upload' of a finished attempt, which cannot answer.
ALTER TABLE participants ADD COLUMN origin TEXT NOT NULL DEFAULT 'join';

-- Finished runs.
CREATE TABLE runs (
    quiz_id    TEXT NOT NULL REFERENCES quizzes ON DELETE CASCADE,
    run        INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    settled_to TEXT NOT NULL DEFAULT '',     -- seats up to this one have become sessions
    sessions   INTEGER NOT NULL DEFAULT 0,   -- how many that were
    is_settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (quiz_id, run)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_unsettled ON runs (ended_at) WHERE NOT is_settled;

-- The seats of finished runs as they stood at the end.
CREATE TABLE standings (
    quiz_id        TEXT NOT NULL REFERENCES quizzes ON DELETE CASCADE,
    run            INTEGER NOT NULL,
    participant_id TEXT NOT NULL,
    user_id        TEXT,
    username       TEXT NOT NULL,
    origin         TEXT NOT NULL,
    score          INTEGER NOT NULL,
    time_ms        INTEGER NOT NULL,
    answered       INTEGER NOT NULL,
    correct        INTEGER NOT NULL,
    key            INTEGER NOT NULL GENERATED ALWAYS AS (score * 2147483648 + 2147483647 - time_ms) STORED,
    PRIMARY KEY (quiz_id, run, participant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX standings_best ON standings (quiz_id, run, key DESC, participant_id);

-- Finished attempts: of each user and quiz the last one.
CREATE TABLE sessions (
    quiz_id        TEXT NOT NULL REFERENCES quizzes ON DELETE CASCADE,
    user_id        TEXT NOT NULL REFERENCES users,
    session_id     TEXT NOT NULL,
    participant_id TEXT NOT NULL,            -- its seat, in its run
    run            INTEGER NOT NULL,
    subject        TEXT,                     -- that of the quiz
    origin         TEXT NOT NULL,
    username       TEXT NOT NULL,
    score          INTEGER NOT NULL,
    duration_ms    INTEGER NOT NULL,
    started_at     INTEGER,
    ended_at       INTEGER,
    at             INTEGER NOT NULL,         -- ended_at, or else when it came in
    PRIMARY KEY (quiz_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX sessions_id ON sessions (session_id);
CREATE INDEX sessions_newest_of_user ON sessions (user_id, at, session_id);

-- What each user's sessions of a subject come to. One without sessions stays as a tombstone.
CREATE TABLE subject_scores (
    subject     TEXT NOT NULL REFERENCES subjects,
    user_id     TEXT NOT NULL REFERENCES users,
    username    TEXT NOT NULL,               -- of the latest session
    quiz_count  INTEGER NOT NULL,
    total       INTEGER NOT NULL,
    best        INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    seq         INTEGER NOT NULL,            -- the version of the last change
    key         INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE WHEN total > 4294967295 THEN 4294967295 ELSE total END * 2097152 + 2097151
        - CASE WHEN quiz_count = 0 THEN 0
               WHEN (duration_ms + 500 * quiz_count) / (1000 * quiz_count) > 2097151 THEN 2097151
               ELSE (duration_ms + 500 * quiz_count) / (1000 * quiz_count) END) STORED,
    PRIMARY KEY (subject, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX subject_scores_best ON subject_scores (subject, key DESC, user_id) WHERE quiz_count <> 0;
CREATE INDEX subject_scores_of_user ON subject_scores (user_id);

-- What happened across quizzes, kept for an hour. The counter's lock is the last that is taken,
-- so that no event is seen before one of a lower number.
CREATE TABLE activity (
    seq   INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    event TEXT NOT NULL                      -- JSON
) STRICT;

CREATE INDEX activity_at ON activity (at);

CREATE TABLE activity_counter (last_seq INTEGER NOT NULL) STRICT;
INSERT INTO activity_counter VALUES (0);

-- The rows of both kinds of boards, alike.
CREATE VIEW quiz_rows AS
    SELECT quiz_id AS board, participant_id AS member, username, 0 AS quiz_count, 0 AS duration_ms,
        score * 2147483648 + 2147483647 - time_ms AS key, seq, removed
    FROM participants;

CREATE VIEW subject_rows AS
    SELECT subject AS board, user_id AS member, username, quiz_count, duration_ms, key, seq,
        quiz_count = 0 AS removed
    FROM subject_scores;

-- Quizzes that had ended before: their sessions follow.
INSERT INTO runs (quiz_id, run, started_at, ended_at)
SELECT q.quiz_id, c.run, c.started_at, q.ended_at
FROM quizzes q JOIN quiz_counters c ON c.quiz_id = q.quiz_id WHERE q.ended_at IS NOT NULL;

INSERT INTO standings (quiz_id, run, participant_id, user_id, username, origin, score, time_ms, answered, correct)
SELECT p.quiz_id, r.run, p.participant_id, p.user_id, p.username, p.origin, p.score, p.time_ms, p.answered, p.correct
FROM participants p JOIN runs r ON r.quiz_id = p.quiz_id WHERE NOT p.removed;
