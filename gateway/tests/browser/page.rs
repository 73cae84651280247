//! The page as the gateway serves it, or the word about it where the program was built without.

use crate::app::TestApp;

#[tokio::test]
async fn each_address_of_the_page_gives_the_page_and_forbids_what_it_does_not_need() {
    let app = TestApp::start().await;
    for path in
        ["/", "/leaderboard", "/me", "/host", "/host/quiz_a1b2c3d4e5f6/screen", "/quizzes/quiz_a1b2c3d4e5f6"]
    {
        let response = app.request(reqwest::Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(["no-cache", "no-store"].contains(&response.headers()["cache-control"].to_str().unwrap()));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.text().await.unwrap().contains("Scorecast"), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_asset_is_not_found_instead_of_being_the_page() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/assets/index-0ld.js").await.code(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn what_the_page_is_made_of_may_be_kept_for_ever() {
    let app = TestApp::start().await;
    let page = app.request(reqwest::Method::GET, "/").send().await.unwrap().text().await.unwrap();
    for asset in page.split('"').filter(|text| text.starts_with("/assets/")) {
        let response = app.request(reqwest::Method::GET, asset).send().await.unwrap();
        assert_eq!(response.status(), 200, "{asset}");
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
    }
}

#[tokio::test]
async fn the_page_may_fetch_tokens_where_users_sign_in_and_nowhere_else() {
    let app = TestApp::start_with(&[
        "--sign-in=external",
        "--sign-in-url=https://login.example/start?app=quiz",
        "--sign-in-token-url=https://login.example/token",
    ])
    .await;
    let response = app.request(reqwest::Method::GET, "/me").send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("connect-src 'self' https://login.example;"), "{policy}");
}
