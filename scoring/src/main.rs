//! The `scoring` program.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use scoring::{App, Config, clock::Clock};
use services::{config, listen, shutdown, telemetry::Telemetry};

/// Keeps quiz answers and their live ranking; speaks gRPC.
#[derive(Parser)]
#[command(version)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    telemetry: Telemetry,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT (the default)
    Serve,
}

#[tokio::main]
async fn main() -> ExitCode {
    let program: Program = match config::parse() {
        Ok(program) => program,
        Err(code) => return code,
    };
    if let Err(problem) = program.telemetry.init() {
        return config::refuse(&problem);
    }
    let Command::Serve = program.command.unwrap_or(Command::Serve);
    config::exit(serve(program.config).await)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = App::build(config, Clock::default()).await?;
    listen::announce(app.address(), "gRPC");
    shutdown::run_until_requested(|stop| app.run(stop)).await
}
