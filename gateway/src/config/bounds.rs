//! Every deadline and bound of the gateway that is no setting, each with its reason: how long anybody
//! waits, how much may wait or be held, and when something is given up or tried again.
//!
//! What callers are promised by name (the rows of an upload, the rows of a frame) stands with what
//! it is about. What happens beyond each bound, and where it is seen, is told in
//! `docs/reliability.md`.

use std::time::Duration;

/// A call of scoring, with its second try. More than the 1.5 s within which scoring tells what became
/// of an answer, so that its word arrives.
pub(crate) const CALL_DEADLINE: Duration = Duration::from_secs(2);
/// Scoring is told a little more, so that it is always this side that gives up.
pub(crate) const CALL_SLACK: Duration = Duration::from_millis(100);
/// How long a stream may take to send its first state.
pub(crate) const FIRST_STATE: Duration = Duration::from_secs(2);
/// How long the first results of a quiz may take: scoring may have others to serve first.
pub(crate) const FIRST_RESULTS: Duration = Duration::from_secs(10);
/// How long the next results may take: scoring may have sent as fast as the browser took them.
pub(crate) const NEXT_RESULTS: Duration = Duration::from_secs(30);
/// The longest message from scoring: 10 000 standings with long names are about 3 MiB, 500 questions
/// of the longest texts about 4.5.
pub(crate) const REPLY_BYTES: usize = 16 << 20;

/// How long a scoring process may take to answer a connection, TLS included.
pub(crate) const SCORING_CONNECTS: Duration = Duration::from_secs(1);
/// An idle connection is asked this often whether somebody is there, and given up when nobody has
/// answered for as long again: frozen processes and lost links are noticed within 15 s.
/// Scoring takes as many pings as come.
pub(crate) const SCORING_ASKED_EVERY: Duration = Duration::from_secs(5);
/// How long a scoring process may take to say how it is.
pub(crate) const SCORING_SAYS_WITHIN: Duration = Duration::from_secs(2);
/// How often scoring is asked whether it serves, before the first contact.
pub(crate) const CONTACT_EVERY: Duration = Duration::from_millis(200);
/// How often it is asked who answers to the name of scoring, and how long that may take. A name that
/// cannot be resolved changes nothing: those who are known are asked themselves.
pub(crate) const RESOLVED_EVERY: Duration = Duration::from_secs(5);
/// See [`RESOLVED_EVERY`].
pub(crate) const RESOLVED_WITHIN: Duration = Duration::from_secs(5);
/// The longest pause before what was lost is first tried again: at once, but not all in one instant.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause before each later try: boards are to be right 5 s after scoring is back.
pub(crate) const LAST_PAUSE: Duration = Duration::from_secs(2);
/// What scoring may send unread on one stream: a thousand rows in one go. Beyond it scoring waits,
/// and then sends the newest state only.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// What may be sent unread on a whole connection. Far more than a stream's, so that no stream can
/// take what the others need; it also pays for small frames that are not read at once, of which
/// h2 takes only as much as half of this window stands for before it ends the connection.
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Headers from scoring, which are a status and a few details of errors.
pub(crate) const REPLY_HEADERS_BYTES: u32 = 64 << 10;

/// How long a board is kept after the last watcher left, so that a reconnect finds it.
pub(crate) const BOARD_LINGERS: Duration = Duration::from_secs(10);
/// How often scoring is asked where watchers stand who are not among the rows, at most.
pub(crate) const STANDINGS_PACE: Duration = Duration::from_secs(1);
/// How often the board of a subject is shown, at most.
pub(crate) const SUBJECT_PACE: Duration = Duration::from_secs(1);
/// How long a state of a subject waits for the news of its cause, which come another way.
pub(crate) const CAUSE_WITHIN: Duration = Duration::from_millis(500);
/// Causes that are kept of one subject while no state has shown them yet.
pub(crate) const CAUSES: usize = 64;
/// How many events across quizzes a listener may be behind before it skips.
pub(crate) const EVENTS_BEHIND: usize = 256;

