//! The places where tests let a process fail are in no program that is shipped.

use std::process::Command;

#[test]
fn no_shipped_program_has_places_to_fail_at() {
    // What a build without tests takes: the features of dev-dependencies only count in one with.
    let tree = ["tree", "--offline", "--locked", "--workspace", "--edges", "normal,build,features"];
    let tree = Command::new(env!("CARGO")).args(tree).args(["--prefix", "none"]).output().unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("scoring v"), "this is not the tree: {tree}");
    assert!(!tree.contains("fail-points"), "the feature fail-points is on");
}
