//! Reading a program's settings: flags and environment by clap, and one sentence for a bad one.

pub mod bounds;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, error::ErrorKind};
use jiff::SignedDuration;

/// The exit code for a bad setting: `EX_USAGE` of BSD's sysexits.h.
pub const BAD_SETTING: u8 = 64;

/// Parses the settings of a program from its flags and its environment.
///
/// # Errors
/// Help and version are printed with exit code 0; a bad setting is said in one sentence on
/// stderr, with exit code [`BAD_SETTING`].
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    C::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ => refuse(&sentence(&error.render().to_string())),
    })
}

/// A setting that cannot be used, in one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);

/// Says what is wrong with a setting, and gives the exit code for it.
#[allow(clippy::print_stderr, reason = "a bad setting is for the person who started the program")]
pub fn refuse(sentence: &str) -> ExitCode {
    eprintln!("{sentence}");
    ExitCode::from(BAD_SETTING)
}

/// Says why a program failed, if it did, and gives its exit code.
#[must_use]
pub fn exit(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if let Some(BadSetting(sentence)) = error.downcast_ref() {
        return refuse(&format!("error: {sentence}"));
    }
    tracing::error!("{error:#}");
    ExitCode::FAILURE
}

/// Reads a duration such as `50ms`, `5s` or `1m 30s`.
///
/// # Errors
/// Says what a duration looks like.
pub fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "expected a duration such as 50ms, 5s or 1m 30s".to_owned())
}

/// Folds clap's paragraphs into one sentence: its first paragraph without the line breaks.
fn sentence(rendered: &str) -> String {
    let paragraph = rendered.split("\n\n").next().unwrap_or(rendered);
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, expected) in [
            ("50ms", Duration::from_millis(50)),
            ("0ms", Duration::ZERO),
            ("5s", Duration::from_secs(5)),
            ("1m 30s", Duration::from_secs(90)),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for text in ["", "5", "-5s", "fast"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_clap_says_on_several_lines_becomes_one_sentence() {
        let rendered = "error: the following were not provided:\n  --listen\n\nUsage: program\n";
        assert_eq!(sentence(rendered), "error: the following were not provided: --listen");
    }
}
