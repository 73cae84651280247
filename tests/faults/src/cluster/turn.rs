//! One cluster at a time: two would only measure how they are in each other's way.

use std::fs::File;

use super::programs::Programs;

/// The right to run a cluster, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits until no other test, in this process or another, runs a cluster of these programs.
    pub(super) fn wait_for(programs: &Programs) -> Result<Self, String> {
        let file = File::create(programs.folder().join("faults.lock")).map_err(|error| error.to_string())?;
        // Tests bound themselves, so this wait ends.
        file.lock().map_err(|error| error.to_string())?;
        Ok(Self { _lock: file })
    }
}
