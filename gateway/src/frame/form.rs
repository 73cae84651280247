//! The forms in which one and the same state reaches its readers.

use bytes::Bytes;
use serde::Deserialize;

/// In which form a reader takes the states of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Form {
    /// Each as a whole.
    #[default]
    Whole,
    /// Each as what changed since the one before, where that is shorter.
    Deltas,
}

/// Reads a wish; what is not understood changes nothing.
impl From<String> for Form {
    fn from(wish: String) -> Self {
        if wish == "1" { Self::Deltas } else { Self::Whole }
    }
}

/// The part of a frame that is not one reader's own; behind it comes the end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// The whole state.
    Whole(&'a Bytes),
    /// What changed since the state that the reader has.
    Delta(&'a Bytes),
}

impl<'a> Part<'a> {
    /// Its bytes, either way.
    pub(crate) fn bytes(self) -> &'a Bytes {
        match self {
            Self::Whole(bytes) | Self::Delta(bytes) => bytes,
        }
    }

    /// In which form it is.
    pub(crate) fn form(self) -> Form {
        match self {
            Self::Whole(_) => Form::Whole,
            Self::Delta(_) => Form::Deltas,
        }
    }
}
