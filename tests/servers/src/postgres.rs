//! One Postgres server for a test binary.
