//! The load generator as its user meets it.

use std::process::Command;

#[test]
fn too_few_open_files_are_told_in_one_sentence_before_anything_starts() {
    let bench = Command::new("sh")
        .args(["-c", "ulimit -n 300; exec \"$0\" idle --sockets 1000", env!("CARGO_BIN_EXE_bench")])
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&bench.stderr);
    let last = said.lines().last().unwrap();
    assert!(!bench.status.success(), "{said}");
    assert!(last.contains("1000 sockets need") && last.contains("where 300 are allowed"), "{said}");
}
