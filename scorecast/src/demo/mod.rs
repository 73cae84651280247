//! A sample quiz, played through the public HTTP API at a human pace.
//!
//! It knows nothing of the services behind the API.

mod api;
mod player;
mod quiz;
mod screen;

use std::{
    sync::atomic::AtomicUsize,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::select;

use crate::token::{self, Role, Signature};
use api::{Api, NewQuiz, Seat};
use player::Asked;
use screen::Screen;

/// How many people join at once.
const JOINING_AT_ONCE: usize = 16;

/// Where and how the sample quiz is played.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the Scorecast to play on listens for HTTP
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,

    /// How many people play
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub players: u16,

    /// How long they play, from 1s to 4m
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = playing_time)]
    pub duration: Duration,

    /// Who vouches for the host
    #[command(flatten)]
    pub signature: Signature,
}

/// Why the demo could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such server.
    #[error(
        "nothing is listening on {url}; start it with `scorecast` or `make run`, or choose another with --url"
    )]
    NothingListens {
        /// Where it was looked for.
        url: String,
    },
    /// The URL cannot be used.
    #[error("{url:?} is not the http URL of a server; it looks like http://127.0.0.1:8080")]
    BadUrl {
        /// What was given.
        url: String,
    },
    /// The server does not take the host's token.
    #[error(
        "{url} does not know us as a host ({message}); give the data folder or the JWT_SECRET of that server"
    )]
    Unknown {
        /// The server.
        url: String,
        /// In the server's words.
        message: String,
    },
    /// The server does not do it.
    #[error("{doing} was refused: {message}")]
    Refused {
        /// What was asked.
        doing: &'static str,
        /// In the server's words.
        message: String,
    },
    /// The connection or the reply is broken.
    #[error("the server did not answer as it should")]
    Broken(#[source] reqwest::Error),
    /// There is no token for the host.
    #[error(transparent)]
    Token(#[from] token::Error),
}

/// Plays the sample quiz and shows its board; the quiz is ended afterwards, whatever happens.
///
/// # Errors
/// If the server cannot be reached, or refuses a step.
pub async fn run(config: Config) -> Result<(), Error> {
    let host_token = token::issue(&token::Request {
        sub: "demo".to_owned(),
        username: Some("Demo".to_owned()),
        role: Some(Role::Host),
        expires_in: Duration::from_secs(60 * 60),
        signature: config.signature.clone(),
    })?;
    let api = Api::new(&config.url, host_token)?;
    let quiz = api.create_quiz().await?;

    let played = select! {
        played = play(&api, &quiz, &config) => played,
        () = services::shutdown::requested() => Ok(()),
    };
    let ended = api.end(&quiz.quiz_id).await;
    played?;
    // A quiz that was left before its start has no end.
    if let Err(Error::Refused { .. }) = ended { Ok(()) } else { ended }
}

async fn play(api: &Api, quiz: &NewQuiz, config: &Config) -> Result<(), Error> {
    let mut asked = Vec::new();
    for question in &quiz::QUESTIONS {
        let id = api.add_question(&quiz.quiz_id, question).await?;
        asked.push(Asked { id, correct: question.correct, options: question.options.len() });
    }
    let seats: Vec<Seat> = stream::iter(0..usize::from(config.players))
        .map(|player| async move { api.join(&quiz.quiz_id, &quiz::name(player)).await })
        .buffer_unordered(JOINING_AT_ONCE)
        .try_collect()
        .await?;
    screen::invite(&config.url, quiz, &seats[0]);
    api.start(&quiz.quiz_id).await?;

    let given = AtomicUsize::new(0);
    let start = Instant::now();
    let pace = config.duration / u32::try_from(asked.len()).expect("the sample quiz has ten questions");
    let mut screen = Screen::new(seats.len() * asked.len(), start);
    let players: stream::FuturesUnordered<_> =
        seats.iter().map(|seat| player::play(api, &quiz.quiz_id, seat, &asked, pace, &given)).collect();
    select! {
        played = players.try_collect::<()>() => played?,
        shown = screen.follow(api, &quiz.quiz_id, &given) => shown?,
    }
    screen.show(&api.board(&quiz.quiz_id).await?, &given);
    screen::farewell(&config.url, quiz);
    Ok(())
}

fn playing_time(text: &str) -> Result<Duration, String> {
    let duration = services::config::duration(text)?;
    if (Duration::from_secs(1)..=Duration::from_secs(240)).contains(&duration) {
        Ok(duration)
    } else {
        Err("must be from 1s to 4m".to_owned())
    }
}
