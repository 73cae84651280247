//! The kinds of callers, each with the token that it brings, and what they call about.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{
    JWT_SECRET,
    http::Caller,
    quiz::{Quiz, RIGHT, Seat, host, jwt, question, signed, text},
};

/// Who calls. The quiz belongs to the host; the seats and the user are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Nobody,
    /// The seat that the request is about, with its participant token.
    Seat,
    /// Another seat of the same quiz.
    Neighbour,
    /// A seat of another quiz.
    Elsewhere,
    /// A user with a seat.
    User,
    /// A user without.
    OtherUser,
    Host,
    OtherHost,
    Admin,
    /// The host, too late.
    Expired,
    /// The host, by somebody else's signature.
    Forged,
    /// The host, by a token that says it needs no signature.
    Unsigned,
}

/// In the order of the columns of the table.
pub(super) const EVERYBODY: [Who; 12] = [
    Who::Nobody,
    Who::Seat,
    Who::Neighbour,
    Who::Elsewhere,
    Who::User,
    Who::OtherUser,
    Who::Host,
    Who::OtherHost,
    Who::Admin,
    Who::Expired,
    Who::Forged,
    Who::Unsigned,
];

const SUBJECT: &str = "BIO";

/// A quiz with people in it.
pub(super) struct Scene {
    pub(super) quiz: Quiz,
    pub(super) join_code: String,
    pub(super) seat: Seat,
    neighbour: Seat,
}

impl Scene {
    /// A quiz of the host's, which nobody has started; and a subject.
    pub(super) async fn pending(caller: &Caller) -> Self {
        let subject = json!({ "name": "Biology" });
        caller.put(&format!("/admin/subjects/{SUBJECT}"), Some(&host()), &subject).await.ok();
        Self::of(caller, caller.pending_quiz(&[10, 10]).await).await
    }

    /// The same, where users may report how they did.
    pub(super) async fn self_reported(caller: &Caller) -> Self {
        let wanted = json!({ "title": "Lakes", "self_report": true });
        let made = caller.post("/admin/quizzes", Some(&host()), &wanted).await.ok();
        Self::of(caller, Quiz { id: text(&made["quiz_id"]), questions: Vec::new() }).await
    }

    /// Everybody takes a seat in a quiz.
    async fn of(caller: &Caller, quiz: Quiz) -> Self {
        let shown = caller.get(&format!("/quizzes/{}/info", quiz.id), None).await.ok();
        let seat = caller.join(&quiz, "seat").await;
        let neighbour = caller.join(&quiz, "neighbour").await;
        let join = format!("/quizzes/{}/join", quiz.id);
        caller.post(&join, Some(&jwt("user", None)), &json!({ "username": "user" })).await.ok();
        Self { quiz, join_code: text(&shown["join_code"]), seat, neighbour }
    }

    /// The same, started.
    pub(super) async fn started(caller: &Caller) -> Self {
        let scene = Self::pending(caller).await;
        caller.start_quiz(&scene.quiz).await.ok();
        scene
    }

    /// What somebody brings; `elsewhere` is a seat of another quiz.
    pub(super) fn token(&self, who: Who, elsewhere: &Seat) -> Option<String> {
        let token = match who {
            Who::Nobody => return None,
            Who::Seat => self.seat.token.clone(),
            Who::Neighbour => self.neighbour.token.clone(),
            Who::Elsewhere => elsewhere.token.clone(),
            Who::User => jwt("user", None),
            Who::OtherUser => jwt("other user", None),
            Who::Host => host(),
            Who::OtherHost => jwt("other host", Some("host")),
            Who::Admin => jwt("admin", Some("admin")),
            Who::Expired => {
                signed(&json!({ "sub": "ada", "role": "host", "exp": 1_000_000_000 }), JWT_SECRET)
            }
            Who::Forged => signed(&hosts_claims(), "somebody else's secret for users' tokens"),
            Who::Unsigned => {
                let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
                format!("{}.{}.", part(json!({ "alg": "none", "typ": "JWT" })), part(hosts_claims()))
            }
        };
        Some(token)
    }

    /// A route with this scene's identifiers in the places of their names.
    pub(super) fn path(&self, route: &str) -> String {
        route
            .replace("{quiz_id}", &self.quiz.id)
            .replace("{question_id}", self.quiz.questions.last().map_or("", String::as_str))
            .replace("{participant_id}", &self.seat.id)
            .replace("/join/{code}", &format!("/join/{}", self.join_code))
            .replace("{code}", SUBJECT)
            .replace("{*below}", "quizzes")
            .replace("{*name}", "none.js")
    }

    /// A body that nobody can object to. Whoever runs a quiz says whom an attempt is of.
    pub(super) fn body(&self, request: &str, who: Who) -> Option<Value> {
        Some(match request {
            "POST /quizzes/{quiz_id}/join" => json!({ "username": "newcomer" }),
            "POST /quizzes/{quiz_id}/answer" => json!({
                "participant_id": self.seat.id, "question_id": self.quiz.questions[0], "answer_index": RIGHT,
            }),
            "POST /admin/quizzes" => json!({ "title": "Lakes" }),
            "POST /admin/quizzes/{quiz_id}/questions" => question(10),
            "POST /quizzes/{quiz_id}/sessions" => json!({
                "user_id": "uploaded", "username": "uploaded", "score": 1, "duration_seconds": 1,
            }),
            "POST /quizzes/{quiz_id}/sessions#self-report" => {
                let of = matches!(who, Who::Host | Who::Admin).then_some("uploaded");
                json!({ "user_id": of, "username": "uploaded", "score": 1, "duration_seconds": 1 })
            }
            "PUT /admin/subjects/{code}" => json!({ "name": "Biology" }),
            "POST /auth/login" => json!({ "username": "ada" }),
            _ if request.starts_with("POST ") => json!({}),
            _ => return None,
        })
    }
}

fn hosts_claims() -> Value {
    json!({ "sub": "ada", "role": "host", "exp": u32::MAX })
}
