//! Runs [`gateway::fuzz::socket_frames`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gateway::fuzz::socket_frames(input));