/// The longest message that a peer may send on a socket: a subscription is some dozens of bytes.
pub(crate) const MAX_MESSAGE_BYTES: usize = 4 << 10;
/// How long one write to a socket may stand still: whoever does not read comes back to newer frames.
pub(crate) const STALL: Duration = Duration::from_secs(5);
/// How often a peer is pinged: twice a minute, so that no proxy takes a quiet socket for dead.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(25);
/// How long a peer may be silent: two pings may be lost.
pub(crate) const PEER_SILENCE: Duration = Duration::from_secs(60);
/// Subscriptions of one socket: each may send a hundred rows at every change.
pub(crate) const SUBSCRIPTIONS: usize = 100;
/// How long a subscriber waits for a first state before it is told that there is none yet.
pub(crate) const FIRST_VIEW: Duration = Duration::from_secs(2);
/// How long a peer has for the closing handshake, at most.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);
/// How many sockets are closed per second, at least, when the gateway stops.
pub(crate) const LEAVING_PER_SECOND: u32 = 100;
/// Peers that are sent away come back spread over this time.
pub(crate) const RETURN_WITHIN: Duration = Duration::from_secs(5);
/// The library's buffers of a socket; its defaults cost 134 KiB a socket.
pub(crate) const SOCKET_BUFFER_BYTES: usize = 1 << 10;

/// How long a connection may be idle, or take to send the head of a request: longer than the
/// minute after which proxies drop idle connections, so that it is they who do it.
pub(crate) const IDLE: Duration = Duration::from_secs(75);
/// The same for whoever comes when less than half of the places are free: nobody who says nothing is
/// to keep others out for long.
pub(crate) const IDLE_IN_A_CROWD: Duration = Duration::from_secs(5);
/// How long a peer may leave what was sent to it unacknowledged.
pub(crate) const UNACKNOWLEDGED: Duration = Duration::from_secs(60);
/// How much of what is written the kernel holds before it is sent: a slow reader then gets the
/// newest state instead of a queue of old ones.
pub(crate) const UNSENT_BYTES: u32 = 16 << 10;
/// The head of a request: cookies of other applications on the same host, and a long JWT.
pub(crate) const HEAD_BYTES: usize = 64 << 10;
/// Files that are open besides connections and sockets: streams to scoring, logs, what the runtime
/// needs.
pub(crate) const OTHER_FILES: u64 = 256;
/// The pause after a failure to accept: mostly there are no file descriptors left.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The body of a request that is no upload: a question with all its options is a few KiB.
pub(crate) const BODY_BYTES: usize = 64 << 10;
/// How long such a body may take to arrive.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(10);
/// When to come back if nobody knows better.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Uploads that go on at once: each holds a few messages.
pub(crate) const UPLOADS: usize = 16;
/// How long nothing of an upload may come.
pub(crate) const UPLOAD_SILENCE: Duration = Duration::from_secs(10);
/// How long all of an upload may take to come: 64 MiB by a line of 2 Mbit/s.
pub(crate) const UPLOAD_WITHIN: Duration = Duration::from_secs(5 * 60);
/// How long scoring may then take to store it.
pub(crate) const UPLOAD_STORED_WITHIN: Duration = Duration::from_secs(2 * 60);

/// How long a guess of a join code or a password waits until others of its address have turned out
/// right or wrong: as long as one call may take.
pub(crate) const GUESS_TURN: Duration = CALL_DEADLINE;
/// How often callers are forgotten that have been quiet, which bounds what is held of them.
pub(crate) const CALLERS_FORGOTTEN_EVERY: Duration = Duration::from_secs(10);

/// How often the keys of a sign-in service are read again: one that is withdrawn is good for so long.
pub(crate) const KEYS_EVERY: Duration = Duration::from_secs(600);
/// How long that service is left alone after it was asked, whatever tokens name.
pub(crate) const KEYS_PAUSE: Duration = Duration::from_secs(10);
/// How long it may take to answer.
pub(crate) const KEYS_WITHIN: Duration = Duration::from_secs(5);
/// The longest answer of it that is read.
pub(crate) const KEYS_BYTES: usize = 256 << 10;
/// The most keys that are kept of it.
pub(crate) const KEYS: usize = 100;
