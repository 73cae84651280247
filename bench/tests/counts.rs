//! What single steps cost is what `bench/counts.json` says, by counting instructions.

use std::{path::Path, process::Command};

#[test]
fn each_step_takes_as_many_instructions_and_bytes_as_is_known() {
    let renew = std::env::var_os("WRITE_COUNTS").map(|_| "--renew");
    let figures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counts.json");
    let bench = Command::new(env!("CARGO_BIN_EXE_bench"))
        .arg("counts")
        .args(renew)
        .arg("--json")
        .arg(&figures)
        .output()
        .unwrap();
    eprintln!("{}", String::from_utf8_lossy(&bench.stdout));
    assert!(bench.status.success(), "{}", String::from_utf8_lossy(&bench.stderr));
}
