//! The scoring processes: who they are, which of them serve, and whose turn it is.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::seq::index;
use services::shutdown::Shutdown;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;

use super::{
    address::ScoringUrl,
    connection::{Dialer, Lane},
    health,
    resolver::Resolver,
};
use crate::{config::bounds::RESOLVED_WITHIN, metrics};

/// The processes that serve.
#[derive(Default)]
pub(super) struct Replicas {
    live: Mutex<Vec<Arc<Replica>>>,
}

/// One process.
pub(super) struct Replica {
    target: String,
    calls: Way,
    streams: Way,
    /// Something went wrong on the way to it since it last said that it serves.
    is_suspected: AtomicBool,
    suspicion: Notify,
}

/// A connection, and how much is under way on it.
struct Way {
    channel: Channel,
    under_way: AtomicUsize,
}

/// One call or stream under way; over when it is dropped.
pub(super) struct Passage {
    replica: Arc<Replica>,
    lane: Lane,
}

impl Replicas {
    /// The one process behind an address, or whoever else balances there. Nobody asks for its health.
    pub(super) fn single(url: &ScoringUrl, dialer: &Dialer) -> Arc<Self> {
        let only = Arc::new(Replica::new(url.authority(), dialer));
        Arc::new(Self { live: Mutex::new(vec![only]) })
    }

    /// All processes behind a name, as far as they say that they serve. Who they are is asked for
    /// again from time to time.
    pub(super) fn resolved(
        url: &ScoringUrl,
        dialer: Dialer,
        resolver: Arc<dyn Resolver>,
        every: Duration,
        shutdown: &Shutdown,
    ) -> Arc<Self> {
        let replicas = Arc::new(Self::default());
        let keeping = keep_up(Arc::clone(&replicas), url.clone(), dialer, resolver, every, shutdown.clone());
        shutdown.spawn(keeping);
        replicas
    }

    /// Sends the next call or stream on its way: of two processes at random to the one with less
    /// under way, and to one that is suspected only if there is no other. None if nobody serves.
    pub(super) fn pick(&self, lane: Lane) -> Option<Passage> {
        let live = self.live();
        let candidates = index::sample(&mut rand::rng(), live.len(), live.len().min(2));
        let standing = |replica: &&Arc<Replica>| {
            (
                replica.is_suspected.load(Ordering::Relaxed),
                replica.way(lane).under_way.load(Ordering::Relaxed),
            )
        };
        let chosen = candidates.into_iter().map(|number| &live[number]).min_by_key(standing)?;
        Some(Passage::begin(Arc::clone(chosen), lane))
    }

    /// Takes a process in that says it serves.
    pub(super) fn admit(&self, replica: &Arc<Replica>) {
        replica.is_suspected.store(false, Ordering::Relaxed);
        let mut live = self.live();
        if !live.iter().any(|known| Arc::ptr_eq(known, replica)) {
            live.push(Arc::clone(replica));
            metrics::serving(live.len());
            tracing::info!(scoring = replica.target, serving = live.len(), "a scoring process serves");
        }
    }

    /// Leaves a process out.
    pub(super) fn eject(&self, replica: &Arc<Replica>) {
        let mut live = self.live();
        let before = live.len();
        live.retain(|known| !Arc::ptr_eq(known, replica));
        if live.len() < before {
            metrics::serving(live.len());
            tracing::info!(
                scoring = replica.target,
                serving = live.len(),
                "a scoring process serves no more"
            );
        }
    }

    /// How many serve.
    #[cfg(test)]
    pub(super) fn serving(&self) -> usize {
        self.live().len()
    }

    fn live(&self) -> MutexGuard<'_, Vec<Arc<Replica>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replica {
    fn new(target: String, dialer: &Dialer) -> Self {
        let way = || Way { channel: dialer.dial(&target), under_way: AtomicUsize::new(0) };
        Self {
            calls: way(),
            streams: way(),
            target,
            is_suspected: AtomicBool::new(false),
            suspicion: Notify::new(),
        }
    }

    /// The connection for one kind.
    pub(super) fn channel(&self, lane: Lane) -> Channel {
        self.way(lane).channel.clone()
    }

    /// Waits until somebody had trouble with it.
    pub(super) async fn suspected(&self) {
        self.suspicion.notified().await;
    }

    fn way(&self, lane: Lane) -> &Way {
        match lane {
            Lane::Calls => &self.calls,
            Lane::Streams => &self.streams,
        }
    }
}

impl Passage {
    fn begin(replica: Arc<Replica>, lane: Lane) -> Self {
        replica.way(lane).under_way.fetch_add(1, Ordering::Relaxed);
        Self { replica, lane }
    }

    /// The connection to take.
    pub(super) fn channel(&self) -> Channel {
        self.replica.channel(self.lane)
    }

    /// Whether this is the address that it leads to.
    #[cfg(test)]
    pub(super) fn leads_to(&self, address: SocketAddr) -> bool {
        self.replica.target == address.to_string()
    }

    /// The way there or back was lost: others are preferred until the process has said again that
    /// it serves, which it is asked at once.
    pub(super) fn was_lost(&self) {
        self.replica.is_suspected.store(true, Ordering::Relaxed);
        self.replica.suspicion.notify_one();
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.replica.way(self.lane).under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keeps up with who answers to a name, and follows the health of each.
async fn keep_up(
    replicas: Arc<Replicas>,
    url: ScoringUrl,
    dialer: Dialer,
    resolver: Arc<dyn Resolver>,
    every: Duration,
    shutdown: Shutdown,
) {
    let mut known: HashMap<SocketAddr, DropGuard> = HashMap::new();
    loop {
        match timeout(RESOLVED_WITHIN, resolver.resolve(url.host(), url.port)).await {
            Ok(Ok(found)) if !found.is_empty() => {
                let found: HashSet<_> = found.into_iter().collect();
                known.retain(|address, _| found.contains(address));
                for address in found {
                    known.entry(address).or_insert_with(|| {
                        let (following, replica) =
                            (CancellationToken::new(), Arc::new(Replica::new(address.to_string(), &dialer)));
                        let (replicas, until) = (Arc::clone(&replicas), following.clone());
                        shutdown.spawn(async move {
                            until.run_until_cancelled(health::follow(&replica, &replicas)).await;
                            replicas.eject(&replica);
                        });
                        following.drop_guard()
                    });
                }
            }
            answer => tracing::debug!(?answer, name = url.host(), "nobody answers to the name of scoring"),
        }
        if timeout(every, shutdown.begun()).await.is_ok() {
            return;
        }
    }
}
