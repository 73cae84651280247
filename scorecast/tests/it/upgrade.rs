//! Who may not open a socket, and what they are told.

use crate::support::TestApp;

#[tokio::test]
async fn an_upgrade_is_refused_with_the_text_for_its_reason() {
    let app = TestApp::start().await;
    let quiz = app.pending_quiz(&[10]).await;
    let other = app.pending_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let (quiz, other, seat) = (quiz.id, other.id, seat.id);

    for (path, status, text) in [
        (format!("/quizzes/{quiz}/ws"), 400, "missing participant_id parameter"),
        (format!("/quizzes/{quiz}/ws?participant_id="), 400, "missing participant_id parameter"),
        ("/quizzes/quiz_000000000000/ws".to_owned(), 400, "missing participant_id parameter"),
        (format!("/quizzes/quiz_000000000000/ws?participant_id={seat}"), 404, "quiz not found"),
        (format!("/quizzes/nonsense/ws?participant_id={seat}"), 404, "quiz not found"),
        (format!("/quizzes/{quiz}/ws?participant_id=p_000000000000"), 403, "participant not in quiz"),
        (format!("/quizzes/{quiz}/ws?participant_id=nonsense"), 403, "participant not in quiz"),
        (format!("/quizzes/{other}/ws?participant_id={seat}"), 403, "participant not in quiz"),
    ] {
        let refusal = app.refused_upgrade(&path).await;
        assert_eq!((refusal.status, refusal.body["error"].as_str()), (status, Some(text)), "{path}");
    }
}

#[tokio::test]
async fn a_plain_request_to_a_socket_is_asked_to_upgrade() {
    let app = TestApp::start().await;
    let quiz = app.pending_quiz(&[10]).await;
    let seat = app.join(&quiz, "alice_dev").await;
    let reply = app.get(&format!("/quizzes/{}/ws?participant_id={}", quiz.id, seat.id), None).await;
    assert_eq!(reply.refusal(), (426, "UPGRADE_REQUIRED"));
}
