//! What users hear on the leaderboard socket of sessions and subjects.

use std::time::{Duration, Instant};

use proto::v1::{SessionsUploaded, SubjectChanged, watch_activity_response::Event};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    app::{Browser, TestApp, Way, in_each_way, jwt},
    scoring::{Asked, QUIZ, State},
};

in_each_way! {
    every: [
        every_socket_hears_of_every_session_once_and_in_order,
        what_happens_while_scoring_is_away_is_heard_later,
        events_that_are_lost_on_the_way_are_counted,
        a_socket_that_is_too_far_behind_is_told_how_many_it_has_missed,
        a_subject_is_followed_from_its_present_state_and_shared_by_all,
        whoever_looks_at_no_subject_hears_of_all_and_the_others_of_theirs,
        a_subject_is_told_of_at_most_once_a_second_and_always_its_last_state,
        a_change_is_told_once_the_board_shows_it,
    ]
}

const ADA: &str = "u_aaaaaaaaaaaa";

async fn open(app: &TestApp) -> Browser {
    app.connect(&format!("/ws/leaderboard/?token={}", jwt("ada", ""))).await.unwrap()
}

/// One session of somebody, or several.
fn uploaded(username: &str, count: u32) -> Event {
    Event::SessionsUploaded(SessionsUploaded {
        session_id: "session_1234567890ab".to_owned(),
        user_id: ADA.to_owned(),
        username: username.to_owned(),
        quiz_id: QUIZ.to_owned(),
        subject: "BIO".to_owned(),
        score: 90,
        duration: Some(prost_types::Duration { seconds: 312, nanos: 0 }),
        count,
    })
}

impl TestApp {
    /// Waits until the gateway follows what happens.
    async fn is_following(&self) {
        while self.scoring.asked(|asked| matches!(asked, Asked::Activity(_)).then_some(())).is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// Ada has so many points in a subject, because of [`QUIZ`].
    fn change(&self, code: &str, version: u64, score: u32) {
        self.scoring.show_on(code, State::new(version, &[(ADA, score)]));
        let (subject, quiz_id) = (code.to_owned(), QUIZ.to_owned());
        self.scoring.happen(Event::SubjectChanged(SubjectChanged { subject, quiz_id, version }), 0);
    }
}

impl Browser {
    async fn say_of(&mut self, kind: &str, subject: &str) {
        self.say(Message::text(json!({"type": kind, "subject": subject}).to_string())).await;
    }

    pub(crate) async fn subscribe_subject(&mut self, subject: &str) -> Value {
        self.say_of("subscribe_subject", subject).await;
        let confirmed =
            json!({"type": "subscription_confirmed", "subject": subject, "message": "subscribed"});
        assert_eq!(self.frame().await, confirmed);
        self.update_of(subject).await
    }

    /// The next message, which must be of this subject.
    async fn update_of(&mut self, subject: &str) -> Value {
        let message = self.frame().await;
        assert_eq!(message["type"], "leaderboard_updated", "{message}");
        assert_eq!(message["data"]["subject"], subject);
        message["data"].clone()
    }

