//! Sockets: what the two kinds share, which is how much a peer may say, when it is pinged and given
//! up, and with which words a socket is closed; and a task that does so.

mod conversation;
mod departure;
pub(crate) mod handshake;
pub(crate) mod leaderboard;
pub(crate) mod quiz;
pub(crate) mod topics;
#[cfg(test)]
pub(crate) mod typescript;
pub(crate) mod words;

use std::{borrow::Cow, time::Duration};

use governor::{
    Quota, RateLimiter,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::Instant;

pub(crate) use conversation::{Conversations, Party};
pub(crate) use departure::{Departure, Open};
pub(crate) use handshake::NotAnUpgrade;

use crate::{
    clock::{Moment, Timer},
    config::{
        RateSettings,
        bounds::{MAX_MESSAGE_BYTES, PEER_SILENCE, PING_EVERY, RETURN_WITHIN},
    },
    tokens::BadJwt,
};

/// What is answered to a message on the leaderboard socket that makes no sense; none if it does.
#[cfg(any(test, fuzzing))]
pub(crate) fn complaint(text: &str) -> Option<String> {
    words::read(text).err().map(|said| said.text())
}

/// Why a socket is closed (RFC 6455 §7.4, and 4000 up for our own).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// The server is leaving.
    Leaving,
    /// The peer breaks the protocol.
    BadFrame,
    /// The peer sent text that is none.
    BadText,
    /// The peer sends too many messages.
    TooOften,
    /// The peer sent a message that is too long.
    TooLong,
    /// Our own fault.
    Internal,
    /// The peer does not read.
    Stalled,
    /// The user brought no token.
    NoToken,
    /// The user's token is not good, or no more.
    BadToken(BadJwt),
    /// The quiz is deleted.
    Deleted,
}

impl Close {
    /// The close code.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Leaving => 1001,
            Self::BadFrame => 1002,
            Self::BadText => 1007,
            Self::TooOften => 1008,
            Self::TooLong => 1009,
            Self::Internal => 1011,
            Self::Stalled => 1013,
            Self::NoToken | Self::BadToken(_) => 4401,
            Self::Deleted => 4404,
        }
    }

    /// The reason; of a server that leaves it says when to come back, another time for each peer.
    pub(crate) fn reason(self) -> Cow<'static, str> {
        match self {
            Self::Leaving => {
                let after = rand::random_range(Duration::ZERO..RETURN_WITHIN);
                format!("retry_after_ms={}", after.as_millis()).into()
            }
            Self::BadFrame => "protocol error".into(),
            Self::BadText => "text that is not UTF-8".into(),
            Self::TooOften => "too many messages".into(),
            Self::TooLong => "message over 4 KiB".into(),
            Self::Internal => "internal error".into(),
            Self::Stalled => "reading too slowly".into(),
            Self::NoToken => "missing token".into(),
            Self::BadToken(bad) => bad.to_string().into(),
            Self::Deleted => "quiz deleted".into(),
        }
    }
}

/// How often a peer may send messages, and how long ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    messages: Quota,
    message_bytes: usize,
}

impl Allowance {
    /// Takes rate and burst from the settings.
    pub(crate) fn new(rates: &RateSettings) -> Self {
        let messages = Quota::per_second(rates.message_rate).allow_burst(rates.message_burst);
        Self { messages, message_bytes: MAX_MESSAGE_BYTES }
    }

    /// Allows as much as a conformance suite sends.
    #[cfg(feature = "conformance")]
    pub(crate) fn generous() -> Self {
        Self { messages: Quota::per_second(std::num::NonZeroU32::MAX), message_bytes: 16 << 20 }
    }
}

/// The other side of a socket: what it says and when it was last heard.
pub(crate) struct Peer {
    messages: RateLimiter<NotKeyed, InMemoryState, Timer, NoOpMiddleware<Moment>>,
    message_bytes: usize,
    heard: Instant,
    next_ping: Instant,
}

