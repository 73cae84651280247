//! Compiles `proto/` into messages, clients and servers, and keeps the descriptor set for reflection.
//!
//! protox parses the files, so no protoc is needed. The generator is tonic-build; its prost half is
//! a crate of its own since 0.14, tonic-prost-build, which calls it: both are pinned together.

use prost::Message as _;

const FILES: [&str; 4] = [
    "scorecast/v1/leaderboard.proto",
    "scorecast/v1/sessions.proto",
    "scorecast/v1/scoring_service.proto",
    "scorecast/v1/quiz_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().codec_path("crate::Codec").compile_fds(descriptors)?;
    Ok(())
}
