//! Starts private servers for tests in other languages, says where they are, and stops them when
//! its standard input ends.

use std::io::{self, Read as _};

use servers::{postgres::Postgres, redis::Redis};

#[allow(clippy::print_stdout, reason = "whoever started it reads here where the servers are")]
fn main() -> io::Result<()> {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    println!("LEDGER_URL={}\nBOARD_URL={}", postgres.fresh_database(), redis.url());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
