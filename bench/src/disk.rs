//! What the disk does meanwhile: how long it takes to keep a byte that nobody waits for.

use std::{
    io::{self, Seek as _, Write as _},
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Seldom enough to be no load, often enough to meet whatever a hundredth of all answers meets.
const EVERY: Duration = Duration::from_millis(20);

/// Writes to a file of its own, where the stores have theirs, until it is asked what it saw.
pub(crate) struct Watch {
    enough: mpsc::Sender<()>,
    thread: JoinHandle<io::Result<Duration>>,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        let (enough, heard) = mpsc::channel();
        let look = move || {
            let (mut file, mut longest) = (tempfile::tempfile()?, Duration::ZERO);
            while heard.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                file.rewind()?;
                file.write_all(b"-")?;
                let began = Instant::now();
                file.sync_data()?;
                longest = longest.max(began.elapsed());
            }
            Ok(longest)
        };
        Self { enough, thread: thread::spawn(look) }
    }

    /// The longest `fdatasync` since it began.
    pub(crate) fn longest(self) -> io::Result<Duration> {
        drop(self.enough);
        self.thread.join().expect("the disk is only looked at")
    }
}
