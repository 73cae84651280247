//! What is said on the leaderboard socket, both ways, as JSON.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::topics::Topic;
use crate::{
    activity::Told,
    config::bounds::SUBSCRIPTIONS,
    frame::{Frame, Part},
    http::error::Code,
    metrics,
};

/// What a user asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Subscribe(Topic),
    Unsubscribe(Topic),
    Ping,
}

/// What one may ask, as it is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Outgoing", optional_fields))]
pub(crate) struct Message {
    r#type: Verb,
    quiz_id: Option<String>,
    subject: Option<String>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
enum Verb {
    SubscribeQuiz,
    UnsubscribeQuiz,
    SubscribeSubject,
    UnsubscribeSubject,
    Ping,
    #[serde(other)]
    #[cfg_attr(test, ts(skip))]
    Unknown,
}

/// Reads what a user asks for.
///
/// # Errors
/// What to answer instead.
pub(crate) fn read(text: &str) -> Result<Asked, Said> {
    let message: Message = serde_json::from_str(text)
        .map_err(|_| Said::error("BAD_JSON", r#"expected an object such as {"type":"ping"}"#, None))?;
    let quiz = || message.quiz_id.clone().map(Topic::QuizId).ok_or_else(|| missing("quiz_id"));
    let subject = || message.subject.clone().map(Topic::Subject).ok_or_else(|| missing("subject"));
    match message.r#type {
        Verb::SubscribeQuiz => quiz().map(Asked::Subscribe),
        Verb::UnsubscribeQuiz => quiz().map(Asked::Unsubscribe),
        Verb::SubscribeSubject => subject().map(Asked::Subscribe),
        Verb::UnsubscribeSubject => subject().map(Asked::Unsubscribe),
        Verb::Ping => Ok(Asked::Ping),
        Verb::Unknown => Err(Said::error("UNKNOWN_TYPE", "no message is of this type", None)),
    }
}

fn missing(member: &str) -> Said {
    Said::error(Code::InvalidArgument.name(), format!("missing {member}"), None)
}

/// What the leaderboard socket says, new states of boards and events aside.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Said {
    SubscriptionConfirmed {
        #[serde(flatten)]
        topic: Topic,
        message: &'static str,
    },
    UnsubscriptionConfirmed {
        #[serde(flatten)]
        topic: Topic,
        message: &'static str,
    },
    ActivitySkipped {
        count: u64,
    },
    Pong,
    Error {
        code: &'static str,
        message: String,
        #[serde(flatten)]
        about: About,
    },
}

/// What an error is about: one topic, or none.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    quiz_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

impl From<Option<Topic>> for About {
    fn from(topic: Option<Topic>) -> Self {
        match topic {
            Some(Topic::QuizId(quiz_id)) => Self { quiz_id: Some(quiz_id), subject: None },
            Some(Topic::Subject(subject)) => Self { quiz_id: None, subject: Some(subject) },
            None => Self::default(),
        }
    }
}

impl Said {
    /// A subscription shows its first state.
    pub(crate) fn confirmed(topic: Topic) -> Self {
        Self::SubscriptionConfirmed { topic, message: "subscribed" }
    }

    /// A subscription is given up.
    pub(crate) fn given_up(topic: Topic) -> Self {
        Self::UnsubscriptionConfirmed { topic, message: "unsubscribed" }
    }

    /// There is nothing of that name.
    pub(crate) fn not_found(topic: Topic) -> Self {
        let (code, message) = match topic {
            Topic::QuizId(_) => (Code::QuizNotFound, "quiz not found"),
            Topic::Subject(_) => (Code::SubjectNotFound, "subject not found"),
        };
        Self::error(code.name(), message, Some(topic))
    }

    /// A socket has as many subscriptions as it may have.
    pub(crate) fn too_many(topic: Topic) -> Self {
        let message = format!("at most {SUBSCRIPTIONS} subscriptions, give one up first");
        Self::error("TOO_MANY_SUBSCRIPTIONS", message, Some(topic))
    }

    /// A subscription has waited for long, and waits on.
    pub(crate) fn out_of_reach(topic: Topic) -> Self {
        let message = "the scoring service is out of reach, the subscription is confirmed once it is back";
        Self::error(Code::Unavailable.name(), message, Some(topic))
    }

