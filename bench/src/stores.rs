//! The stores behind what is measured: embedded ones, whose work is that of their service, or
//! private servers, whose work is counted by itself.

use clap::ValueEnum;
use servers::{postgres::Postgres, redis::Redis};
use tempfile::TempDir;

use crate::usage::{Family, Used};

/// Where the ledger and the board are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// SQLite and memory, within the scoring service
    Embedded,
    /// Postgres, which waits for the disk, and Redis
    Servers,
}

/// An answer takes some 800 bytes of the log.
const LOG_FILES: u32 = 40;

/// A ledger and a board that are gone with this value.
pub(crate) struct Stores {
    pub(crate) ledger_url: String,
    pub(crate) board_url: String,
    families: Vec<Family>,
    kept: Kept,
}

enum Kept {
    Folder(#[expect(dead_code, reason = "it is removed when it is dropped")] TempDir),
    Servers { redis: Redis, postgres: Postgres },
}

impl Stores {
    /// Makes new ones, which are empty.
    pub(crate) fn make(kind: Kind) -> anyhow::Result<Self> {
        Ok(match kind {
            Kind::Embedded => {
                let folder = TempDir::new()?;
                let ledger_url = format!("sqlite:{}", folder.path().join("ledger.db").display());
                let (board_url, families) = ("memory:".to_owned(), Vec::new());
                Self { ledger_url, board_url, families, kept: Kept::Folder(folder) }
            }
            Kind::Servers => {
                let (postgres, of_postgres) =
                    Family::of("postgres", || Postgres::start_with(&["fsync=on", "shared_buffers=256MB"]));
                let (redis, of_redis) = Family::of("redis", Redis::start);
                let (ledger_url, board_url) = (postgres.url(), redis.url());
                let kept = Kept::Servers { redis, postgres };
                Self { ledger_url, board_url, families: vec![of_postgres, of_redis], kept }
            }
        })
    }

    /// Lets Postgres be as one that has taken half a million answers before.
    pub(crate) fn used(self) -> Self {
        if let Kept::Servers { postgres, .. } = &self.kept {
            postgres.make_log_files(LOG_FILES);
        }
        self
    }

    /// What the servers have used.
    pub(crate) fn cpu(&self) -> Used {
        Used(self.families.iter().map(Family::cpu).collect())
    }

    /// How often Redis has been given a command, also by functions, and how many microseconds it
    /// has spent on it; nothing if there is no Redis.
    pub(crate) fn calls(&self, command: &str) -> Calls {
        let Kept::Servers { redis, .. } = &self.kept else { return Calls::default() };
        let lines = redis.ask(&["INFO", "commandstats"]);
        let told = lines.iter().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:")));
        let field = |name: &str| {
            let fields = told.unwrap_or_default().split(',');
            fields.filter_map(|field| field.split_once('=')).find(|(of, _)| *of == name)
        };
        let number = |name| field(name).and_then(|(_, value)| value.parse().ok()).unwrap_or_default();
        Calls { count: number("calls"), us: number("usec") }
    }
}

/// How often a command was given, and how long it took in all.
#[derive(Clone, Copy, Default)]
pub(crate) struct Calls {
    pub(crate) count: u64,
    pub(crate) us: u64,
}

impl Calls {
    /// What came after another look.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { count: self.count - before.count, us: self.us - before.us }
    }

    /// Microseconds of one.
    pub(crate) fn us_each(self) -> f64 {
        self.us as f64 / self.count.max(1) as f64
    }
}
