//! What is made of some files, and made anew when one of them changes. Whoever asks, looks:
//! nothing runs in the background.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use super::Error;

/// The newest that could be made.
pub(super) struct Fresh<T> {
    files: Vec<PathBuf>,
    make: Box<dyn Fn() -> Result<T, Error> + Send + Sync>,
    newest: Mutex<Newest<T>>,
}

struct Newest<T> {
    /// What the files were when it was last tried.
    seen: Vec<Seen>,
    made: Arc<T>,
}

/// What tells one state of a file from another, also where it is a link that now leads elsewhere,
/// as Kubernetes changes a Secret; none if it is not there.
type Seen = Option<(u64, u64, i64, i64)>;

impl<T> Fresh<T> {
    /// Makes it for the first time.
    pub(super) fn new(
        files: Vec<PathBuf>,
        make: impl Fn() -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let seen = look(&files);
        let made = Arc::new(make()?);
        Ok(Self { files, make: Box::new(make), newest: Mutex::new(Newest { seen, made }) })
    }

    /// Makes it again if a file has changed; if that fails, the last one that was made stays.
    pub(super) fn get(&self) -> Arc<T> {
        // Before reading, so that what changes meanwhile is found the next time.
        let seen = look(&self.files);
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.seen != seen {
            newest.seen = seen;
            match (self.make)() {
                Ok(made) => {
                    newest.made = Arc::new(made);
                    tracing::info!(files = ?self.files, "took new certificates");
                }
                Err(error) => tracing::warn!(%error, "the new certificates are of no use; the old ones stay"),
            }
        }
        Arc::clone(&newest.made)
    }
}

fn look(files: &[PathBuf]) -> Vec<Seen> {
    let look = |file| fs::metadata(file).ok().map(|it| (it.ino(), it.len(), it.mtime(), it.mtime_nsec()));
    files.iter().map(look).collect()
}
