//! Places where a test lets the process end at once, as a crash just there would: what comes before
//! is done, what comes after is not.
//!
//! Only the feature `fail-points`, which nothing but tests turns on, gives this a meaning.

/// A step between two others that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "fail-points", derive(clap::ValueEnum))]
pub(crate) enum Place {
    /// A batch is committed; nobody has been told, and the board does not know.
    Committed,
    /// Those who answered have been told; the board does not know.
    Acknowledged,
    /// The board store has changes and has told its watchers; this process has not drawn conclusions.
    Applied,
    /// The rows of a board that is rebuilt are loaded beside it, but not swapped in.
    Loaded,
    /// The end of a quiz and its standings are written, but not committed.
    Ending,
    /// The end of a quiz is committed; the host has not been told, and the board does not know.
    Ended,
    /// Sessions of an ended quiz are written, but not committed.
    Settling,
}

/// Passes a place, or ends there.
#[cfg(not(feature = "fail-points"))]
pub(crate) const fn point(_: Place) {}

#[cfg(feature = "fail-points")]
pub(crate) use armed::{FailAt, arm, point};

#[cfg(feature = "fail-points")]
mod armed {
    use std::{
        str::FromStr,
        sync::{
            OnceLock,
            atomic::{AtomicU32, Ordering},
        },
    };

    use clap::ValueEnum as _;

    use super::Place;

    static ARMED: OnceLock<FailAt> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);

    /// Where to end, and how often to pass there before.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct FailAt {
        place: Place,
        passes: u32,
    }

    impl FromStr for FailAt {
        type Err = String;

        fn from_str(text: &str) -> Result<Self, String> {
            let (place, passes) = text.split_once(':').unwrap_or((text, "0"));
            let passes = passes.parse().map_err(|_| "expected a number after the colon".to_owned())?;
            Ok(Self { place: Place::from_str(place, false)?, passes })
        }
    }

    /// Chooses the place, once for the whole process.
    pub(crate) fn arm(at: FailAt) {
        let _ = ARMED.set(at);
    }

    /// Passes a place, or ends there.
    pub(crate) fn point(place: Place) {
        if let Some(at) = ARMED.get().filter(|at| at.place == place)
            && PASSED.fetch_add(1, Ordering::Relaxed) == at.passes
        {
            std::process::abort();
        }
    }
}
