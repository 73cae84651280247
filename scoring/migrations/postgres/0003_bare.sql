-- Uploads store some hundred thousand rows at once, and these checked each of them again.
--
-- Whatever writes seats, standings or sessions of a quiz holds the lock of its counter and so cannot
-- outlive it; deleting a quiz takes the same lock first and deletes them by name. Users and subjects
-- are never deleted, and stand there before the first row that names them: a user is read or made
-- before, a subject's counter is locked by whoever counts its scores.
ALTER TABLE participants
    DROP CONSTRAINT IF EXISTS participants_quiz_id_fkey,
    DROP CONSTRAINT IF EXISTS participants_user_id_fkey;
ALTER TABLE standings
    DROP CONSTRAINT IF EXISTS standings_quiz_id_fkey;
ALTER TABLE sessions
    DROP CONSTRAINT IF EXISTS sessions_quiz_id_fkey,
    DROP CONSTRAINT IF EXISTS sessions_user_id_fkey;
ALTER TABLE subject_scores
    DROP CONSTRAINT IF EXISTS subject_scores_subject_fkey,
    DROP CONSTRAINT IF EXISTS subject_scores_user_id_fkey;

-- Nobody looks for a session by its identifier, which is random and so its own alone.
DROP INDEX sessions_id;
