//! One Redis server for a test.
