//! Runs [`gateway::fuzz::socket_message`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gateway::fuzz::socket_message(input));
