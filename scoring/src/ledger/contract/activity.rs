//! Promises about what is told of sessions and subjects.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    Fresh,
    people::{lines, subject, upload_of},
};
use crate::activity::Event;

pub(super) async fn each_change_of_sessions_is_told_once_and_in_order(fresh: &Fresh) {
    fresh.make_subject("BIO").await;
    let uploaded = fresh.quiz_of("BIO").await;
    assert_eq!(fresh.ledger.last_activity().await.unwrap(), 0);
    fresh.upload(uploaded, &[("ada", 9, 9), ("bob", 1, 1)]).await;
    let played = fresh.class("BIO", &["cy"]).await.quiz;
    fresh.ledger.end(played).await.unwrap();
    fresh.settle_all().await;
    fresh.ledger.delete(uploaded).await.unwrap();
    let (plain, _) = fresh.quiz(0).await;
    fresh.upload(plain, &[("ada", 5, 5)]).await;

    let changed = |quiz_id, version| Event::SubjectChanged { subject: subject("BIO"), quiz_id, version };
    let sessions: Vec<_> = fresh
        .events()
        .await
        .into_iter()
        .map(|event| match event {
            Event::SessionsUploaded { username, quiz_id, subject, score, duration_ms, count, .. } => {
                Ok((username, quiz_id, subject, score, duration_ms, count))
            }
            event @ Event::SubjectChanged { .. } => Err(event),
        })
        .collect();
    let text = str::to_owned;
    assert_eq!(
        sessions,
        [
            Ok((text("ada"), uploaded, text("BIO"), 9, 9, 2)),
            Err(changed(uploaded, 2)),
            Err(changed(played, 3)),
            Ok((text("cy"), played, text("BIO"), 0, 0, 1)),
            Err(changed(uploaded, 5)),
            Ok((text("ada"), plain, text(""), 5, 5, 1)),
        ]
    );
    let seqs: Vec<_> = fresh.activity().await.iter().map(|activity| activity.seq).collect();
    assert_eq!((seqs, fresh.ledger.last_activity().await.unwrap()), ((1..=6).collect(), 6));
    let page = fresh.ledger.activity_after(2, 3).await.unwrap();
    assert_eq!(page.iter().map(|activity| activity.seq).collect::<Vec<_>>(), [3, 4, 5]);
}

pub(super) async fn an_event_is_kept_for_an_hour(fresh: &Fresh) {
    let (quiz, _) = fresh.quiz(0).await;
    let seqs = async || fresh.activity().await.iter().map(|activity| activity.seq).collect::<Vec<_>>();
    fresh.upload(quiz, &[("ada", 5, 5)]).await;
    fresh.clock.advance(Duration::from_secs(59 * 60));
    fresh.upload(quiz, &[("bob", 5, 5)]).await;
    assert_eq!(seqs().await, [1, 2]);
    fresh.clock.advance(Duration::from_secs(2 * 60));
    fresh.upload(quiz, &[("cy", 5, 5)]).await;
    assert_eq!(seqs().await, [2, 3]);
    let at: Vec<_> = fresh.activity().await.iter().map(|activity| activity.at).collect();
    assert!(at[1] > at[0] && at[1] <= fresh.ledger.now().await.unwrap());
}

pub(super) async fn no_event_is_seen_before_one_of_a_lower_number(fresh: &Fresh) {
    let mut quizzes = Vec::new();
    for _ in 0..8 {
        quizzes.push(fresh.quiz(0).await.0);
    }
    let processes = [fresh.another(), fresh.another()];
    let uploads = quizzes.iter().enumerate().map(|(number, quiz)| {
        let process = &processes[number % 2];
        async move {
            for turn in 0..10 {
                let name = format!("pupil {turn}");
                process.upload(&upload_of(*quiz, lines(&[(name.as_str(), 1, 1)]))).await.unwrap();
            }
        }
    });
    let reading = async {
        let mut seen = 0;
        while seen < 80 {
            for activity in fresh.ledger.activity_after(seen, 7).await.unwrap() {
                assert_eq!(activity.seq, seen + 1);
                seen = activity.seq;
            }
        }
    };
    tokio::join!(join_all(uploads), reading);
}
