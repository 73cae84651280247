//! HTTP: [`TABLE`] says what each caller gets of each route.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use reqwest::Method;

use super::callers::{EVERYBODY, Scene, Who};
use crate::support::{TestApp, quiz::Seat};

/// A line for each route, a column for each caller: the status of the answer. Of a socket for which
/// a token is needed it is the close code, since a page cannot read the status of an upgrade. Behind a
/// `?` stands a query, behind a `#` the kind of quiz.
const TABLE: &str = include_str!("http.txt");

/// Where the gateway lists its routes.
const ROUTERS: [&str; 2] = [
    include_str!("../../../../gateway/src/http/routes.rs"),
    include_str!("../../../../gateway/src/http/page.rs"),
];

/// How many requests are on their way at once.
const AT_ONCE: usize = 4;

/// One line of the table.
struct Line {
    request: &'static str,
    method: Method,
    route: &'static str,
    expected: Vec<u16>,
}

fn lines() -> Vec<Line> {
    let lines = TABLE.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        let mut words = line.split_whitespace();
        let (method, route) = (words.next().unwrap(), words.next().unwrap());
        let expected: Vec<u16> = words.map(|status| status.parse().unwrap()).collect();
        assert_eq!(expected.len(), EVERYBODY.len(), "{line}");
        let request = Box::leak(format!("{method} {route}").into_boxed_str());
        Line { request, method: method.parse().unwrap(), route, expected }
    });
    lines.collect()
}

#[test]
fn every_route_is_in_the_table() {
    let bare = |line: &Line| line.request.split(['?', '#']).next().unwrap().to_owned();
    let tabled: BTreeSet<String> = lines().iter().map(bare).collect();
    let routed: BTreeSet<String> = ROUTERS.iter().flat_map(|source| routes(source)).collect();
    assert!(routed.len() > 20, "the routes are not where they were: {routed:?}");
    assert_eq!(tabled, routed);
}

/// The requests that a router takes, as its source says: `.route("/a", get(one))`, or as a line of
/// the table `"/a" => get(one), post(other);`.
fn routes(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in source.lines().map(|line| line.trim().trim_start_matches(".route(")) {
        let Some((route, handlers)) = line.strip_prefix("\"/").and_then(|line| line.split_once('"')) else {
            continue;
        };
        let route = format!("/{route}");
        for method in ["get", "post", "put", "delete"] {
            if handlers.contains(&format!("{method}(")) {
                found.push(format!("{} {route}", method.to_uppercase()));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_gets_of_every_route_what_the_table_says() {
    let app = TestApp::start().await;
    let elsewhere = app.join(&app.started_quiz(&[10]).await, "elsewhere").await;
    let shared = Scene::started(&app).await;
    let lines = lines();
    let cells = lines.iter().flat_map(|line| {
        line.expected.iter().zip(EVERYBODY).map(move |(expected, who)| (line, *expected, who))
    });
    let answered = stream::iter(cells).map(async |(line, expected, who)| {
        let status = if line.method == Method::GET {
            answer(&app, line, who, &shared, &elsewhere).await
        } else {
            // What this one changes, the next one must not find changed.
            let scene = match line.request {
                "POST /quizzes/{quiz_id}/answer" | "POST /admin/quizzes/{quiz_id}/end" => {
                    Scene::started(&app).await
                }
                "POST /quizzes/{quiz_id}/sessions#self-report" => Scene::self_reported(&app).await,
                _ => Scene::pending(&app).await,
            };
            answer(&app, line, who, &scene, &elsewhere).await
        };
        (status != expected).then(|| format!("{who:?}: {} is {status}, not {expected}", line.request))
    });
    let wrong: Vec<_> = answered.buffer_unordered(AT_ONCE).filter_map(async |wrong| wrong).collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Asks, and tells the status; of a socket that is opened and closed at once, the close code.
async fn answer(app: &TestApp, line: &Line, who: Who, scene: &Scene, elsewhere: &Seat) -> u16 {
    let path = scene.path(line.route.split('#').next().unwrap());
    let token = scene.token(who, elsewhere);
    match line.route {
        "/quizzes/{quiz_id}/ws" => {
            app.knock(&format!("{path}?participant_id={}", scene.seat.id), token.as_deref()).await
        }
        "/ws/leaderboard" | "/ws/leaderboard/" => {
            let query = token.map(|token| format!("?token={token}")).unwrap_or_default();
            app.knock(&format!("{path}{query}"), None).await
        }
        _ => {
            let body = scene.body(line.request, who).map(|body| body.to_string().into());
            app.send(line.method.clone(), &path, token.as_deref(), body).await.status
        }
    }
}
