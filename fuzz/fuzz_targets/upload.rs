//! Runs [`gateway::fuzz::upload`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gateway::fuzz::upload(input));
