-- Times are ms since 1970. Identifiers compare by their bytes (BINARY is SQLite's default).

-- One row: when this ledger was made, in seconds since 1970. Versions compare within one epoch.
CREATE TABLE epoch (epoch INTEGER NOT NULL) STRICT;
INSERT INTO epoch VALUES (unixepoch());

CREATE TABLE quizzes (
    quiz_id     TEXT PRIMARY KEY,
    join_code   TEXT NOT NULL,
    owner_id    TEXT NOT NULL,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    duration_s  INTEGER NOT NULL,
    listed      INTEGER NOT NULL,
    self_report INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER             -- set exactly while the status is ended
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX quizzes_open_code ON quizzes (join_code) WHERE ended_at IS NULL;
CREATE INDEX quizzes_newest ON quizzes (created_at, quiz_id);
CREATE INDEX quizzes_newest_of_owner ON quizzes (owner_id, created_at, quiz_id);
CREATE INDEX quizzes_ended ON quizzes (ended_at) WHERE ended_at IS NOT NULL;

-- What changes with every answer, narrow and apart from the rest. Whoever changes a board takes
-- this row's lock first; last_seq is the board's version and never goes back.
CREATE TABLE quiz_counters (
    quiz_id    TEXT PRIMARY KEY REFERENCES quizzes ON DELETE CASCADE,
    run        INTEGER NOT NULL DEFAULT 0,
    status     TEXT NOT NULL DEFAULT 'pending',
    started_at INTEGER,
    ends_at    INTEGER,
    seats      INTEGER NOT NULL DEFAULT 0,
    last_seq   INTEGER NOT NULL DEFAULT 0,
    reset_seq  INTEGER NOT NULL DEFAULT 0    -- the version that set all scores back to 0
) STRICT, WITHOUT ROWID;

CREATE INDEX quiz_counters_started ON quiz_counters (ends_at) WHERE status = 'started';

CREATE TABLE questions (
    quiz_id     TEXT NOT NULL REFERENCES quizzes ON DELETE CASCADE,
    question_id TEXT NOT NULL,
    position    INTEGER NOT NULL,
    text        TEXT NOT NULL,
    options     TEXT NOT NULL,      -- JSON: an array of texts
    correct     INTEGER NOT NULL,
    points      INTEGER NOT NULL,
    PRIMARY KEY (quiz_id, question_id)
) STRICT, WITHOUT ROWID;

-- People across quizzes, by who vouches for them and under which name.
CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    UNIQUE (issuer, subject)
) STRICT, WITHOUT ROWID;

-- Seats. A removed one stays, without its claims, so that boards that missed it learn of it.
CREATE TABLE participants (
    quiz_id        TEXT NOT NULL REFERENCES quizzes ON DELETE CASCADE,
    participant_id TEXT NOT NULL,
    username       TEXT NOT NULL,
    folded         TEXT,                     -- none once it is removed, as with the next two
    user_id        TEXT REFERENCES users,
    join_id        TEXT,                     -- of a seat without a user
    score          INTEGER NOT NULL DEFAULT 0,
    time_ms        INTEGER NOT NULL,
    answered       INTEGER NOT NULL DEFAULT 0,
    correct        INTEGER NOT NULL DEFAULT 0,
    seq            INTEGER NOT NULL,         -- the version of the last change
    removed        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (quiz_id, participant_id)
) STRICT, WITHOUT ROWID;

-- None of their conditions is one of the hot path's, so that a planner who takes the table for
-- small cannot mistake them for its key and read a whole quiz for every answer.
CREATE UNIQUE INDEX participants_name ON participants (quiz_id, folded) WHERE folded IS NOT NULL;
CREATE UNIQUE INDEX participants_user ON participants (quiz_id, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX participants_join ON participants (quiz_id, join_id) WHERE join_id IS NOT NULL;

-- The log. No foreign key: it would be checked for every row of the hot path, and a row gets in
-- only by a join with its participant.
CREATE TABLE answers (
    quiz_id        TEXT NOT NULL,
    run            INTEGER NOT NULL,
    participant_id TEXT NOT NULL,
    question_id    TEXT NOT NULL,
    submission_id  TEXT,
    choice         INTEGER NOT NULL,
    correct        INTEGER NOT NULL,
    points         INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    time_ms        INTEGER NOT NULL,         -- from the start of the run
    PRIMARY KEY (quiz_id, run, participant_id, question_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX answers_submission ON answers (quiz_id, run, participant_id, submission_id)
    WHERE submission_id IS NOT NULL;
