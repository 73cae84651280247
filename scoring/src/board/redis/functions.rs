//! The Redis functions: loading and calling them. Knows nothing of what they mean.
//!
//! None is declared to be without writes, not even reading: a server that refuses to write, because
//! it became a replica or is out of memory, must not go on showing boards that cannot follow.
//!
//! A server that has no functions runs the same text as scripts. Both are named by the digest of
//! the text, so versions of this program that differ in it share one server.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::future::join_all;
use redis::{FromRedisValue, Pipeline, RedisError, RedisResult, Script, ServerError, ServerErrorKind, cmd};
use tokio::time::Instant;

use super::{link::in_time, nodes::Connection};

const TEXT: &str = include_str!("functions.lua");

/// What the functions can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Apply,
    Load,
    Swap,
    Release,
    Forget,
    Find,
    Read,
}

const VERBS: [Verb; 7] =
    [Verb::Apply, Verb::Load, Verb::Swap, Verb::Release, Verb::Forget, Verb::Find, Verb::Read];

/// One call, of which all keys lie in one slot.
pub(super) struct Call<'a> {
    pub(super) verb: Verb,
    pub(super) keys: Vec<String>,
    pub(super) arguments: Vec<Cow<'a, str>>,
}

/// How to call the functions on a server, or on those of a cluster.
pub(super) struct Functions {
    library: String,
    code: String,
    scripts: [Script; VERBS.len()],
    /// Set for good at the first sign that the server knows scripts only.
    has_scripts_only: AtomicBool,
    /// How often they were taught to the server.
    taught: AtomicU64,
    /// Held by the one who teaches them.
    teaching: tokio::sync::Mutex<()>,
}

impl Functions {
    pub(super) fn new() -> Self {
        Self::of(TEXT)
    }

    fn of(text: &str) -> Self {
        let library = format!("scorecast_{}", &Script::new(text).get_hash()[..12]);
        let mut code = format!("#!lua name={library}\n{text}");
        for verb in VERBS {
            let name = verb.name();
            code += &format!("redis.register_function('{library}_{name}', verbs.{name})\n");
        }
        let script =
            |verb: Verb| Script::new(&format!("#!lua\n{text}\nreturn verbs.{}(KEYS, ARGV)", verb.name()));
        Self {
            library,
            code,
            scripts: VERBS.map(script),
            has_scripts_only: AtomicBool::new(false),
            taught: AtomicU64::new(0),
            teaching: tokio::sync::Mutex::default(),
        }
    }

    /// The functions with one rule of them broken.
    #[cfg(test)]
    pub(super) fn broken(rule: &str, broken: &str) -> Self {
        assert_eq!(TEXT.matches(rule).count(), 1, "{rule:?} is a rule");
        Self::of(&TEXT.replace(rule, broken))
    }

    /// Makes calls, all in one round trip; in a cluster one for each board, side by side, since each
    /// may be elsewhere. Answers come in the order of the calls. Those of a board that does not answer
    /// in time fail, and those of others do not wait for longer.
    pub(super) async fn call<T: FromRedisValue>(
        &self,
        connection: &Connection,
        calls: &[Call<'_>],
        deadline: Instant,
    ) -> Vec<RedisResult<T>> {
        let trips: Vec<Vec<usize>> = match connection {
            Connection::One(_) => vec![(0..calls.len()).collect()],
            Connection::Cluster(_) => by_board(calls),
        };
        let trips = trips.into_iter().map(async |numbers| {
            let answers = in_time(deadline, self.trip(connection.clone(), calls, &numbers)).await;
            let answers: Vec<RedisResult<T>> = match answers {
                Ok(answers) => answers.into_iter().map(Ok).collect(),
                Err(error) => numbers.iter().map(|_| Err(error.clone())).collect(),
            };
            numbers.into_iter().zip(answers)
        });
        let mut answers: Vec<_> = join_all(trips).await.into_iter().flatten().collect();
        answers.sort_unstable_by_key(|(number, _)| *number);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Makes some of the calls in one round trip, and once more if the server had forgotten the functions.
    async fn trip<T: FromRedisValue>(
        &self,
        mut connection: Connection,
        calls: &[Call<'_>],
        numbers: &[usize],
    ) -> RedisResult<Vec<T>> {
        let taught = self.taught.load(Ordering::Relaxed);
        let pipeline = || self.pipeline(numbers.iter().map(|number| &calls[*number]));
        match pipeline().query_async(&mut connection).await {
            Err(error) if tells_of(&error, has_no_such_function) => {
                self.teach(&mut connection, taught).await?;
                pipeline().query_async(&mut connection).await
            }
            outcome => outcome,
        }
    }

    fn pipeline<'a>(&self, calls: impl ExactSizeIterator<Item = &'a Call<'a>>) -> Pipeline {
        let mut pipeline = Pipeline::with_capacity(calls.len());
        for Call { verb, keys, arguments } in calls {
            if self.has_scripts_only.load(Ordering::Relaxed) {
                pipeline.cmd("EVALSHA").arg(self.scripts[*verb as usize].get_hash());
            } else {
                pipeline.cmd("FCALL").arg(format!("{}_{}", self.library, verb.name()));
            }
            pipeline.arg(keys.len()).arg(keys).arg(&arguments[..]);
        }
        pipeline
    }

    /// Teaches the functions to the server, or to all masters of a cluster, unless somebody did since
    /// they had been taught `taught` times: of many callers that find them missing, one does it.
    async fn teach(&self, connection: &mut Connection, taught: u64) -> RedisResult<()> {
        let _turn = self.teaching.lock().await;
        if self.taught.load(Ordering::Relaxed) == taught {
            self.load(connection).await?;
            self.taught.store(taught + 1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn load(&self, connection: &mut Connection) -> RedisResult<()> {
        let mut load = cmd("FUNCTION");
        // REPLACE, because some masters of a cluster may have them already.
        load.arg("LOAD").arg("REPLACE").arg(&self.code);
        match load.exec_async(connection).await {
            Err(error) if tells_of(&error, has_scripts_only) => {
                self.has_scripts_only.store(true, Ordering::Relaxed);
                for script in &self.scripts {
                    // One by one: in a cluster only a single command goes to all masters.
                    script.prepare_invoke().load_async(connection).await?;
                }
                Ok(())
            }
            outcome => outcome,
        }
    }
}

/// Puts together the calls of each board. Their keys begin with the same `kind:{board}`.
fn by_board(calls: &[Call<'_>]) -> Vec<Vec<usize>> {
    let mut boards: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, call) in calls.iter().enumerate() {
        let key = &*call.keys[0];
        boards.entry(key.split_once('}').map_or(key, |(board, _)| board)).or_default().push(number);
    }
    boards.into_values().collect()
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Load => "load",
            Self::Swap => "swap",
            Self::Release => "release",
            Self::Forget => "forget",
            Self::Find => "find",
            Self::Read => "read",
        }
    }
}

fn tells_of(error: &RedisError, what: impl Fn(&ServerError) -> bool) -> bool {
    error.clone().into_server_errors().is_some_and(|errors| errors.iter().any(|(_, error)| what(error)))
}

fn has_no_such_function(error: &ServerError) -> bool {
    error.kind() == Some(ServerErrorKind::NoScript)
        || says(error, "unction not found")
        || has_scripts_only(error)
}

fn has_scripts_only(error: &ServerError) -> bool {
    error.kind() == Some(ServerErrorKind::NoPerm) || says(error, "unknown command")
}

fn says(error: &ServerError, words: &str) -> bool {
    error.details().is_some_and(|details| details.contains(words))
}
