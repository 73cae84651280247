-- Nobody looks for a session by its identifier, which is random and so its own alone. (References to
-- other tables stay: here they cost little, and none can be dropped without copying its table.)
DROP INDEX sessions_id;
