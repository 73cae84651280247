//! How many files may be open: each socket is one, here and in what is measured.

use std::fs;

use anyhow::ensure;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a program has open beside the sockets that are counted.
const SPARE: u64 = 200;

/// As many as the system allows, also to the programs that are started.
pub(crate) fn raise() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    Ok(())
}

/// Makes sure, before anything is started, that so many more sockets may be opened.
///
/// # Errors
/// One sentence, if they may not.
pub(crate) fn allow(sockets: usize) -> anyhow::Result<()> {
    let open = fs::read_dir("/proc/self/fd")?.count();
    let needed = (open + sockets) as u64 + SPARE;
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    ensure!(
        needed <= allowed,
        "{sockets} sockets need {needed} open files where {allowed} are allowed: raise the limit, \
         as root by `ulimit -n {needed}`, or take fewer"
    );
    Ok(())
}
