//! Runs [`gateway::fuzz::token`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gateway::fuzz::token(input));
