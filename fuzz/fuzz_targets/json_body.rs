//! Runs [`gateway::fuzz::json_body`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gateway::fuzz::json_body(input));
