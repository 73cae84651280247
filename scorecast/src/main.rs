//! The program `scorecast`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use scorecast::{demo, hints, import, serve, token};
use scoring::clock::Clock;
use services::{
    config::{self, BadSetting},
    listen,
    runtime::Threads,
    shutdown,
};

/// Live quiz leaderboards: both services in one process, on embedded stores unless told otherwise.
#[derive(Debug, Parser)]
#[command(name = "scorecast", version, args_conflicts_with_subcommands = true)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Config,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT (the default)
    Serve(Box<serve::Config>),
    /// Let a sample quiz be played on a running Scorecast, and show its board as it moves
    Demo(demo::Config),
    /// Put finished attempts from a file into a quiz of a running Scorecast
    Import(import::Config),
    /// Print a user's token (a JWT) and nothing else
    Token(token::Request),
}

fn main() -> ExitCode {
    match config::parse::<Program>() {
        Ok(program) => program.threads().run(run(program)),
        Err(code) => code,
    }
}

impl Program {
    fn threads(&self) -> Threads {
        match &self.command {
            Some(Command::Serve(config)) => config.threads,
            _ => self.serve.threads,
        }
    }
}

async fn run(program: Program) -> ExitCode {
    match program.command {
        None => serve(&program.serve).await,
        Some(Command::Serve(config)) => serve(&config).await,
        Some(Command::Demo(config)) => exit(demo::run(config).await.map_err(anyhow::Error::from)),
        Some(Command::Import(config)) => exit(import::run(config).await.map_err(anyhow::Error::from)),
        Some(Command::Token(request)) => {
            exit(token::issue(&request).map(|token| print(&token)).map_err(anyhow::Error::from))
        }
    }
}

async fn serve(config: &serve::Config) -> ExitCode {
    let exports = match config.telemetry.start("scorecast") {
        Ok(exports) => exports,
        Err(problem) => return config::refuse(&problem),
    };
    let code = serve_until_stopped(config).await;
    exports.stop().await;
    code
}

async fn serve_until_stopped(config: &serve::Config) -> ExitCode {
    let app = match serve::App::build(config.clone(), Clock::default()).await {
        Ok(app) => app,
        Err(error) => return exit(Err(error)),
    };
    listen::announce(app.grpc(), "gRPC");
    listen::announce(app.http(), "HTTP");
    if let Some(password) = app.host_password() {
        print(&format!("host password: {password}"));
    }
    let program = std::env::args().next().unwrap_or_else(|| "scorecast".to_owned());
    print("\nTry it from another terminal:");
    for line in hints::lines(&program, config, app.http(), app.grpc()) {
        print(&line);
    }
    config::exit(shutdown::run_until_requested(|stop| app.run(stop)).await)
}

#[allow(
    clippy::print_stdout,
    reason = "what was asked for: a token, or where, how and with which password to reach Scorecast"
)]
fn print(line: &str) {
    println!("{line}");
}

/// Says to the person who started the program what went wrong, if anything did.
#[allow(clippy::print_stderr, reason = "a command that fails says so, also where nothing is logged")]
fn exit(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if let Some(BadSetting(sentence)) = error.downcast_ref() {
        return config::refuse(&format!("error: {sentence}"));
    }
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
