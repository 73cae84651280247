//! Every deadline, bound and breaker of the service that is no setting, each with its reason: how long
//! anybody waits, how much may wait, and when something is given up or tried again.
//!
//! What callers are promised (the longest title, the rows of an upload) stands with what it is
//! about, and how much goes into one statement or one call with that statement. What happens beyond
//! each bound, and where it is seen, is told in `docs/reliability.md`.

use std::time::Duration;

/// From an answer's call to its commit. Less than the 2 s for which a gateway waits, so that it is us
/// who tell callers to try again, and when.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_millis(1500);
/// Answers that wait for one lane. Beyond it callers wait to be let in, within the same deadline.
pub(crate) const ANSWERS_QUEUED: usize = 8 * 1024;
/// Answers in one transaction: larger batches were not faster, and hold the quiz's lock longer.
pub(crate) const ANSWERS_TOGETHER: usize = 256;
/// How long a batch waits for a quiz that another step holds, such as a large upload, before it does
/// without: longer than batches of other processes take, hardly noticed by players of other quizzes.
pub(crate) const HELD_WAIT: Duration = Duration::from_millis(100);
/// How long whoever joins a quiz, or changes one thing in it, waits while it is held. They wait with a
/// connection of which all changes have few: a crowd at the door of one quiz takes every one, and gives
/// them back to others before those give up ([`POSTGRES_CONNECTS`]). Longer than a queue of as many
/// commits takes on a slow disk. Steps that touch a whole quiz ([`LEDGER_LONG_CALL`]) are few, and wait as
/// long as they may take: one may need the people or the subject of another, after much work.
pub(crate) const HELD_WRITE_WAIT: Duration = Duration::from_millis(500);
/// The pause before answers of such a quiz are tried again.
pub(crate) const HELD_PAUSE: Duration = Duration::from_millis(200);
/// When to try again what was refused for now: soon enough for players, and not at once for all.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Quizzes whose sheets are held before all are let go and read again as needed: some KiB each.
pub(crate) const SHEETS_HELD: usize = 10_000;

/// A call of the ledger, with waiting for a connection. Whoever asked has mostly gone by then; it
/// frees the connection.
pub(crate) const LEDGER_CALL: Duration = Duration::from_secs(5);
/// A call that touches every row of a quiz, which may be a million.
pub(crate) const LEDGER_LONG_CALL: Duration = Duration::from_secs(60);
/// Waiting for a connection to Postgres: as long as a gateway waits for anything.
pub(crate) const POSTGRES_CONNECTS: Duration = Duration::from_secs(2);
/// How long a connection that was idle, or given up, may take to show that it is alive: a round trip.
pub(crate) const POSTGRES_ALIVE: Duration = Duration::from_secs(1);
/// How long batches of answers keep a connection before it goes through the pool again, which sees
/// whether it is alive and not too old: seldom enough to cost nothing.
pub(crate) const POSTGRES_KEPT: Duration = Duration::from_secs(1);
/// A transaction in which nothing more is said is ended by Postgres, for it holds locks.
pub(crate) const POSTGRES_SILENCE: Duration = Duration::from_secs(5);
/// How long connections may take to close when the service ends: one may wait for a server that hangs,
/// and those that just go away are no harm.
pub(crate) const LEDGER_CLOSES: Duration = Duration::from_secs(1);
/// Connections that read SQLite, beside the one that writes: reads are bound by the processor.
pub(crate) const SQLITE_READERS: u32 = 4;
/// How long SQLite waits for another process that writes: less than a call, which then says why.
pub(crate) const SQLITE_BUSY: Duration = Duration::from_secs(4);
/// The pause before SQLite is asked again where it does not wait by itself.
pub(crate) const SQLITE_PAUSE: Duration = Duration::from_millis(10);

/// Changes that wait for the board. Beyond it they are dropped, and the next one heals.
pub(crate) const CHANGES_QUEUED: usize = 16 * 1024;
/// Changes that go into one call.
pub(crate) const CHANGES_TOGETHER: usize = 1024;
/// How long a step in the life of a quiz waits for the board, which may be away.
pub(crate) const TOLD_WITHIN: Duration = Duration::from_millis(100);

