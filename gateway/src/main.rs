//! The gateway as a program.

mod healthcheck;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use gateway::{App, Config};
use services::{config, listen, runtime::Threads, shutdown, telemetry::Telemetry};

/// Serves quizzes and live leaderboards to browsers, over HTTP and WebSockets
#[derive(Parser)]
#[command(version)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    telemetry: Telemetry,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Subcommand)]
enum Command {
    /// Serve; what happens without a command
    Serve,
    /// Ask the gateway at GATEWAY_LISTEN whether it is ready; exit code 0 if it is
    Healthcheck,
}

fn main() -> ExitCode {
    match config::parse::<Program>() {
        Ok(program) => program.threads.run(run(program)),
        Err(exit) => exit,
    }
}

async fn run(Program { command, config, telemetry, .. }: Program) -> ExitCode {
    let command = command.unwrap_or(Command::Serve);
    let started = if let Command::Serve = command { telemetry.start("gateway") } else { telemetry.log() };
    let exports = match started {
        Ok(exports) => exports,
        Err(sentence) => return config::refuse(&sentence),
    };
    let code = config::exit(match command {
        Command::Serve => serve(config).await,
        Command::Healthcheck => healthcheck::ask(config.gateway_listen).await.context("not ready"),
    });
    exports.stop().await;
    code
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = App::build(config).await?;
    listen::announce(app.address(), "HTTP");
    shutdown::run_until_requested(|stop| app.run(stop)).await
}
