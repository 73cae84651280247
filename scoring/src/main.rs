//! The `scoring` program.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use scoring::{App, Config, board, check, clock::Clock, ledger};
use services::{
    config::{
        self, BadSetting,
        bounds::{COMMAND_ENDS, HEALTHCHECK},
    },
    listen,
    runtime::Threads,
    shutdown::{self, Shutdown},
    telemetry::Telemetry,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

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
    #[command(flatten)]
    threads: Threads,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT (the default)
    Serve,
    /// Bring the ledger's schema up to date, and exit
    Migrate,
    /// Compare seats with their answers and boards with the ledger; exit code 1 if they differ
    Check {
        /// Set right what differs
        #[arg(long)]
        repair: bool,
        /// Raise the epoch: after the ledger was restored from a backup, with the service stopped
        #[arg(long)]
        new_epoch: bool,
    },
    /// Ask the service at SCORING_HEALTH_LISTEN, else SCORING_LISTEN, whether it serves; exit code 1 if not
    Healthcheck,
}

fn main() -> ExitCode {
    match config::parse::<Program>() {
        Ok(program) => program.threads.run(run(program)),
        Err(code) => code,
    }
}

async fn run(Program { command, config, telemetry, .. }: Program) -> ExitCode {
    let command = command.unwrap_or(Command::Serve);
    let started = if let Command::Serve = command { telemetry.start("scoring") } else { telemetry.log() };
    let exports = match started {
        Ok(exports) => exports,
        Err(problem) => return config::refuse(&problem),
    };
    let code = config::exit(match command {
        Command::Serve => serve(config).await,
        Command::Migrate => migrate(&config).await,
        Command::Check { repair, new_epoch } => {
            let mode = if repair { check::Mode::Repair } else { check::Mode::Report };
            run_check(&config, mode, new_epoch).await
        }
        Command::Healthcheck => healthcheck(&config).await,
    });
    exports.stop().await;
    code
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = App::build(config, Clock::default()).await?;
    listen::announce(app.address(), "gRPC");
    if let Some(address) = app.health_address() {
        listen::announce(address, "health");
    }
    shutdown::run_until_requested(|stop| app.run(stop)).await
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let ledger = open_ledger(config)?;
    ledger.migrate().await.context("the schema was not brought up to date")?;
    tracing::info!("the schema is up to date");
    ledger.close().await;
    Ok(())
}

async fn run_check(config: &Config, mode: check::Mode, new_epoch: bool) -> anyhow::Result<()> {
    let ledger = open_ledger(config)?;
    ledger.migrate().await?;
    if new_epoch {
        let epoch = ledger.raise_epoch().await?;
        tracing::info!(epoch, "raised the epoch: every board and every watcher starts anew");
    }
    let tasks = Shutdown::default();
    // A board in memory lives in the service's own process: there is nothing to compare here.
    let board = match config.board_url.as_str() {
        "memory:" => None,
        url => Some(board::open(url, &tasks).map_err(BadSetting)?),
    };
    let found = check::run(&ledger, board.as_ref(), mode).await?;
    tasks.drain(COMMAND_ENDS).await;
    ledger.close().await;
    let check::Findings { quizzes, seats, boards } = found;
    tracing::info!(quizzes, seats, boards, "checked; seats and boards are those that differed");
    if mode == check::Mode::Report && (seats > 0 || boards > 0) {
        bail!("{seats} seats and {boards} boards differ: `scoring check --repair` sets them right");
    }
    Ok(())
}

async fn healthcheck(config: &Config) -> anyhow::Result<()> {
    let address = match config.tls.scoring_health_listen {
        Some(address) => address,
        None if config.tls.is_on() => {
            let sentence = "SCORING_HEALTH_LISTEN is missing: with TLS, health is asked for there";
            return Err(BadSetting(sentence.to_owned()).into());
        }
        None => config.scoring_listen,
    };
    let asked = async {
        let url = format!("http://{}", listen::reachable(address));
        let mut health = HealthClient::new(Endpoint::from_shared(url)?.connect().await?);
        let reply = health.check(HealthCheckRequest { service: String::new() }).await?;
        anyhow::Ok(reply.into_inner().status())
    };
    match tokio::time::timeout(HEALTHCHECK, asked).await.context("no answer in time")?? {
        ServingStatus::Serving => Ok(()),
        status => bail!("the service says {}", status.as_str_name()),
    }
}

fn open_ledger(config: &Config) -> anyhow::Result<Arc<dyn ledger::Ledger>> {
    Ok(ledger::open(&config.ledger_url, config.ledger_connections.get(), Clock::default())
        .map_err(BadSetting)?)
}