/// One round trip to Redis, with connecting: far above a healthy one, and short enough to read the
/// board from the ledger instead.
pub(crate) const REDIS_CALL: Duration = Duration::from_millis(500);
/// How much longer it may take for each member that is ranked by itself.
pub(crate) const REDIS_CALL_PER_MEMBER: Duration = Duration::from_micros(100);
/// One round trip that loads rows of a board, thousands at a time.
pub(crate) const REDIS_LOAD: Duration = Duration::from_secs(2);
/// Commands that wait to be sent on one connection.
pub(crate) const REDIS_QUEUED: usize = 4096;
/// How long sent bytes may stay unacknowledged before a connection is given up.
pub(crate) const REDIS_UNACKNOWLEDGED: Duration = Duration::from_secs(3);
/// Connecting to one node of a cluster, which is tried twice: less than whoever asks has for
/// everything, so that a node that is out of reach holds up nobody who needs another one.
pub(crate) const REDIS_NODE_CONNECTS: Duration = Duration::from_millis(150);
/// The shortest pause before a node of a cluster is tried again within one call, in ms.
pub(crate) const REDIS_NODE_SHORTEST_PAUSE_MS: u64 = 10;
/// The longest: a call has time for several.
pub(crate) const REDIS_NODE_LONGEST_PAUSE_MS: u64 = 50;
/// For how long the answer of one node of a cluster shows that those who wait for another wait for that
/// one alone, and the least time after which they connect anew, to learn of a replica in its place.
pub(crate) const REDIS_CLUSTER_TRUSTED: Duration = Duration::from_secs(3);
/// The pause before listening for notices again after the connection was lost.
pub(crate) const REDIS_LISTEN_PAUSE: Duration = Duration::from_millis(250);
/// How often a connection that listens is asked whether anybody is there.
pub(crate) const REDIS_LISTEN_ROUND: Duration = Duration::from_secs(1);
/// So many failures in a row open the breaker: one may be a hiccup, three are none.
pub(crate) const BREAKER_TOLERATES: u32 = 3;
/// How long the breaker first stays open; each failed try doubles that.
pub(crate) const BREAKER_SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// How long it stays open at most: boards are to be equal 2 s after Redis is back.
pub(crate) const BREAKER_LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long the right to rebuild a board lasts unless it is renewed: whoever had it may be dead, and
/// boards are to be equal 5 s after that. Longer than [`REDIS_LOAD`], which renews it: a load that is in
/// time finds it. Whoever is held up for longer loses it, and has worked in vain.
pub(crate) const CLAIM_LASTS: Duration = Duration::from_secs(3);
/// How often it is renewed while the ledger is read, which may take longer than it lasts.
pub(crate) const CLAIM_RENEWED_EVERY: Duration = Duration::from_secs(1);
/// When a change that found a gap is tried again before the ledger is asked: the change that is
/// missing is usually on its way.
pub(crate) const GAP_PAUSES: [Duration; 3] =
    [Duration::from_millis(1), Duration::from_millis(3), Duration::from_millis(9)];
/// Boards that are made equal at once: each may cost the ledger a whole ranking.
pub(crate) const RESTORED_AT_ONCE: usize = 4;
/// How often one board is compared before the sweeper takes over.
pub(crate) const RESTORE_ROUNDS: usize = 5;
/// How often all active boards are compared: what was lost is to be right again within 2 s.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How long a board is kept after the last change of a quiz that nobody answers; the ledger serves
/// it from then on.
pub(crate) const KEPT_AT_REST: Duration = Duration::from_hours(24);
/// How long a board is still compared after the last change of a quiz that nobody answers.
pub(crate) const COMPARED_AFTER_CHANGE: Duration = Duration::from_mins(10);

