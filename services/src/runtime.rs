//! The threads that a program works with.
//!
//! Each request and each call is many short steps, which on several threads wake each other up for
//! every one of them: that costs more than the steps. So there are only as many threads as the
//! machine can spare beside the kernel, the fan-out and the stores, and where that is one, nobody
//! is ever woken for the next step.

use std::{num::NonZero, thread::available_parallelism};

use clap::Args;
use tokio::runtime::{Builder, Runtime};

/// How many threads there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
#[command(next_help_heading = "Process")]
pub struct Threads {
    /// Threads that answer requests and calls; 0 takes one less than there are processors
    #[arg(long, env = "WORKER_THREADS", default_value_t = 0, value_name = "COUNT")]
    pub worker_threads: usize,
}

impl Threads {
    /// Works in a runtime with so many threads, until the work is done.
    ///
    /// # Panics
    /// If the system gives no threads, or the work panics.
    pub fn run<F>(self, work: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let runtime = self.runtime().expect("a program may have threads and wait for its sockets");
        // As a task, not beside the workers: what it accepts would have to be handed over to them.
        runtime.block_on(async { tokio::spawn(work).await.expect("the work does not panic") })
    }

    fn runtime(self) -> std::io::Result<Runtime> {
        match self.count() {
            1 => Builder::new_current_thread().enable_all().build(),
            several => Builder::new_multi_thread().worker_threads(several).enable_all().build(),
        }
    }

    fn count(self) -> usize {
        match self.worker_threads {
            0 => available_parallelism().map_or(1, NonZero::get).saturating_sub(1).max(1),
            count => count,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Handle, RuntimeFlavor};

    use super::*;

    #[test]
    fn one_thread_needs_nobody_to_wake_it() {
        for (worker_threads, expected) in [(1, RuntimeFlavor::CurrentThread), (2, RuntimeFlavor::MultiThread)]
        {
            let flavor = Threads { worker_threads }.run(async { Handle::current().runtime_flavor() });
            assert_eq!(flavor, expected);
        }
    }

    #[test]
    fn unless_told_otherwise_one_processor_is_left_to_others() {
        let processors = available_parallelism().unwrap().get();
        assert_eq!(Threads { worker_threads: 0 }.count(), (processors - 1).max(1));
    }
}
