//! A Redis Cluster for a test.

use std::process::{Command, Stdio};

use super::{AT_ONCE, Redis, until};

const MASTERS: usize = 3;

/// A private Redis Cluster of three masters, gone when this value or the test process is.
///
/// Every call blocks, starting for some seconds.
///
/// # Panics
/// Every call panics, with one plain sentence, if the servers do not do what is asked of them.
#[derive(Debug)]
pub struct Cluster {
    /// The servers.
    pub nodes: Vec<Redis>,
}

impl Cluster {
    /// Starts three masters.
    #[must_use]
    pub fn start() -> Self {
        Self::of(MASTERS, 0)
    }

    /// Starts three masters, each with a replica that takes its place when it is gone for some seconds.
    #[must_use]
    pub fn start_with_replicas() -> Self {
        Self::of(2 * MASTERS, 1)
    }

    fn of(nodes: usize, replicas: usize) -> Self {
        let settings = ["cluster-enabled yes", "cluster-node-timeout 3000", AT_ONCE];
        let nodes: Vec<_> = (0..nodes).map(|_| Redis::start_with(&settings)).collect();
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(nodes.iter().map(Redis::address))
            .args(["--cluster-replicas", &replicas.to_string(), "--cluster-yes"])
            .stdin(Stdio::null())
            .output();
        let made = made.unwrap_or_else(|error| panic!("install the Debian package redis-tools: {error}"));
        assert!(
            made.status.success(),
            "redis-cli makes no cluster: {}",
            String::from_utf8_lossy(&made.stdout)
        );
        let cluster = Self { nodes };
        until("all nodes know each other and their roles", || {
            cluster.nodes.iter().all(|node| {
                let links = node.ask(&["CLUSTER", "NODES"]);
                let roles = |role| links.iter().filter(|line| line.contains(role)).count();
                // A replica that never had what its master has does not take its place.
                let has_all = node.ask(&["ROLE"]).iter().any(|word| word == "master" || word == "connected");
                is_whole(node)
                    && has_all
                    && (roles("master"), roles("slave")) == (MASTERS, MASTERS * replicas)
            })
        });
        cluster
    }

    /// Where it listens: `redis+cluster://127.0.0.1:<port>,127.0.0.1:<port>,…`.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(Redis::address).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// Which node is the master of a key now.
    #[must_use]
    pub fn master_of(&self, key: &str) -> usize {
        let is_master = |node: &Redis| {
            node.running.is_some()
                && node.ask(&["ROLE"]).first().is_some_and(|role| role == "master")
                && node.ask(&["EXISTS", key]).first().is_some_and(|answer| !answer.starts_with("MOVED"))
        };
        let mut found = None;
        // On a busy machine nodes may take each other for gone.
        until("a node is the master of a key", || {
            found = self.nodes.iter().position(is_master);
            found.is_some()
        });
        found.expect("it was waited for")
    }

    /// Ends the master of a key, and waits until its replica has taken its place.
    pub fn kill_master_of(&mut self, key: &str) {
        let lost = self.master_of(key);
        let gone = self.nodes[lost].address();
        self.nodes[lost].kill();
        let slot = self.running().next().map(|node| node.ask(&["CLUSTER", "KEYSLOT", key]).concat());
        let slot: u32 = slot.and_then(|slot| slot.parse().ok()).expect("a key has a slot");
        until("a replica takes over, and all know", || {
            self.running().all(|node| {
                let nodes = node.ask(&["CLUSTER", "NODES"]);
                is_whole(node) && nodes.iter().any(|line| is_master_of(line, slot) && !line.contains(&gone))
            })
        });
    }

    /// Moves all that a node is the master of to another one.
    pub fn empty(&self, node: usize) {
        let id = |node: &Redis| node.ask(&["CLUSTER", "MYID"]).concat();
        let others: Vec<_> = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != node)
            .map(|(_, node)| id(node))
            .collect();
        let moved = Command::new("redis-cli")
            .args(["--cluster", "reshard", &self.nodes[node].address(), "--cluster-yes"])
            .args(["--cluster-from", &id(&self.nodes[node]), "--cluster-to", &others[0]])
            .args(["--cluster-slots", "16384"])
            .stdin(Stdio::null())
            .output()
            .expect("redis-cli was here a moment ago");
        assert!(
            moved.status.success(),
            "redis-cli moves nothing: {}",
            String::from_utf8_lossy(&moved.stdout)
        );
        self.wait_until_whole();
    }

    /// Waits until the cluster answers for every key again, as the nodes that run see it.
    pub fn wait_until_whole(&self) {
        until("the cluster is whole", || self.running().all(is_whole));
    }

    fn running(&self) -> impl Iterator<Item = &Redis> {
        self.nodes.iter().filter(|node| node.running.is_some())
    }
}

/// Whether a line of CLUSTER NODES is of the master of a slot: its ranges stand from the ninth word on.
fn is_master_of(line: &str, slot: u32) -> bool {
    let mut ranges = line.split(' ').skip(8).map(|range| range.split_once('-').unwrap_or((range, range)));
    ranges.any(|(first, last)| {
        let bounds = first.parse::<u32>().ok().zip(last.parse::<u32>().ok());
        bounds.is_some_and(|(first, last)| (first..=last).contains(&slot))
    })
}

fn is_whole(node: &Redis) -> bool {
    node.ask(&["CLUSTER", "INFO"]).iter().any(|line| line == "cluster_state:ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_for_every_key_and_a_replica_takes_over() {
        let mut cluster = Cluster::start_with_replicas();
        let before = cluster.master_of("a");
        cluster.kill_master_of("a");
        let after = cluster.master_of("a");
        assert_ne!(after, before);
        assert_eq!(cluster.nodes[after].ask(&["SET", "a", "1"]), ["OK"]);
    }
}