/// How long a quiz's board is shown without asking the ledger whether there still is such a quiz: a
/// deletion that the board store missed is noticed then.
pub(crate) const BELIEVED_FOR: Duration = Duration::from_secs(10);
/// How long the ledger may take to say so, which is one row; without it the board is shown.
pub(crate) const BELIEVED_AFTER: Duration = Duration::from_millis(250);
/// Boards that are believed before all are asked after again: some bytes each.
pub(crate) const BELIEVED_AT_ONCE: usize = 10_000;
/// Boards that are read from the ledger at once: each may cost a sort.
pub(crate) const LEDGER_READS: usize = 4;
/// How long a reader waits for its turn at the ledger.
pub(crate) const LEDGER_TURN: Duration = Duration::from_secs(2);
/// How long a page of a board may take, whomever it is shared with: a call of the board store, a turn at
/// the ledger and a call of it, and none of those of another.
pub(crate) const PAGE: Duration = Duration::from_secs(8);
/// How often a board that somebody watches is asked for its version, since notices may be lost.
pub(crate) const BOARD_POLL: Duration = Duration::from_secs(1);
/// The same for a board that will not change: one that has ended.
pub(crate) const BOARD_POLL_ENDED: Duration = Duration::from_secs(5);
/// The same for a large board while it is read from the ledger.
pub(crate) const BOARD_POLL_LARGE: Duration = Duration::from_secs(5);
/// From how many rows on a board is large.
pub(crate) const BOARD_IS_LARGE: u32 = 50_000;
/// How long a feed lives on without streams, for those who come back.
pub(crate) const FEED_LINGERS: Duration = Duration::from_secs(5);

/// How many events across quizzes a stream may be behind before it skips.
pub(crate) const EVENTS_BEHIND: usize = 256;
/// How often the ledger is asked for events without a nudge.
pub(crate) const EVENTS_POLL: Duration = Duration::from_secs(1);
/// How long a stream of events waits for the first look at the ledger.
pub(crate) const EVENTS_BEGIN: Duration = Duration::from_secs(5);
/// How long events are kept for streams that come back, in ms.
pub(crate) const EVENTS_KEPT_MS: i64 = 60 * 60 * 1000;

/// Uploads that are stored, and lists of results, at once: each may be half a million rows. Uploads
/// on their way in hold as many rows at once, all together.
pub(crate) const TRANSFERS: usize = 4;
/// How long one waits for its turn: half of what a gateway waits.
pub(crate) const TRANSFER_TURN: Duration = Duration::from_secs(5);
/// Uploads of hosts on their way in at once: as many as a gateway has.
pub(crate) const UPLOADS: usize = 16;
/// Uploads of users, their own, on their way in at once. They are small, and anybody may be a user:
/// they are to be hard to use up, and take nothing from hosts.
pub(crate) const OWN_UPLOADS: usize = 64;
/// How long all of an upload may take to come: longer than a gateway lets its own.
pub(crate) const UPLOAD_WITHIN: Duration = Duration::from_secs(10 * 60);
/// The same for a user's own, which is a few KiB, and for the header of any.
pub(crate) const OWN_UPLOAD_WITHIN: Duration = Duration::from_secs(10);
/// How long the sender of an upload may keep silent: longer than a gateway lets its own.
pub(crate) const UPLOAD_SILENCE: Duration = Duration::from_secs(30);

/// How often the ledger is asked for quizzes whose time is past, and for those whose sessions are
/// not made yet.
pub(crate) const CHORES_EVERY: Duration = Duration::from_secs(1);
/// How many quizzes are ended at once, and of how many sessions are made: each holds a connection,
/// if the quiz is locked for a minute, and answers need some too.
pub(crate) const CHORES_AT_ONCE: usize = 2;
/// How often a ledger that was away at the start is tried again.
pub(crate) const CONTACT_EVERY: Duration = Duration::from_secs(1);

/// How often an idle connection of a caller is asked whether somebody is there.
pub(crate) const CALLER_ASKED_EVERY: Duration = Duration::from_secs(30);
/// How long the answer to that may take.
pub(crate) const CALLER_ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// Streams and calls of one connection at once: more than a gateway with a stream for each of its
/// sockets opens. Whoever comes beyond waits without being told, calls too, hence so many.
pub(crate) const STREAMS: u32 = 200_000;
/// What may arrive unread on one stream: an upload is read as fast as it can be checked.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// What may arrive unread on one connection: some streams that are not read at once leave room.
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// Headers of a call, which are its name, a deadline and the context of a trace.
pub(crate) const HEADERS_BYTES: u32 = 16 << 10;
/// Streams of one connection that were opened and reset at once, before it is ended (CVE-2023-44487).
pub(crate) const RESETS: usize = 100;
/// When a connection is to be replaced by a new one, which streams that are open outlive: callers
/// without balancing meet other replicas, and certificates that are no longer good do not last.
pub(crate) const CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);
