//! Redis with Sentinels for a test.

use super::{AT_ONCE, Kind, Redis, until};

/// What the sentinels call the master.
const NAME: &str = "board";

/// How many sentinels there are, and how many have to agree that the master is gone.
const SENTINELS: usize = 3;
const QUORUM: usize = 2;

/// A private master with a replica, and three sentinels that put the replica in its place when it
/// is gone for half a second. Gone when this value or the test process is.
///
/// Every call blocks, starting for some seconds.
///
/// # Panics
/// Every call panics, with one plain sentence, if the servers do not do what is asked of them.
#[derive(Debug)]
pub struct Sentinels {
    /// The two that hold things; which of them is the master changes.
    pub stores: [Redis; 2],
    /// Those who watch over them.
    pub sentinels: Vec<Redis>,
}

impl Sentinels {
    /// Starts all of them, ready for a failover.
    #[must_use]
    pub fn start() -> Self {
        let master = Redis::start_with(&[AT_ONCE]);
        let replica = Redis::start_with(&[&format!("replicaof 127.0.0.1 {}", master.port), AT_ONCE]);
        // A replica that is there when the sentinels come is found at once, else after ten seconds.
        until("the replica follows the master", || {
            replica.ask(&["INFO", "replication"]).iter().any(|line| line == "master_link_status:up")
        });
        let settings = [
            format!("sentinel monitor {NAME} 127.0.0.1 {} {QUORUM}", master.port),
            format!("sentinel down-after-milliseconds {NAME} 500"),
            format!("sentinel failover-timeout {NAME} 5000"),
        ];
        let sentinels = (0..SENTINELS).map(|_| {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            Redis::start_in(folder, Kind::Sentinel, settings.to_vec())
        });
        let group = Self { sentinels: sentinels.collect(), stores: [master, replica] };
        until("the sentinels know each other and the replica", || {
            group.sentinels.iter().all(|sentinel| {
                let known = sentinel.ask(&["SENTINEL", "MASTER", NAME]);
                let is = |field: &str, value: &str| known.windows(2).any(|pair| pair == [field, value]);
                is("num-slaves", "1") && is("num-other-sentinels", &(SENTINELS - 1).to_string())
            })
        });
        group
    }

    /// Where they listen: `redis+sentinel://127.0.0.1:<port>,…/board`.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.sentinels.iter().map(Redis::address).collect();
        format!("redis+sentinel://{}/{NAME}", addresses.join(","))
    }

    /// Waits until the sentinels have made this store the master.
    pub fn wait_until_master(&self, store: usize) {
        let port = self.stores[store].port.to_string();
        until("the sentinels choose another master", || {
            let address = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
            self.sentinels.iter().all(|sentinel| sentinel.ask(&address).last() == Some(&port))
                && self.stores[store].ask(&["ROLE"]).first().is_some_and(|role| role == "master")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_the_master_is_gone_the_replica_takes_its_place() {
        let mut group = Sentinels::start();
        group.wait_until_master(0);
        group.stores[0].kill();
        group.wait_until_master(1);
    }
}
