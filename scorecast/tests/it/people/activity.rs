//! What is told of what happens across quizzes.

use proto::v1::{WatchActivityRequest, WatchActivityResponse, watch_activity_response::Event};
use tonic::Streaming;

use super::row;
use crate::support::{TestApp, within};

on_both_pairs! {
    each_stream_hears_each_event_once_and_in_order,
    a_stream_is_taken_up_again_where_it_broke,
}

async fn each_stream_hears_each_event_once_and_in_order(app: TestApp) {
    app.subject("BIO").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = follow(&app, None).await;
        assert_eq!(next(&mut stream).await, WatchActivityResponse::default());
        streams.push(stream);
    }
    let quizzes = [app.quiz_of("BIO").await, app.quiz_of("").await];
    for number in 0..20 {
        let name = format!("pupil {number}");
        app.upload(&quizzes[number % 2], vec![row(1, &name, 1, 1), row(2, &format!("{name}b"), 1, 1)]).await;
    }
    for mut stream in streams {
        let (mut uploads, mut changes) = (Vec::new(), 0);
        for seq in 1..=30 {
            let message = next(&mut stream).await;
            assert_eq!((message.seq, message.skipped, message.at.is_some()), (seq, 0, true));
            match message.event.unwrap() {
                Event::SessionsUploaded(sessions) => {
                    assert_eq!((sessions.count, sessions.duration.unwrap().seconds), (2, 1));
                    uploads.push(sessions.username);
                }
                Event::SubjectChanged(change) => {
                    changes += 1;
                    assert_eq!((change.subject.as_str(), change.version), ("BIO", 2 * changes));
                }
            }
        }
        let expected: Vec<_> = (0..20).map(|number| format!("pupil {number}")).collect();
        assert_eq!((uploads, changes), (expected, 10));
    }
}

async fn a_stream_is_taken_up_again_where_it_broke(mut app: TestApp) {
    let quiz = app.quiz_of("").await;
    let mut stream = follow(&app, None).await;
    assert_eq!(next(&mut stream).await.seq, 0);
    for number in 1..=300 {
        app.upload(&quiz, vec![row(1, &format!("pupil {number}"), 1, 1)]).await;
    }
    for seq in 1..=3 {
        assert_eq!(next(&mut stream).await.seq, seq);
    }
    app.stop_scoring().await;
    app.start_scoring().await;
    let mut again = follow(&app, Some(3)).await;
    assert_eq!(next(&mut again).await, WatchActivityResponse { seq: 3, ..WatchActivityResponse::default() });
    for seq in 4..=300 {
        let message = next(&mut again).await;
        assert_eq!((message.seq, message.skipped), (seq, 0));
    }
    app.upload(&quiz, vec![row(1, "the last", 1, 1)]).await;
    assert_eq!(next(&mut again).await.seq, 301);
    // A number that is not given yet can only be of another ledger.
    let mut ahead = follow(&app, Some(9000)).await;
    assert_eq!(next(&mut ahead).await.seq, 301);
    // What is no longer kept is told as skipped.
    app.clock.advance(std::time::Duration::from_secs(2 * 60 * 60));
    app.upload(&quiz, vec![row(1, "much later", 1, 1)]).await;
    let mut late = follow(&app, Some(3)).await;
    assert_eq!(next(&mut late).await.seq, 3);
    let message = next(&mut late).await;
    assert_eq!((message.seq, message.skipped), (302, 298));
}

/// Follows what happens after an event, or from now on.
pub(super) async fn follow(app: &TestApp, after_seq: Option<u64>) -> Streaming<WatchActivityResponse> {
    app.scoring().watch_activity(WatchActivityRequest { after_seq }).await.unwrap().into_inner()
}

pub(super) async fn next(stream: &mut Streaming<WatchActivityResponse>) -> WatchActivityResponse {
    within("something happens", stream.message()).await.unwrap().expect("the stream goes on")
}
