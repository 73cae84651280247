//! `WatchActivity`: events onto one stream.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use proto::v1;
use services::shutdown::Shutdown;
use tonic::Status;

use super::{error::unavailable, wire};
use crate::{
    activity::Event,
    bulletin::{Subscriber, Told},
};

/// What one caller gets.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<v1::WatchActivityResponse, Status>> + Send>>;

/// Where the stream begins, then the events, until the service stops.
pub(super) fn events(subscriber: Subscriber, shutdown: Shutdown) -> Events {
    let begin = v1::WatchActivityResponse { seq: subscriber.seq(), ..v1::WatchActivityResponse::default() };
    let events = stream::unfold(Some(subscriber), move |subscriber| {
        let shutdown = shutdown.clone();
        async move {
            let mut subscriber = subscriber?;
            tokio::select! {
                told = subscriber.next() => match told {
                    Ok(told) => Some((Ok(message(&told)), Some(subscriber))),
                    Err(error) => Some((Err(error.into()), None)),
                },
                () = shutdown.begun() => Some((Err(unavailable("this replica is leaving, watch another")), None)),
            }
        }
    });
    Box::pin(stream::iter([Ok(begin)]).chain(events))
}

fn message(Told { activity, skipped }: &Told) -> v1::WatchActivityResponse {
    use v1::watch_activity_response::Event as Wire;
    let event = match activity.event.clone() {
        Event::SessionsUploaded {
            session_id,
            user_id,
            username,
            quiz_id,
            subject,
            score,
            duration_ms,
            count,
        } => Wire::SessionsUploaded(v1::SessionsUploaded {
            session_id: session_id.to_string(),
            user_id: user_id.to_string(),
            username,
            quiz_id: quiz_id.to_string(),
            subject,
            score,
            duration: Some(wire::duration(Duration::from_millis(duration_ms.into()))),
            count,
        }),
        Event::SubjectChanged { subject, quiz_id, version } => Wire::SubjectChanged(v1::SubjectChanged {
            subject: subject.to_string(),
            quiz_id: quiz_id.to_string(),
            version,
        }),
    };
    v1::WatchActivityResponse {
        seq: activity.seq,
        at: Some(wire::timestamp(activity.at)),
        skipped: *skipped,
        event: Some(event),
    }
}
