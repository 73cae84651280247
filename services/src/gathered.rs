//! A connection that sends in one piece what is written to it in one go, by however many tasks.
//!
//! HTTP/2 flushes the head of a message as soon as it has it, and its body a moment later, when the
//! task that holds the body has had its turn: two packets, for each of which the other side is woken.
//! Here a flush lets all tasks that are ready have a turn first.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// How much is gathered before it is sent whether flushed or not.
const MOST_BYTES: usize = 64 << 10;

/// A connection whose writes are gathered.
#[derive(Debug)]
pub struct Gathered<S> {
    connection: S,
    gathered: Vec<u8>,
    /// How much of that is sent.
    sent: usize,
    /// Whether the others have had their turn since the flush began.
    has_waited: bool,
}

impl<S> Gathered<S> {
    /// Gathers what is written to this connection from now on.
    pub fn new(connection: S) -> Self {
        Self { connection, gathered: Vec::new(), sent: 0, has_waited: false }
    }
}

impl<S: AsyncWrite + Unpin> Gathered<S> {
    /// Sends all that is gathered.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.gathered.len() {
            let rest = &self.gathered[self.sent..];
            match ready!(Pin::new(&mut self.connection).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        self.gathered.clear();
        self.gathered.shrink_to(MOST_BYTES);
        (self.sent, self.has_waited) = (0, false);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.gathered.len() >= MOST_BYTES {
            ready!(self.poll_send(context))?;
        }
        self.gathered.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.gathered.is_empty() && !self.has_waited {
            self.has_waited = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<S: Connected> Connected for Gathered<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.connection.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// Takes so many bytes at a time, and keeps each piece.
    struct Pieces {
        at_once: usize,
        taken: Vec<Vec<u8>>,
    }

    impl AsyncWrite for Pieces {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes[..bytes.len().min(self.at_once)].to_vec();
            let length = taken.len();
            self.taken.push(taken);
            Poll::Ready(Ok(length))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn gathered(at_once: usize) -> Gathered<Pieces> {
        Gathered::new(Pieces { at_once, taken: Vec::new() })
    }

    #[tokio::test]
    async fn what_others_write_before_a_flush_has_its_turn_goes_out_with_it() {
        let mut connection = gathered(usize::MAX);
        connection.write_all(b"head").await.unwrap();
        std::future::poll_fn(|context| {
            assert!(Pin::new(&mut connection).poll_flush(context).is_pending());
            Poll::Ready(())
        })
        .await;
        connection.write_all(b" and body").await.unwrap();
        connection.flush().await.unwrap();
        assert_eq!(connection.connection.taken, [b"head and body"]);
        connection.flush().await.unwrap();
        assert_eq!(connection.connection.taken.len(), 1, "nothing is left");
    }

    #[tokio::test]
    async fn what_is_gathered_is_bounded_and_arrives_whole_and_in_order() {
        let sent: Vec<u8> = (0..5 * MOST_BYTES).map(|number| (number % 251) as u8).collect();
        let mut connection = gathered(1000);
        for some in sent.chunks(700) {
            connection.write_all(some).await.unwrap();
            assert!(connection.gathered.len() <= MOST_BYTES + 700);
        }
        connection.shutdown().await.unwrap();
        assert_eq!(connection.connection.taken.concat(), sent);
    }

    #[tokio::test]
    async fn a_peer_that_reads_slowly_gets_all_of_it() {
        let (here, mut there) = duplex(10);
        let mut connection = Gathered::new(here);
        let writing = async {
            connection.write_all(&[7; 1000]).await.unwrap();
            connection.flush().await.unwrap();
            drop(connection);
        };
        let mut read = Vec::new();
        let ((), length) = tokio::join!(writing, async { there.read_to_end(&mut read).await.unwrap() });
        assert_eq!((length, read), (1000, vec![7; 1000]));
    }
}
