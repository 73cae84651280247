-- When a quiz's board was last changed by anything but answers, so that what boards of quizzes that
-- are not started have missed is found. Answers leave it alone: an index has it.
ALTER TABLE quiz_counters ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX quiz_counters_moved ON quiz_counters (moved_at) WHERE status <> 'started';
DROP INDEX quizzes_ended;
