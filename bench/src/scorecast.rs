//! The two services, as they are started to be measured.

use std::time::Duration;

use crate::{
    process::Process,
    quiz::HOST_PASSWORD,
    stores::{Kind, Stores},
    usage::Used,
};

/// How they are set.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) stores: Kind,
    /// Who writes the sockets: `hub` or `tasks`.
    pub(crate) fanout: &'static str,
    /// Streams between the services: `shared` or `per-socket`.
    pub(crate) upstream: &'static str,
    /// The shortest time between two states of a board.
    pub(crate) interval: Duration,
    pub(crate) telemetry: Telemetry,
}

/// Whether metrics, traces and logs go anywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telemetry {
    Off,
    Exported,
    /// To a collector that takes it and never answers.
    Unanswered,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            stores: Kind::Servers,
            fanout: "hub",
            upstream: "shared",
            interval: Duration::ZERO,
            telemetry: Telemetry::Off,
        }
    }
}

/// A gateway and the scoring service behind it, on stores of their own.
pub(crate) struct Scorecast {
    pub(crate) gateway: Process,
    pub(crate) scoring: Process,
    pub(crate) stores: Stores,
    /// Takes what they export; it is not what is measured.
    pub(crate) collector: Option<Process>,
}

impl Scorecast {
    /// Starts both. The gateway's rates are no matter here.
    pub(crate) fn start(setup: &Setup) -> anyhow::Result<Self> {
        let stores = Stores::make(setup.stores)?;
        let collector = match setup.telemetry {
            Telemetry::Off => None,
            Telemetry::Exported => Some(start_collector("thanks")?),
            Telemetry::Unanswered => Some(start_collector("nothing")?),
        };
        let scoring = start_scoring(&stores, setup.interval, collector.as_ref())?;
        let gateway = [
            "--gateway-listen=127.0.0.1:0",
            &format!("--scoring-url=http://{}", scoring.address),
            &format!("--fanout={}", setup.fanout),
            &format!("--upstream-streams={}", setup.upstream),
            "--participant-secret=participants-of-the-bench-01234567",
            "--jwt-secret=users-of-the-bench-0123456789012345",
            "--sign-in=builtin",
            &format!("--host-password={HOST_PASSWORD}"),
            "--entry-rate=1000000",
            "--entry-burst=1000000",
            "--answer-rate=1000000",
            &exported_to(collector.as_ref()),
        ];
        let gateway = start("gateway", &gateway.map(str::to_owned), collector.as_ref())?;
        Ok(Self { gateway, scoring, stores, collector })
    }

    /// What both and their stores have used.
    pub(crate) fn cpu(&self) -> anyhow::Result<Used> {
        let mut used = vec![self.gateway.cpu()?, self.scoring.cpu()?];
        used.extend(self.stores.cpu().0);
        Ok(Used(used))
    }
}

/// Starts the scoring service alone.
pub(crate) fn start_scoring(
    stores: &Stores,
    interval: Duration,
    collector: Option<&Process>,
) -> anyhow::Result<Process> {
    let arguments = [
        "--scoring-listen=127.0.0.1:0".to_owned(),
        format!("--watch-interval={}ms", interval.as_millis()),
        format!("--ledger-url={}", stores.ledger_url),
        format!("--board-url={}", stores.board_url),
        exported_to(collector),
    ];
    start("scoring", &arguments, collector)
}

fn start_collector(answer: &str) -> anyhow::Result<Process> {
    Process::start("bench", &["collector".to_owned(), format!("--answer={answer}")])
}

/// Starts a service. What one logs that exports its telemetry tells in the end how much did not arrive.
fn start(
    program: &'static str,
    arguments: &[String],
    collector: Option<&Process>,
) -> anyhow::Result<Process> {
    match collector {
        None => Process::start(program, arguments),
        Some(_) => Process::start_recorded(program, arguments),
    }
}

/// The setting that says where telemetry goes; without a collector nowhere.
fn exported_to(collector: Option<&Process>) -> String {
    let url = collector.map(|collector| format!("http://{}", collector.address)).unwrap_or_default();
    format!("--otel-exporter-otlp-endpoint={url}")
}
