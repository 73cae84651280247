//! Calls that carry more than one message holds: uploads on their way in, results on their way out.

use std::time::Duration;

use proto::v1::{
    ListResultsRequest, ListResultsResponse, SessionRow, UploadHeader, UploadRows, UploadSessionsRequest,
    UploadSessionsResponse, upload_sessions_request::Part,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::{Upstream, tries::too_late};
use crate::config::bounds::FIRST_RESULTS;

/// Sends the rows of one upload. Unless it is told that those were all, scoring keeps none of them.
pub(crate) struct Sender(mpsc::Sender<Sent>);

enum Sent {
    Part(Part),
    All,
}

impl Upstream {
    /// Begins an upload that scoring shall have answered within `deadline`: the sender of its rows,
    /// and the call, which is to be awaited meanwhile.
    pub(crate) fn upload_sessions(
        &self,
        header: UploadHeader,
        deadline: Duration,
    ) -> (Sender, impl Future<Output = Result<UploadSessionsResponse, Status>> + use<>) {
        let (sender, sent) = mpsc::channel(1);
        let mut request = Request::new(messages(header, sent));
        request.set_timeout(deadline);
        let mut client = self.transfers.clone();
        let call = async move {
            let told = timeout(deadline, client.upload_sessions(request)).await;
            told.map_err(|_| too_late())?.map(Response::into_inner)
        };
        (Sender(sender), call)
    }

    /// Opens a stream of a run's results. Reading it is the caller's to bound.
    pub(crate) async fn list_results(
        &self,
        request: ListResultsRequest,
    ) -> Result<Streaming<ListResultsResponse>, Status> {
        let mut client = self.transfers.clone();
        let opened = timeout(FIRST_RESULTS, client.list_results(request)).await;
        opened.map_err(|_| too_late())?.map(Response::into_inner)
    }
}

impl Sender {
    /// Sends some rows, once those before are on their way. Waits for ever if scoring has ended the
    /// call, which the call itself tells.
    pub(crate) async fn rows(&self, rows: Vec<SessionRow>) {
        self.send(Sent::Part(Part::Rows(UploadRows { rows }))).await;
    }

    /// Says that those were all.
    pub(crate) async fn all(self) {
        self.send(Sent::All).await;
    }

    async fn send(&self, sent: Sent) {
        if self.0.send(sent).await.is_err() {
            std::future::pending().await
        }
    }
}

/// The messages of an upload. A stream of messages cannot fail, and one that just ends is complete
/// to scoring: so one that is given up ends with a message that scoring refuses.
fn messages(
    header: UploadHeader,
    sent: mpsc::Receiver<Sent>,
) -> impl Stream<Item = UploadSessionsRequest> + Send + 'static {
    let begin = UploadSessionsRequest { part: Some(Part::Header(header)) };
    let rest = futures_util::stream::unfold(Some(sent), async |sent| {
        let mut sent = sent?;
        match sent.recv().await {
            Some(Sent::Part(part)) => Some((UploadSessionsRequest { part: Some(part) }, Some(sent))),
            Some(Sent::All) => None,
            None => Some((UploadSessionsRequest { part: None }, None)),
        }
    });
    futures_util::StreamExt::chain(tokio_stream::once(begin), rest)
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;

    use super::*;

    async fn kinds(send: impl AsyncFnOnce(Sender)) -> Vec<&'static str> {
        let (sender, sent) = mpsc::channel(1);
        let messages = messages(UploadHeader::default(), sent).map(|message| match message.part {
            Some(Part::Header(_)) => "header",
            Some(Part::Rows(_)) => "rows",
            None => "nothing",
        });
        tokio::join!(messages.collect(), send(Sender(sender))).0
    }

    #[tokio::test]
    async fn an_upload_that_is_given_up_never_looks_complete() {
        let complete = async |sender: Sender| {
            sender.rows(Vec::new()).await;
            sender.all().await;
        };
        assert_eq!(kinds(complete).await, ["header", "rows"]);
        let given_up = async |sender: Sender| sender.rows(Vec::new()).await;
        assert_eq!(kinds(given_up).await, ["header", "rows", "nothing"]);
    }
}
