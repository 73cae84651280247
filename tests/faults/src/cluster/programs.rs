//! Where the programs under test are: built by the cargo that runs the tests, next to them.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The folder of the programs.
#[derive(Debug, Clone)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// Finds the programs, brought up to date by cargo if that runs the tests: a change in a service
    /// must not be tested with yesterday's program.
    pub(super) fn built() -> Result<Self, String> {
        static BUILT: OnceLock<Result<Programs, String>> = OnceLock::new();
        BUILT.get_or_init(Self::build).clone()
    }

    fn build() -> Result<Self, String> {
        let test = std::env::current_exe().map_err(|error| error.to_string())?;
        let folder =
            test.parent().and_then(Path::parent).ok_or("a test stands in <target>/<profile>/deps")?;
        if let Some(cargo) = std::env::var_os("CARGO") {
            // With the tests, so that features are the same as theirs and nothing is built twice.
            let mut build = Command::new(cargo);
            build.args(["build", "--quiet", "--workspace", "--bins", "--tests"]);
            build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
            if folder.ends_with("release") {
                build.arg("--release");
            }
            let built = build.output().map_err(|error| format!("cargo does not run: {error}"))?;
            if !built.status.success() {
                return Err(format!("cargo build: {}", String::from_utf8_lossy(&built.stderr)));
            }
        }
        let programs = Self(folder.to_owned());
        match [programs.scoring(), programs.gateway()].iter().find(|program| !program.is_file()) {
            Some(missing) => {
                Err(format!("build {} first: cargo build --workspace --bins", missing.display()))
            }
            None => Ok(programs),
        }
    }

    pub(super) fn scoring(&self) -> PathBuf {
        self.0.join("scoring")
    }

    pub(super) fn gateway(&self) -> PathBuf {
        self.0.join("gateway")
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }
}
