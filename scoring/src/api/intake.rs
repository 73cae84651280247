//! Room for uploads that are on their way in: so many at once, and so many rows of all of them.
//! Whoever sends slowly keeps a place here, and none of those who store or read. Knows nothing of
//! what rows say.

use std::{sync::Arc, time::Duration};

use proto::v1;
use services::telemetry::limit_reached;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use tonic::{Status, Streaming};

use super::error::unavailable;
use crate::{
    config::bounds::{OWN_UPLOAD_WITHIN, OWN_UPLOADS, TRANSFERS, UPLOAD_SILENCE, UPLOAD_WITHIN, UPLOADS},
    refusal::Refusal,
    sessions::{OWN_UPLOAD_MAX, UPLOAD_MAX},
};

/// Room for all uploads. Those of hosts and of users take none of each other's places.
pub(super) struct Intake {
    hosts: Arc<Semaphore>,
    users: Arc<Semaphore>,
    rows: Arc<Semaphore>,
}

/// What one upload may be.
struct Extent {
    rows: usize,
    within: Duration,
    too_large: &'static str,
}

const HOSTS: Extent =
    Extent { rows: UPLOAD_MAX, within: UPLOAD_WITHIN, too_large: "an upload has at most 500000 rows" };
const OWN: Extent = Extent {
    rows: OWN_UPLOAD_MAX,
    within: OWN_UPLOAD_WITHIN,
    too_large: "a user's own upload has at most 100 rows",
};

/// The room that one upload takes until this is dropped.
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
    /// One for each row that has come.
    rows: OwnedSemaphorePermit,
    deadline: Instant,
    extent: &'static Extent,
}

impl Intake {
    pub(super) fn new() -> Self {
        Self {
            hosts: Arc::new(Semaphore::new(UPLOADS)),
            users: Arc::new(Semaphore::new(OWN_UPLOADS)),
            rows: Arc::new(Semaphore::new(TRANSFERS * UPLOAD_MAX)),
        }
    }

    /// Makes room for an upload of a host.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn host(&self) -> Result<Place, Status> {
        self.place(&self.hosts, &HOSTS)
    }

    /// Makes room for a user's own upload.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn user(&self) -> Result<Place, Status> {
        self.place(&self.users, &OWN)
    }

    fn place(&self, places: &Arc<Semaphore>, extent: &'static Extent) -> Result<Place, Status> {
        let place = take(places, 1)?;
        Ok(Place {
            _place: place,
            rows: take(&self.rows, 0)?,
            deadline: Instant::now() + extent.within,
            extent,
        })
    }
}

impl Place {
    /// Waits for the next part and makes room for its rows; there is none after the last.
    ///
    /// # Errors
    /// If nothing comes in time, or too much, or what is no part.
    pub(super) async fn next(
        &mut self,
        parts: &mut Streaming<v1::UploadSessionsRequest>,
    ) -> Result<Option<v1::upload_sessions_request::Part>, Status> {
        let part = next(parts, self.deadline).await?;
        if let Some(v1::upload_sessions_request::Part::Rows(rows)) = &part {
            self.admit(rows.rows.len())?;
        }
        Ok(part)
    }

    fn admit(&mut self, rows: usize) -> Result<(), Status> {
        if self.rows.num_permits() + rows > self.extent.rows {
            return Err(Refusal::TooLarge(self.extent.too_large).into());
        }
        self.rows.merge(take(self.rows.semaphore(), rows)?);
        Ok(())
    }
}

fn take(room: &Arc<Semaphore>, permits: usize) -> Result<OwnedSemaphorePermit, Status> {
    let permits = u32::try_from(permits).unwrap_or(u32::MAX);
    Arc::clone(room).try_acquire_many_owned(permits).map_err(|_| {
        limit_reached("uploads");
        unavailable("too many uploads are under way, try again")
    })
}

/// Waits for the next part of an upload; there is none after the last.
///
/// # Errors
/// If nothing comes for long, or until the deadline, or what is no part.
pub(super) async fn next(
    parts: &mut Streaming<v1::UploadSessionsRequest>,
    deadline: Instant,
) -> Result<Option<v1::upload_sessions_request::Part>, Status> {
    let deadline = deadline.min(Instant::now() + UPLOAD_SILENCE);
    let late = |_| {
        limit_reached("upload.silence");
        Status::deadline_exceeded("the upload did not arrive in time")
    };
    match timeout_at(deadline, parts.message()).await.map_err(late)?? {
        Some(v1::UploadSessionsRequest { part: None }) => {
            Err(Refusal::invalid("part", "must be a header or rows").into())
        }
        message => Ok(message.and_then(|message| message.part)),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn code<T>(result: Result<T, Status>) -> Option<Code> {
        result.err().map(|status| status.code())
    }

    #[tokio::test]
    async fn users_who_take_all_their_places_leave_hosts_theirs() {
        let intake = Intake::new();
        let mut users: Vec<_> = (0..OWN_UPLOADS).map(|_| intake.user().unwrap()).collect();
        assert_eq!(code(intake.user()), Some(Code::Unavailable));
        let hosts: Vec<_> = (0..UPLOADS).map(|_| intake.host().unwrap()).collect();
        assert_eq!(code(intake.host()), Some(Code::Unavailable));
        users.pop();
        drop(hosts);
        assert_eq!((code(intake.user()), code(intake.host())), (None, None));
    }

    #[tokio::test]
    async fn an_upload_has_so_many_rows_and_all_of_them_together_too() {
        let intake = Intake::new();
        let mut own = intake.user().unwrap();
        assert_eq!(code(own.admit(OWN_UPLOAD_MAX)), None);
        assert_eq!(code(own.admit(1)), Some(Code::ResourceExhausted));
        drop(own);
        let mut hosts: Vec<_> = (0..=TRANSFERS).map(|_| intake.host().unwrap()).collect();
        let mut last = hosts.pop().unwrap();
        for host in &mut hosts {
            assert_eq!(code(host.admit(UPLOAD_MAX)), None);
            assert_eq!(code(host.admit(1)), Some(Code::ResourceExhausted));
        }
        assert_eq!(code(last.admit(1)), Some(Code::Unavailable), "all together hold as many as may be");
        hosts.pop();
        assert_eq!(code(last.admit(UPLOAD_MAX)), None);
    }
}
