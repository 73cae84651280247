//! Gateway and scoring that show each other certificates.

use std::{fs, path::Path};

use servers::certificates::{Authority, Pair};
use services::tls::ClientTls;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::support::{TestApp, process, quiz::RIGHT, within};

/// The files of both services, and what tells them where they are.
fn files(folder: &Path, ours: &Authority) -> Vec<String> {
    put(folder, "scoring", &ours.vouch_for("127.0.0.1"));
    put(folder, "gateway", &ours.vouch_for("gateway"));
    fs::write(folder.join("ca.pem"), ours.pem()).unwrap();
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--scoring-certificate={}", file("scoring.pem")),
        format!("--scoring-key={}", file("scoring.key")),
        format!("--scoring-client-ca={}", file("ca.pem")),
        "--scoring-health-listen=127.0.0.1:0".to_owned(),
        format!("--upstream-certificate={}", file("gateway.pem")),
        format!("--upstream-key={}", file("gateway.key")),
        format!("--upstream-ca={}", file("ca.pem")),
    ]
}

fn put(folder: &Path, name: &str, pair: &Pair) {
    fs::write(folder.join(format!("{name}.pem")), &pair.certificate).unwrap();
    fs::write(folder.join(format!("{name}.key")), &pair.key).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_certificates_on_both_sides_all_works_as_ever_and_goes_on_with_new_ones() {
    let (folder, ours) = (tempfile::tempdir().unwrap(), Authority::new());
    let mut app = TestApp::start_with(files(folder.path(), &ours)).await;
    let quiz = app.started_quiz(&[10, 20]).await;
    let seat = app.join(&quiz, "ada").await;
    let mut socket = app.watch(&quiz, &seat).await;
    let version = app.answered(&quiz, &seat, 0, RIGHT).await;
    assert_eq!(socket.at(version).await["you"]["score"], 10);

    // Another authority, which neither has heard of: only files tell them.
    app.stop_scoring().await;
    files(folder.path(), &Authority::new());
    app.start_scoring().await;
    app.until_ready().await;
    let version = app.answered(&quiz, &seat, 1, RIGHT).await;
    assert_eq!(socket.at(version).await["you"]["score"], 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn scoring_talks_to_nobody_without_a_certificate_but_of_its_health() {
    let (folder, ours) = (tempfile::tempdir().unwrap(), Authority::new());
    let app = TestApp::start_with(files(folder.path(), &ours)).await;
    let mut plain = app.scoring();
    within("a call in the clear fails", plain.get_leaderboard(proto::v1::GetLeaderboardRequest::default()))
        .await
        .unwrap_err();

    let stranger = ClientTls::read(folder.path().join("ca.pem"), None, "127.0.0.1").unwrap();
    let connection = tokio::net::TcpStream::connect(app.grpc()).await.unwrap();
    let greeted = async {
        // By TLS 1.3 a client is done before the server has looked at it.
        let mut stream = stranger.connect(connection).await?;
        tokio::io::AsyncReadExt::read_u8(&mut stream).await
    };
    let error = within("a stranger is turned away", greeted).await.unwrap_err();
    assert!(error.to_string().contains("ertificate"), "{error}");

    let url = format!("http://{}", app.health().expect("it is asked for"));
    let channel = tonic::transport::Endpoint::from_shared(url).unwrap().connect_lazy();
    let mut health = HealthClient::new(channel.clone());
    let reply = health.check(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(reply.status(), ServingStatus::Serving);
    let mut quizzes = proto::v1::quiz_service_client::QuizServiceClient::new(channel);
    let refused = quizzes.list_quizzes(proto::v1::ListQuizzesRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unimplemented, "there is nothing but health");
}

#[tokio::test]
async fn both_in_one_process_need_no_certificates_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path(), &Authority::new());
    let mut command = process::on_free_ports(&folder.path().join("data"));
    let ended = process::outcome(command.args(files)).await;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(64), "{said}");
    assert!(said.contains("SCORING_CERTIFICATE"), "{said}");
}