    /// Nothing has come that was not read.
    async fn has_heard_all(&mut self) {
        self.say(Message::text(r#"{"type":"ping"}"#)).await;
        assert_eq!(self.frame().await, json!({"type": "pong"}));
    }
}

async fn every_socket_hears_of_every_session_once_and_in_order(way: Way) {
    let app = way.start().await;
    app.is_following().await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        let mut browser = open(&app).await;
        browser.has_heard_all().await;
        browsers.push(browser);
    }
    for number in 0..50 {
        app.scoring.happen(uploaded(&format!("pupil {number}"), number + 1), 0);
    }
    for browser in &mut browsers {
        for number in 0..50 {
            let expected = json!({"type": "quiz_session_uploaded", "data": {
                "session_id": "session_1234567890ab", "user_id": ADA, "username": format!("pupil {number}"),
                "quiz_id": QUIZ, "subject": "BIO", "score": 90, "duration_seconds": 312,
                "timestamp": "2026-02-02T10:15:00.123Z", "count": number + 1,
            }});
            assert_eq!(browser.frame().await, expected);
        }
        browser.has_heard_all().await;
    }
    let streams = app.scoring.asked(|asked| match asked {
        Asked::Activity(request) => Some(*request),
        _ => None,
    });
    assert_eq!(streams.len(), 1, "{streams:?}");
}

async fn what_happens_while_scoring_is_away_is_heard_later(way: Way) {
    let mut app = way.start().await;
    app.is_following().await;
    let mut ada = open(&app).await;
    app.scoring.happen(uploaded("before", 1), 0);
    assert_eq!(ada.frame().await["data"]["username"], "before");
    app.scoring.stop().await;
    for name in ["meanwhile", "still away"] {
        app.scoring.happen(uploaded(name, 1), 0);
    }
    app.scoring.listen().await;
    app.scoring.happen(uploaded("after", 1), 0);
    for name in ["meanwhile", "still away", "after"] {
        assert_eq!(ada.frame().await["data"]["username"], name);
    }
    ada.has_heard_all().await;
}

async fn events_that_are_lost_on_the_way_are_counted(way: Way) {
    let app = way.start().await;
    app.is_following().await;
    let mut ada = open(&app).await;
    app.scoring.happen(uploaded("one", 1), 0);
    app.scoring.happen(uploaded("nine", 1), 7);
    assert_eq!(ada.frame().await["data"]["username"], "one");
    assert_eq!(ada.frame().await, json!({"type": "activity_skipped", "count": 7}));
    assert_eq!(ada.frame().await["data"]["username"], "nine");
}

async fn a_socket_that_is_too_far_behind_is_told_how_many_it_has_missed(way: Way) {
    const EVENTS: u32 = 600;
    let app = way.start().await;
    app.is_following().await;
    let mut slow = app.connect_narrow(&format!("/ws/leaderboard/?token={}", jwt("ada", ""))).await;
    let mut quick = open(&app).await;
    let long = "x".repeat(8 << 10);
    for hundred in 0..EVENTS / 100 {
        let counts = hundred * 100 + 1..=hundred * 100 + 100;
        counts.clone().for_each(|count| app.scoring.happen(uploaded(&long, count), 0));
        for count in counts {
            assert_eq!(quick.frame().await["data"]["count"], count);
        }
    }
    let (mut heard, mut missed) = (0, 0);
    while heard < u64::from(EVENTS) {
        let message = slow.frame().await;
        if message["type"] == "activity_skipped" {
            let count = message["count"].as_u64().unwrap();
            (heard, missed) = (heard + count, missed + count);
        } else {
            heard += 1;
            assert_eq!(message["data"]["count"], heard);
        }
    }
    assert!(missed > 0);
    slow.has_heard_all().await;
}

async fn a_subject_is_followed_from_its_present_state_and_shared_by_all(way: Way) {
    let app = way.start().await;
    app.is_following().await;
    app.scoring.open_subject("BIO");
    let mut browsers = Vec::new();
    for _ in 0..10 {
        let mut browser = open(&app).await;
        for _ in 0..2 {
            let present = browser.subscribe_subject("BIO").await;
            assert_eq!((&present["version"], &present["quiz_id"]), (&json!(1), &Value::Null));
        }
        browsers.push(browser);
    }
    app.change("BIO", 2, 340);
    for browser in &mut browsers {
        let update = browser.update_of("BIO").await;
        let expected = json!({
            "subject": "BIO", "subject_name": "name of BIO", "quiz_id": QUIZ,
            "leaderboard": [{
                "user_id": ADA, "username": format!("name of {ADA}"), "total_score": 340, "quiz_count": 0,
                "average_score": 340.0, "total_duration_seconds": 0, "average_duration_seconds": 0, "rank": 1,
            }],
            "total_users": 1, "timestamp": "2026-02-02T10:15:00.123Z", "version": 2, "epoch": 1_790_000_000,
        });
        assert_eq!(update, expected);
        browser.has_heard_all().await;
    }
    let streams = app.scoring.asked(|asked| matches!(asked, Asked::Watch(_)).then_some(()));
    assert_eq!(streams.len(), 1);
}

async fn whoever_looks_at_no_subject_hears_of_all_and_the_others_of_theirs(way: Way) {
    let app = way.start().await;
    app.is_following().await;
    for code in ["BIO", "MATH"] {
        app.scoring.open_subject(code);
    }
    let (mut everybody, mut biologist) = (open(&app).await, open(&app).await);
    everybody.has_heard_all().await;
    biologist.subscribe_subject("BIO").await;

    app.change("MATH", 2, 10);
    let update = everybody.update_of("MATH").await;
    assert_eq!((&update["version"], &update["quiz_id"]), (&json!(2), &json!(QUIZ)));
    app.change("BIO", 2, 10);
    for browser in [&mut everybody, &mut biologist] {
        let update = browser.update_of("BIO").await;
        assert_eq!((&update["version"], &update["quiz_id"]), (&json!(2), &json!(QUIZ)));
        browser.has_heard_all().await;
    }

    biologist.say_of("unsubscribe_subject", "BIO").await;
    let confirmed = json!({"type": "unsubscription_confirmed", "subject": "BIO", "message": "unsubscribed"});
    assert_eq!(biologist.frame().await, confirmed);
    app.change("MATH", 3, 20);
    assert_eq!(biologist.update_of("MATH").await["version"], 3);
}

async fn a_subject_is_told_of_at_most_once_a_second_and_always_its_last_state(way: Way) {
    const LAST: u64 = 40;
    let app = way.start().await;
    app.is_following().await;
    app.scoring.open_subject("BIO");
    let (mut everybody, mut biologist) = (open(&app).await, open(&app).await);
    everybody.has_heard_all().await;
    biologist.subscribe_subject("BIO").await;
    let changing = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        for version in 2..=LAST {
            pace.tick().await;
            app.change("BIO", version, 10);
        }
    };
    let began = Instant::now();
    let listening = async |browser: &mut Browser| {
        let mut versions = vec![1];
        while versions.last() != Some(&LAST) {
            let version = browser.update_of("BIO").await["version"].as_u64().unwrap();
            assert!(version > versions[versions.len() - 1], "{version} after {versions:?}");
            versions.push(version);
        }
        versions.len() - 1
    };
    let (told, told_too, ()) = tokio::join!(listening(&mut everybody), listening(&mut biologist), changing);
    let seconds = began.elapsed().as_secs() as usize;
    assert!(told <= seconds + 1 && told_too <= seconds + 1, "{told} and {told_too} in {seconds} s");
}

async fn a_change_is_told_once_the_board_shows_it(way: Way) {
    let app = way.start().await;
    app.is_following().await;
    app.scoring.open_subject("BIO");
    let mut everybody = open(&app).await;
    everybody.has_heard_all().await;
    let (subject, quiz_id) = ("BIO".to_owned(), QUIZ.to_owned());
    app.scoring.happen(Event::SubjectChanged(SubjectChanged { subject, quiz_id, version: 2 }), 0);
    app.scoring.happen(uploaded("ada", 1), 0);
    assert_eq!(everybody.frame().await["type"], "quiz_session_uploaded");
    app.scoring.show_on("BIO", State::new(2, &[(ADA, 10)]));
    assert_eq!(everybody.update_of("BIO").await["version"], 2);
}