/// What is due for a peer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// A ping.
    Ping,
    /// It is gone: drop it.
    Drop,
}

impl Peer {
    /// Meets a peer.
    pub(crate) fn new(allowance: Allowance, now: Instant) -> Self {
        Self {
            messages: RateLimiter::direct_with_clock(allowance.messages, Timer),
            message_bytes: allowance.message_bytes,
            heard: now,
            // The first ping comes at another time for each peer, or all would be pinged at once.
            next_ping: now + rand::random_range(PING_EVERY / 2..PING_EVERY),
        }
    }

    /// How long a message may be.
    pub(crate) fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// Hears a message of any kind.
    ///
    /// # Errors
    /// Why the socket is to be closed: the message is too long, or there are too many.
    pub(crate) fn said(&mut self, bytes: usize, now: Instant) -> Result<(), Close> {
        self.heard = now;
        if bytes > self.message_bytes {
            return Err(Close::TooLong);
        }
        self.messages.check().map_err(|_| Close::TooOften)
    }

    /// When [`Peer::tick`] is to be called next.
    pub(crate) fn next_tick(&self) -> Instant {
        self.next_ping.min(self.heard + PEER_SILENCE)
    }

    /// Tells what is due.
    pub(crate) fn tick(&mut self, now: Instant) -> Due {
        if now >= self.heard + PEER_SILENCE {
            Due::Drop
        } else if now >= self.next_ping {
            self.next_ping = now + PING_EVERY;
            Due::Ping
        } else {
            Due::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::config;

    fn peer(now: Instant) -> Peer {
        let number = |number| NonZeroU32::new(number).unwrap();
        let messages = Quota::per_second(number(10)).allow_burst(number(50));
        Peer::new(Allowance { messages, message_bytes: MAX_MESSAGE_BYTES }, now)
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_pinged_every_25_seconds_and_dropped_after_60() {
        let start = Instant::now();
        let mut peer = peer(start);
        let mut pings = Vec::new();
        loop {
            let now = peer.next_tick();
            match peer.tick(now) {
                Due::Ping => pings.push(now - start),
                Due::Drop => break assert_eq!(now - start, PEER_SILENCE),
                Due::Nothing => unreachable!("something is due when the tick says so"),
            }
        }
        assert!(pings[0] <= PING_EVERY && pings[1] == pings[0] + PING_EVERY, "{pings:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_speaks_is_kept() {
        let start = Instant::now();
        let mut peer = peer(start);
        peer.said(0, start + PEER_SILENCE / 2).unwrap();
        assert_ne!(peer.tick(start + PEER_SILENCE), Due::Drop);
        assert_eq!(peer.tick(start + PEER_SILENCE / 2 + PEER_SILENCE), Due::Drop);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_may_send_50_messages_at_once_and_10_a_second_for_ever() {
        let mut peer = Peer::new(Allowance::new(&config::tests::rates()), Instant::now());
        for _ in 0..50 {
            assert_eq!(peer.said(10, Instant::now()), Ok(()));
        }
        assert_eq!(peer.said(10, Instant::now()), Err(Close::TooOften));
        for _ in 0..600 {
            tokio::time::advance(Duration::from_millis(100)).await;
            assert_eq!(peer.said(10, Instant::now()), Ok(()));
            assert_eq!(peer.said(10, Instant::now()), Err(Close::TooOften));
        }
    }

    #[tokio::test]
    async fn a_message_may_have_4_kib_and_no_more() {
        let now = Instant::now();
        assert_eq!(peer(now).said(4096, now), Ok(()));
        assert_eq!(peer(now).said(4097, now), Err(Close::TooLong));
    }

    #[test]
    fn whoever_is_sent_away_is_told_when_to_come_back() {
        for _ in 0..100 {
            let reason = Close::Leaving.reason();
            let after: u64 = reason.strip_prefix("retry_after_ms=").unwrap().parse().unwrap();
            assert!(after < 5_000, "{after}");
        }
    }
}
