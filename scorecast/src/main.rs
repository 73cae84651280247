//! The program `scorecast`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use scorecast::{demo, token};

/// Live quiz leaderboards: both services in one process
#[derive(Debug, Parser)]
#[command(name = "scorecast", version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let a sample quiz be played on a running Scorecast, and show its board as it moves
    Demo(demo::Config),
    /// Print a user's token (a JWT) and nothing else
    Token(token::Request),
}

#[tokio::main]
async fn main() -> ExitCode {
    let program: Program = match services::config::parse() {
        Ok(program) => program,
        Err(code) => return code,
    };
    let done = match program.command {
        Command::Demo(config) => demo::run(config).await.map_err(anyhow::Error::from),
        Command::Token(request) => {
            token::issue(&request).map(|token| print(&token)).map_err(anyhow::Error::from)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

#[allow(clippy::print_stdout, reason = "the token is what was asked for")]
fn print(token: &str) {
    println!("{token}");
}

#[allow(clippy::print_stderr, reason = "a failure is for the person who started the program")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
