//! The baseline of fan-outs in the plain design: every socket has a task, a subscription of its own
//! in Redis, and reads and encodes the board by itself whenever it is told of a change.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use clap::Args;
use futures_util::StreamExt as _;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Rows of a frame.
const ROWS: isize = 10;

/// Where its store is
#[derive(Args)]
pub(crate) struct Plan {
    /// Where Redis is
    #[arg(long)]
    redis: String,
}

/// Serves until it is killed.
#[allow(clippy::print_stdout, reason = "whoever starts it reads the address here")]
#[tokio::main]
pub(crate) async fn run(plan: &Plan) -> anyhow::Result<()> {
    let redis = redis::Client::open(plan.redis.as_str())?;
    let store = redis.get_multiplexed_async_connection().await?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("listening on {} (seed)", listener.local_addr()?);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let board = Board { redis: redis.clone(), store: store.clone(), quiz: String::new() };
        connections.spawn(board.serve(stream));
        while let Some(ended) = connections.try_join_next() {
            ended??;
        }
    }
}

/// A board as one connection sees it.
struct Board {
    redis: redis::Client,
    store: MultiplexedConnection,
    quiz: String,
}

impl Board {
    /// Serves a socket, or answers.
    async fn serve(mut self, mut stream: TcpStream) -> anyhow::Result<()> {
        let mut read = Vec::new();
        while let Some(head) = request(&mut stream, &mut read).await? {
            head.split('/').nth(2).unwrap_or_default().clone_into(&mut self.quiz);
            if head.starts_with("GET ") {
                let member = head.split_once("participant_id=").context("a socket has a participant")?.1;
                let member = member.split(['&', ' ']).next().unwrap_or_default();
                return self.watch(stream, member).await;
            }
            let body = json!({"version": self.change("p0").await?}).to_string();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }

    async fn watch(&mut self, mut stream: TcpStream, member: &str) -> anyhow::Result<()> {
        let mut subscription = self.redis.get_async_pubsub().await?;
        subscription.subscribe(self.key("updates")).await?;
        redis::pipe()
            .cmd("ZADD")
            .arg(self.key("scores"))
            .arg("NX")
            .arg(0)
            .arg(member)
            .ignore()
            .cmd("HSET")
            .arg(self.key("names"))
            .arg(member)
            .arg(format!("participant {member}"))
            .ignore()
            .cmd("SETNX")
            .arg(self.key("version"))
            .arg(1)
            .ignore()
            .query_async::<()>(&mut self.store)
            .await?;
        stream
            .write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            )
            .await?;
        stream.write_all(&self.frame().await?).await?;
        let mut changes = subscription.on_message();
        let mut heard = [0; 256];
        loop {
            tokio::select! {
                change = changes.next() => {
                    change.context("the subscription ended")?;
                    stream.write_all(&self.frame().await?).await?;
                }
                // What it says is no matter, but whether it is there.
                length = stream.read(&mut heard) => if matches!(length, Ok(0) | Err(_)) { return Ok(()) },
            }
        }
    }

    /// Gives somebody points, and tells everybody.
    async fn change(&mut self, member: &str) -> anyhow::Result<u64> {
        let (version, _): (u64, u64) = redis::pipe()
            .cmd("ZINCRBY")
            .arg(self.key("scores"))
            .arg(10)
            .arg(member)
            .ignore()
            .cmd("INCR")
            .arg(self.key("version"))
            .cmd("PUBLISH")
            .arg(self.key("updates"))
            .arg(member)
            .query_async(&mut self.store)
            .await?;
        Ok(version)
    }

    /// Reads the board, and encodes it as a text frame.
    async fn frame(&mut self) -> anyhow::Result<Vec<u8>> {
        let (rows, total, version): (Vec<(String, f64)>, u64, u64) = redis::pipe()
            .cmd("ZREVRANGE")
            .arg(self.key("scores"))
            .arg(0)
            .arg(ROWS - 1)
            .arg("WITHSCORES")
            .cmd("ZCARD")
            .arg(self.key("scores"))
            .cmd("GET")
            .arg(self.key("version"))
            .query_async(&mut self.store)
            .await?;
        let members: Vec<&String> = rows.iter().map(|(member, _)| member).collect();
        let names: Vec<Option<String>> =
            redis::cmd("HMGET").arg(self.key("names")).arg(members).query_async(&mut self.store).await?;
        let ranked = rows.iter().zip(&names).zip(1..);
        let rows: Value = ranked
            .map(|(((member, score), name), rank)| {
                json!({"participant_id": member, "username": name, "score": score, "rank": rank})
            })
            .collect();
        // In the order that the contract names.
        let text = format!(
            r#"{{"quiz_id":"{}","leaderboard":{rows},"total_participants":{total},"version":{version},"epoch":1}}"#,
            self.quiz
        );
        let length = u16::try_from(text.len()).context("frames of ten rows are small")?;
        ensure!(length >= 126, "a board has rows");
        Ok([&[0x81, 126][..], &length.to_be_bytes(), text.as_bytes()].concat())
    }

    fn key(&self, of: &str) -> String {
        format!("quiz:{}:{of}", self.quiz)
    }
}

/// The head of the next request, once its body is there too; none if the caller leaves.
async fn request(stream: &mut TcpStream, read: &mut Vec<u8>) -> anyhow::Result<Option<String>> {
    loop {
        let text = String::from_utf8_lossy(read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && (head.starts_with("GET ") || body.ends_with('}'))
        {
            read.clear();
            return Ok(Some(head.to_owned()));
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}
