//! The sockets' own code, all ways to write them, by way of an echo, against the WebSocket conformance suite of Autobahn
//! (<https://github.com/crossbario/autobahn-testsuite>). `make conformance` installs that and says
//! where it is; no everyday test needs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, and its backtrace says where")]

use std::{collections::BTreeMap, env, fs, path::Path, process::Stdio, time::Duration};

use gateway::FanoutKind;
use serde::Deserialize;
use serde_json::json;
use services::shutdown::Shutdown;
use tokio::{net::TcpListener, process::Command, time::timeout};

/// Framing, pings, reserved bits, opcodes, fragments, UTF-8, closing, and what is left; not limits
/// (9: ours are low on purpose) and compression (12, 13: we agree to none).
const SECTIONS: [&str; 8] = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"];

/// Who serves sockets, under the names that the suite reports.
const KINDS: [(&str, FanoutKind); 2] = [("hub", FanoutKind::Hub), ("tasks", FanoutKind::Tasks)];

/// How long the suite may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the suite says of one case.
#[derive(Debug, Deserialize)]
struct Verdict {
    behavior: String,
    #[serde(rename = "behaviorClose")]
    behavior_close: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sockets_speak_websocket_as_the_suite_wants_it() {
    let connections = Shutdown::default();
    let mut servers = Vec::new();
    for (agent, kind) in KINDS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        servers.push(json!({"agent": agent, "url": format!("ws://{}", listener.local_addr().unwrap())}));
        let echo = gateway::conformance::echo(kind, listener, connections.clone());
        connections.spawn(async move { echo.await.unwrap() });
    }

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    let spec = json!({
        "outdir": folder.join("reports"),
        "servers": servers,
        "cases": SECTIONS,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    // What an earlier run found must not be taken for this one's.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("spec.json"), spec.to_string()).unwrap();
    let python = env::var("AUTOBAHN_PYTHON").expect("run it by `make conformance`");
    let mut suite = Command::new(python);
    suite.args(["-c", "from autobahntestsuite.wstest import run; run()", "-m", "fuzzingclient", "-s"]);
    suite.arg(folder.join("spec.json")).current_dir(&folder).stdout(Stdio::null()).kill_on_drop(true);
    let ended = timeout(PATIENCE, suite.status()).await.expect("the suite comes to an end").unwrap();
    assert!(ended.success(), "the suite failed: {ended}");

    let reports = fs::read_to_string(folder.join("reports/index.json")).unwrap();
    let reports: BTreeMap<String, BTreeMap<String, Verdict>> = serde_json::from_str(&reports).unwrap();
    for (agent, _) in KINDS {
        judge(agent, &reports[agent]);
    }
}

#[allow(clippy::print_stderr, reason = "the counts are for the person who runs it")]
fn judge(agent: &str, verdicts: &BTreeMap<String, Verdict>) {
    let mut counts = BTreeMap::<&str, u32>::new();
    verdicts.values().for_each(|verdict| *counts.entry(&verdict.behavior).or_default() += 1);
    eprintln!("{agent}: {} cases: {counts:?}", verdicts.len());
    assert!(verdicts.len() > 200, "the suite did not run all sections on {agent}");
    let is_good = |behavior: &str| matches!(behavior, "OK" | "NON-STRICT" | "INFORMATIONAL");
    let bad = verdicts
        .iter()
        .filter(|(_, verdict)| !is_good(&verdict.behavior) || !is_good(&verdict.behavior_close));
    let bad: Vec<_> = bad.collect();
    assert!(bad.is_empty(), "{agent}: {bad:#?}");
}
