//! The Redis functions: loading and calling them. Knows nothing of what they mean.
//!
//! None is declared to be without writes, not even reading: a server that refuses to write, because
//! it became a replica or is out of memory, must not go on showing boards that cannot follow.
//!
//! A server that has no functions runs the same text as scripts. Both are named by the digest of
//! the text, so versions of this program that differ in it share one server.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
};

use redis::{
    FromRedisValue, Pipeline, RedisError, RedisResult, Script, ServerError, ServerErrorKind,
    aio::MultiplexedConnection, cmd,
};

const TEXT: &str = include_str!("functions.lua");

/// What the functions can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Apply,
    Load,
    Swap,
    Release,
    Forget,
    Expire,
    Find,
    Read,
}

const VERBS: [Verb; 8] =
    [Verb::Apply, Verb::Load, Verb::Swap, Verb::Release, Verb::Forget, Verb::Expire, Verb::Find, Verb::Read];

/// One call, of which all keys lie in one slot.
pub(super) struct Call<'a> {
    pub(super) verb: Verb,
    pub(super) keys: Vec<String>,
    pub(super) arguments: Vec<Cow<'a, str>>,
}

/// How to call the functions on one server.
pub(super) struct Functions {
    library: String,
    code: String,
    scripts: [Script; VERBS.len()],
    /// Set for good at the first sign that the server knows scripts only.
    has_scripts_only: AtomicBool,
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
        Self { library, code, scripts: VERBS.map(script), has_scripts_only: AtomicBool::new(false) }
    }

    /// The functions with one rule of them broken.
    #[cfg(test)]
    pub(super) fn broken(rule: &str, broken: &str) -> Self {
        assert_eq!(TEXT.matches(rule).count(), 1, "{rule:?} is a rule");
        Self::of(&TEXT.replace(rule, broken))
    }

    /// Makes calls in one round trip, and once more if the server had forgotten the functions.
    pub(super) async fn call<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        calls: &[Call<'_>],
    ) -> RedisResult<Vec<T>> {
        match self.pipeline(calls).query_async(connection).await {
            Err(error) if tells_of(&error, has_no_such_function) => {
                self.load(connection).await?;
                self.pipeline(calls).query_async(connection).await
            }
            outcome => outcome,
        }
    }

    fn pipeline(&self, calls: &[Call<'_>]) -> Pipeline {
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

    async fn load(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut load = cmd("FUNCTION");
        load.arg("LOAD").arg(&self.code);
        match load.exec_async(connection).await {
            Err(error) if tells_of(&error, was_loaded_meanwhile) => Ok(()),
            Err(error) if tells_of(&error, has_scripts_only) => {
                self.has_scripts_only.store(true, Ordering::Relaxed);
                let mut pipeline = Pipeline::new();
                for script in &self.scripts {
                    pipeline.load_script(script).ignore();
                }
                pipeline.exec_async(connection).await
            }
            outcome => outcome,
        }
    }
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Load => "load",
            Self::Swap => "swap",
            Self::Release => "release",
            Self::Forget => "forget",
            Self::Expire => "expire",
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

fn was_loaded_meanwhile(error: &ServerError) -> bool {
    says(error, "already exists")
}

fn has_scripts_only(error: &ServerError) -> bool {
    error.kind() == Some(ServerErrorKind::NoPerm) || says(error, "unknown command")
}

fn says(error: &ServerError, words: &str) -> bool {
    error.details().is_some_and(|details| details.contains(words))
}
