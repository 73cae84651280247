//! People who do not behave: each does one thing that a server must bear, and tells how it ended.

use std::{io, net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message},
};

use crate::proxy::{Mode, Proxy};

/// After this a server that has said nothing is thought to bear it for ever.
const PATIENCE: Duration = Duration::from_secs(70);

/// Somebody at one gateway, with a seat in one quiz.
#[derive(Debug, Clone)]
pub struct Rude {
    /// The gateway.
    pub gateway: SocketAddr,
    /// The quiz.
    pub quiz: String,
    /// The seat.
    pub participant: String,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a close code.
    Told(u16),
    /// Without a word.
    Cut,
    /// Not at all, as long as one cared to wait.
    Never,
}

impl Rude {
    /// Sends so many messages as fast as they go.
    ///
    /// # Errors
    /// If no socket opens.
    pub async fn flood(&self, messages: usize) -> io::Result<End> {
        let (mut words, listening) = self.open(None).await?.split();
        let talking = async {
            for _ in 0..messages {
                if words.send(Message::text("{}")).await.is_err() {
                    return;
                }
            }
            // What was said is said; only the other side ends this.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            end = ended(listening) => Ok(end),
            () = talking => Ok(End::Cut),
        }
    }

    /// Sends one message of so many bytes.
    ///
    /// # Errors
    /// If no socket opens.
    pub async fn shout(&self, bytes: usize) -> io::Result<End> {
        let (mut words, listening) = self.open(None).await?.split();
        // A server may hang up in the middle; how, is heard below.
        let _ = words.send(Message::text("x".repeat(bytes))).await;
        Ok(ended(listening).await)
    }

    /// Sends what is no frame of a WebSocket.
    ///
    /// # Errors
    /// If no socket opens.
    pub async fn babble(&self) -> io::Result<End> {
        let mut socket = self.open(None).await?;
        let _ = socket.get_mut().write_all(&[0xff; 1000]).await;
        Ok(ended(socket).await)
    }

    /// Sends what is no HTTP; tells whether the server hung up.
    ///
    /// # Errors
    /// If it cannot connect.
    pub async fn mumble(&self) -> io::Result<End> {
        let mut stream = TcpStream::connect(self.gateway).await?;
        stream.write_all(&[0; 1000]).await?;
        let mut answer = Vec::new();
        Ok(match timeout(PATIENCE, stream.read_to_end(&mut answer)).await {
            Ok(_) => End::Cut,
            Err(_) => End::Never,
        })
    }

    /// Opens a socket and does not read for so long, with hardly room for anything.
    ///
    /// # Errors
    /// If no socket opens.
    pub async fn doze(&self, time: Duration) -> io::Result<End> {
        let socket = self.open(Some(4096)).await?;
        sleep(time).await;
        Ok(ended(socket).await)
    }

    /// Opens a socket by way of a link that then swallows everything for so long: the other side
    /// is told nothing, as when somebody walks out of reach.
    ///
    /// # Errors
    /// If no socket opens.
    pub async fn vanish(&self, link: &Proxy, time: Duration) -> io::Result<End> {
        let socket = self.open(None).await?;
        link.set(Mode::BlackHole);
        sleep(time).await;
        link.set(Mode::Pass);
        Ok(ended(socket).await)
    }

    /// Opens so many sockets and keeps them, unread.
    ///
    /// # Errors
    /// If one of them does not open.
    pub async fn crowd_in(&self, sockets: usize) -> io::Result<Vec<WebSocketStream<TcpStream>>> {
        let mut open = Vec::new();
        for _ in 0..sockets {
            open.push(self.open(Some(4096)).await?);
        }
        Ok(open)
    }

    /// Sends a request with a body of so many bytes, in chunks unless its length is announced; gives
    /// the status and how many bytes of it the server took before it said that.
    ///
    /// # Errors
    /// If the server neither answers nor hangs up.
    pub async fn upload(&self, bytes: usize, is_announced: bool) -> io::Result<(Option<u16>, usize)> {
        const CHUNK: usize = 64 << 10;
        let mut stream = TcpStream::connect(self.gateway).await?;
        let length = if is_announced {
            format!("content-length: {bytes}")
        } else {
            "transfer-encoding: chunked".into()
        };
        let head = format!(
            "POST /quizzes/{}/join HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{length}\r\n\r\n",
            self.quiz, self.gateway
        );
        stream.write_all(head.as_bytes()).await?;
        let (mut reader, mut writer) = stream.split();
        let mut sent = 0;
        let sending = async {
            let mut chunk = vec![b' '; CHUNK];
            if !is_announced {
                chunk = [format!("{CHUNK:x}\r\n").as_bytes(), &chunk, b"\r\n"].concat();
            }
            while sent < bytes && writer.write_all(&chunk).await.is_ok() {
                sent += CHUNK;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = [0; 12];
        let answered = tokio::select! {
            answered = timeout(PATIENCE, reader.read_exact(&mut answer)) => answered?,
            () = sending => return Err(io::ErrorKind::Other.into()),
        };
        let status = answered.ok().and_then(|_| std::str::from_utf8(&answer[9..12]).ok()?.parse().ok());
        Ok((status, sent))
    }

    /// Opens a socket, also where it is told to come again, as somebody is on a busy machine.
    async fn open(&self, receive_buffer: Option<u32>) -> io::Result<WebSocketStream<TcpStream>> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.try_to_open(receive_buffer).await? {
                Err(Error::Http(told)) if told.status().is_server_error() && Instant::now() < until => {
                    sleep(Duration::from_millis(100)).await;
                }
                answered => return answered.map_err(io::Error::other),
            }
        }
    }

    async fn try_to_open(
        &self,
        receive_buffer: Option<u32>,
    ) -> io::Result<Result<WebSocketStream<TcpStream>, Error>> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(self.gateway).await?;
        let Self { gateway, quiz, participant } = self;
        let url = format!("ws://{gateway}/quizzes/{quiz}/ws?participant_id={participant}");
        Ok(client_async(url, stream).await.map(|(socket, _)| socket))
    }
}

/// Listens until the other side ends it.
async fn ended<S>(mut listening: S) -> End
where
    S: futures_util::Stream<Item = Result<Message, Error>> + Unpin,
{
    let end = async {
        while let Some(Ok(message)) = listening.next().await {
            if let Message::Close(Some(close)) = message {
                return End::Told(close.code.into());
            }
        }
        End::Cut
    };
    timeout(PATIENCE, end).await.unwrap_or(End::Never)
}
