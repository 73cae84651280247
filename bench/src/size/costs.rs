//! The costs that were measured last, as the scenarios wrote them.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::{figure::Outcome, report::median};

/// What things cost: microseconds are of CPU.
#[derive(Debug, Clone)]
pub(super) struct Costs {
    /// Of the gateway, for a delivered frame on one large quiz.
    pub(super) frame_us: f64,
    /// Of a frame of ten rows.
    pub(super) frame_bytes: f64,
    /// Of one of a hundred rows.
    pub(super) whole_bytes: f64,
    /// Of one that tells which ten of a hundred rows changed.
    pub(super) delta_bytes: f64,
    /// Of the gateway, for an answer that comes by HTTP and what it sets off.
    pub(super) request_us: f64,
    pub(super) socket_kib: f64,
    /// Of all services, to connect and be shown the board.
    pub(super) visit_us: f64,
    /// For an answer.
    pub(super) scoring_us: f64,
    pub(super) postgres_us: f64,
    pub(super) redis_us: f64,
    /// Of Postgres' log, and of its tables, for an answer.
    pub(super) log_bytes: f64,
    pub(super) table_bytes: f64,
    /// The answers a second that one quiz took.
    pub(super) hot_rate: f64,
    /// Of Redis, for reading a board.
    pub(super) read_us: f64,
    /// Of scoring, for the same.
    pub(super) scoring_read_us: f64,
    /// Of asking where seats stand.
    pub(super) redis_standings: Standings,
    pub(super) scoring_standings: Standings,
}

/// Microseconds for asking where seats stand: for the call, and for each seat.
#[derive(Debug, Clone)]
pub(super) struct Standings {
    pub(super) call_us: f64,
    pub(super) seat_us: f64,
}

impl Standings {
    /// By a call for a few seats and one for many.
    fn read(calls: &Value, of: &str) -> anyhow::Result<Self> {
        let [few, many] = [0, 1].map(|call| &calls[call]);
        let (seats, more_seats) = (number(&few["seats"])?, number(&many["seats"])?);
        let (us, more_us) = (number(&few[of])?, number(&many[of])?);
        let seat_us = (more_us - us) / (more_seats - seats);
        Ok(Self { call_us: us - seats * seat_us, seat_us })
    }

    /// Processors, for so much a second.
    pub(super) fn processors(&self, calls: f64, seats: f64) -> f64 {
        (calls * self.call_us + seats * self.seat_us) / 1e6
    }
}

impl Costs {
    /// Reads them.
    ///
    /// # Errors
    /// If a scenario has not been run by `bench all`.
    pub(super) fn read(results: &Path) -> anyhow::Result<Self> {
        let of = |name: &str| {
            let outcome = Outcome::read(&results.join(name).with_extension("json"));
            outcome.map(|outcome| outcome.details).context("run bench all first")
        };
        let (large, rooms, reads, counts) = (of("fanout-5000")?, of("rooms")?, of("reads")?, of("counts")?);
        let (read, standings) = (&reads["read"], &reads["standings"]);
        let answers = of("answers")?["scorecast"].clone();
        let by_program = &answers["cpu_us_per_answer_by_program"];
        let frame_us = gateway_us(&large)?;
        let sockets_of_a_room = number(&rooms[1]["sockets"])? / 100.0;
        Ok(Self {
            frame_us,
            frame_bytes: number(&large[1]["rounds"][0]["frame_bytes"])?,
            whole_bytes: number(&counts["write, whole"]["bytes"])?,
            delta_bytes: number(&counts["write, delta"]["bytes"])?,
            request_us: ((gateway_us(&rooms)? - frame_us) * sockets_of_a_room).max(0.0),
            socket_kib: number(&of("idle")?[0]["resident_kib"])?,
            visit_us: number(&of("churn")?[1]["cpu_us_per_visit"])?,
            scoring_us: number(&by_program["scoring"])?,
            postgres_us: number(&by_program["postgres"])?,
            redis_us: number(&by_program["redis"])?,
            log_bytes: number(&answers["log_bytes_per_answer"])?,
            table_bytes: number(&answers["table_bytes_per_answer"])?,
            hot_rate: number(&of("answers-hot")?["scorecast"]["answers_per_second"])?,
            read_us: number(&read["redis_us_per_call"])?,
            scoring_read_us: number(&read["cpu_us_per_read"]["scoring"])?,
            redis_standings: Standings::read(standings, "redis_us")?,
            scoring_standings: Standings::read(standings, "scoring_us")?,
        })
    }
}

/// What the gateway needed for a frame: the second row is Scorecast's.
fn gateway_us(fanout: &Value) -> anyhow::Result<f64> {
    let rounds = fanout[1]["rounds"].as_array().context("no rounds")?;
    let us = rounds.iter().map(|round| number(&round["cpu_us_per_frame_by_program"]["gateway"]));
    Ok(median(us.collect::<anyhow::Result<_>>()?))
}

fn number(value: &Value) -> anyhow::Result<f64> {
    value.as_f64().context("the results are of another version: measure again")
}
