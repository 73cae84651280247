//! How far an import is: on a terminal a line that is written over and over.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the line is written.
const BEAT: Duration = Duration::from_millis(200);

/// How many rows were sent since when.
#[derive(Clone)]
pub(super) struct Progress(Arc<Mutex<Count>>);

struct Count {
    began: Instant,
    said: Instant,
    rows: usize,
}

impl Progress {
    /// Begins to count.
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(Count { began: now, said: now, rows: 0 })))
    }

    /// Counts rows; none are the end of the file.
    pub(super) fn sent(&self, rows: usize) {
        let is_last = rows == 0;
        let is_due = self.with(|count| {
            count.rows += rows;
            let is_due = is_last || count.said.elapsed() >= BEAT;
            if is_due {
                count.said = Instant::now();
            }
            is_due
        });
        if is_due {
            let now = if is_last { ", storing them" } else { "" };
            on_terminal(&format!("\r{self}{now}\x1b[K"));
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        on_terminal("\r\x1b[K");
    }

    fn with<T>(&self, look: impl FnOnce(&mut Count) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, seconds) = self.with(|count| (count.rows, count.began.elapsed().as_secs_f64()));
        let per_second = rows as f64 / seconds;
        write!(f, "{rows} rows in {seconds:.1} s, {per_second:.0} a second")
    }
}

/// What cannot be shown is not missed.
fn on_terminal(text: &str) {
    let mut err = io::stderr();
    if err.is_terminal() {
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}
