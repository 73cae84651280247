//! What only a server can do to a board: lose keys, forget functions, hang, die and come back.

use super::{
    super::contract::{self, Stage},
    *,
};

async fn stage() -> Stage {
    on(servers::redis::Redis::start())
}

async fn stage_without_functions() -> Stage {
    on(servers::redis::Redis::start_with(&["rename-command FUNCTION \"\"", "rename-command FCALL \"\""]))
}

fn on(server: servers::redis::Redis) -> Stage {
    let shutdown = Shutdown::default();
    let open = || Arc::new(Redis::open(&server.url(), &shutdown).unwrap());
    Stage::new(open(), open()).with(server)
}

mod functions {
    use super::*;
    contract::suite!(stage);
}

mod scripts {
    use super::*;
    contract::suite!(stage_without_functions);
}