    /// Something was not done; the socket stays open.
    pub(super) fn error(code: &'static str, message: impl Into<String>, topic: Option<Topic>) -> Self {
        Self::Error { code, message: message.into(), about: topic.into() }
    }

    /// As text.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("strings always encode")
    }
}

/// A quiz's new state, as text.
pub(crate) fn update(frame: &Frame, part: Part<'_>) -> Bytes {
    let beginning: &[u8] = match part {
        Part::Whole(_) => br#"{"type":"quiz_leaderboard_updated","data":"#,
        Part::Delta(_) => br#"{"type":"quiz_leaderboard_delta","data":"#,
    };
    [beginning, &frame.for_anyone(part), b"}"].concat().into()
}

/// What of the things that happen everywhere a user hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// All, for it has chosen no subject.
    Everything,
    /// All but the boards of subjects.
    Sessions,
}

impl Interest {
    /// Of those who have chosen these topics.
    pub(crate) fn of<'a>(mut topics: impl Iterator<Item = &'a Topic>) -> Self {
        let has_chosen = topics.any(|topic| matches!(topic, Topic::Subject(_)));
        if has_chosen { Self::Sessions } else { Self::Everything }
    }
}

/// What happens everywhere, as text; none if it is of no interest.
pub(crate) fn news(told: Told, interest: Interest) -> Option<Bytes> {
    match told {
        Told::Subject(_) if interest == Interest::Sessions => None,
        Told::Sessions(text) | Told::Subject(text) => Some(text),
        Told::Skipped(count) => {
            metrics::events_skipped(count);
            Some(Said::ActivitySkipped { count }.text().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_question_is_read() {
        let (quiz, subject) = (Topic::QuizId("q".to_owned()), Topic::Subject("BIO".to_owned()));
        for (text, expected) in [
            (r#"{"type":"subscribe_quiz","quiz_id":"q"}"#, Asked::Subscribe(quiz.clone())),
            (r#"{"quiz_id":"q","type":"unsubscribe_quiz","more":1}"#, Asked::Unsubscribe(quiz)),
            (r#"{"type":"subscribe_subject","subject":"BIO"}"#, Asked::Subscribe(subject.clone())),
            (r#"{"type":"unsubscribe_subject","subject":"BIO"}"#, Asked::Unsubscribe(subject)),
            (r#"{"type":"ping"}"#, Asked::Ping),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered() {
        for (text, expected) in [
            ("", "BAD_JSON"),
            ("ping", "BAD_JSON"),
            ("[1]", "BAD_JSON"),
            (r#"{"quiz_id":"q"}"#, "BAD_JSON"),
            (r#"{"type":"subscribe_quiz","quiz_id":7}"#, "BAD_JSON"),
            (r#"{"type":"dance"}"#, "UNKNOWN_TYPE"),
            (r#"{"type":"subscribe_quiz"}"#, "INVALID_ARGUMENT"),
            (r#"{"type":"subscribe_subject","quiz_id":"q"}"#, "INVALID_ARGUMENT"),
        ] {
            assert!(matches!(read(text), Err(Said::Error { code, .. }) if code == expected), "{text}");
        }
    }

    #[test]
    fn what_we_say_has_the_shape_of_the_contract() {
        let quiz = || Topic::QuizId("q".to_owned());
        for (said, expected) in [
            (
                Said::SubscriptionConfirmed { topic: quiz(), message: "m" },
                r#"{"type":"subscription_confirmed","quiz_id":"q","message":"m"}"#,
            ),
            (
                Said::UnsubscriptionConfirmed { topic: Topic::Subject("BIO".to_owned()), message: "m" },
                r#"{"type":"unsubscription_confirmed","subject":"BIO","message":"m"}"#,
            ),
            (Said::ActivitySkipped { count: 7 }, r#"{"type":"activity_skipped","count":7}"#),
            (Said::Pong, r#"{"type":"pong"}"#),
            (Said::error("C", "m", None), r#"{"type":"error","code":"C","message":"m"}"#),
            (
                Said::error("C", "m", Some(quiz())),
                r#"{"type":"error","code":"C","message":"m","quiz_id":"q"}"#,
            ),
        ] {
            assert_eq!(said.text(), expected);
        }
    }
}
