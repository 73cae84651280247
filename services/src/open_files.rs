//! How many files the process may have open, its sockets among them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the number as far as the system lets this process: many shells begin with 1 024. At the limit
/// nobody is let in any more, not even a probe.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, limit = limit.current, "cannot raise the number of open files");
    }
}

/// How many may be open at once; nothing if as many as one likes.
#[must_use]
pub fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_system_allows_may_be_open() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let lower = Rlimit { current: maximum.map(|maximum| maximum - 1), maximum };
        setrlimit(Resource::Nofile, lower).unwrap();
        raise();
        assert_eq!(limit(), maximum);
    }
}
