//! A user on its socket: what it is subscribed to, what of it was shown, and how much it has heard of
//! what happens everywhere. It holds no state of any board.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    batches::Batches,
    line::{End, Turn},
    outbound::{Gone, Outbound},
    room::{Room, RoomId, Seat},
    scratch,
    slot::{Over, State},
};
use crate::{
    boards::Taker,
    config::bounds::{FIRST_VIEW, SUBSCRIPTIONS},
    door::Admission,
    frame::Form,
    metrics,
    socket::{
        Close,
        topics::{Sight, Topic, Topics},
        words::{Interest, Said},
    },
    tokens::BadJwt,
};

/// A user on its socket.
pub(super) struct Subscriber {
    topics: Arc<Topics>,
    /// In which form it is told the states of quizzes.
    form: Form,
    subscriptions: Vec<Subscription>,
    /// Its seat among those who hear what happens everywhere; none once it is closing.
    seat: Option<Seat>,
    /// How much it has heard.
    heard: u64,
    /// When the token expires.
    until: Instant,
    _admission: Admission,
}

struct Subscription {
    topic: Topic,
    seat: Seat,
    /// Only if it takes deltas.
    taker: Option<Taker>,
    stage: Stage,
}

/// How far a subscription has come. It is confirmed with the first state that is seen: only then is
/// it known that there is such a board.
enum Stage {
    /// Nothing was seen; when to say so, if that has not been said.
    Waiting(Option<Instant>),
    /// This was shown last.
    Showing(State),
}

impl Subscriber {
    /// A user who has heard so much of what happens everywhere, and subscribed to nothing.
    pub(super) fn new(
        (topics, form): (Arc<Topics>, Form),
        seat: Seat,
        heard: u64,
        until: Instant,
        admission: Admission,
    ) -> Self {
        let seat = Some(seat);
        Self { topics, form, subscriptions: Vec::new(), seat, heard, until, _admission: admission }
    }

    /// Looks at a topic, which it may subscribe to.
    ///
    /// # Errors
    /// What to answer if it may not.
    pub(super) fn look(&self, topic: &Topic) -> Result<Sight, Said> {
        let is_new = self.subscriptions.iter().all(|one| one.topic != *topic);
        if is_new && self.subscriptions.len() >= SUBSCRIPTIONS {
            return Err(Said::too_many(topic.clone()));
        }
        self.topics.look(topic, self.form).map_err(|_| Said::not_found(topic.clone()))
    }

    /// Subscribes; the seat is in the room of that topic.
    pub(super) fn subscribe(&mut self, topic: Topic, seat: Seat, taker: Option<Taker>, now: Instant) {
        let stage = Stage::Waiting(Some(now + FIRST_VIEW));
        self.subscriptions.push(Subscription { topic, seat, taker, stage });
    }

    /// Gives a subscription up, if there is one, and its seat back.
    pub(super) fn give_up(&mut self, topic: &Topic) -> Option<Seat> {
        let at = self.subscriptions.iter().position(|one| one.topic == *topic)?;
        Some(self.subscriptions.remove(at).seat)
    }

    /// The same, by its room; tells also what it was.
    pub(super) fn give_up_room(&mut self, id: RoomId) -> Option<(Topic, Seat)> {
        let at = self.subscriptions.iter().position(|one| one.seat.room == id)?;
        let Subscription { topic, seat, .. } = self.subscriptions.remove(at);
        Some((topic, seat))
    }

    /// Shows what is new in a room, unless the stream is full: then the newest is shown when there is
    /// room.
    pub(super) fn show(&mut self, id: RoomId, room: &mut Room, outbound: &mut Outbound) -> Result<Turn, End> {
        if outbound.full_since().is_some() {
            return Ok(Turn::Done);
        }
        if let Some(batches) = room.batches() {
            return Ok(self.hear(batches, outbound)?);
        }
        let mut all = self.subscriptions.iter_mut();
        let Some(Subscription { topic, taker, stage, .. }) = all.find(|one| one.seat.room == id) else {
            return Ok(Turn::Done);
        };
        let shown = match stage {
            Stage::Waiting(_) => None,
            Stage::Showing(state) => Some(*state),
        };
        let update = match room.update(shown, taker.as_ref().and(shown)) {
            Ok(Some(update)) => update,
            Ok(None) => return Ok(Turn::Done),
            Err(Over::Lost) => return Err(Close::Internal.into()),
            Err(Over::Deleted) => return Ok(Turn::Over),
        };
        match shown {
            None => {
                // In one breath, and the first state is no news.
                let confirmed = answer(&Said::confirmed(topic.clone()));
                outbound.say([&*confirmed, &update.frame].concat())?;
                metrics::shown(update.form);
                *stage = Stage::Showing(update.state);
            }
            Some(before) => {
                if outbound.share(&update.frame, update.news)? {
                    metrics::shown(update.form);
                    metrics::skipped(update.state.skipped_since(before));
                    *stage = Stage::Showing(update.state);
                }
            }
        }
        Ok(Turn::on(outbound))
    }

    /// Hears what comes next of what happens everywhere.
    fn hear(&mut self, batches: &mut Batches, outbound: &mut Outbound) -> Result<Turn, Gone> {
        let interest = Interest::of(self.subscriptions.iter().map(|one| &one.topic));
        let Some(batch) = batches.next(self.heard, interest) else { return Ok(Turn::Done) };
        if batch.frames.is_empty() || outbound.share(&batch.frames, None)? {
            self.heard = batch.until;
        }
        match Turn::on(outbound) {
            Turn::Done if self.heard < batches.told => Ok(Turn::More),
            turn => Ok(turn),
        }
    }

    /// When something is due.
    pub(super) fn due(&self) -> Instant {
        let impatient = self.subscriptions.iter().filter_map(|one| match one.stage {
            Stage::Waiting(due) => due,
            Stage::Showing(_) => None,
        });
        impatient.fold(self.until, Instant::min)
    }

    /// Does what is due: tells of subscriptions that have waited too long, which wait on.
    pub(super) fn tick(&mut self, now: Instant, outbound: &mut Outbound) -> Result<(), End> {
        if now >= self.until {
            return Err(Close::BadToken(BadJwt::Expired).into());
        }
        for Subscription { topic, stage, .. } in &mut self.subscriptions {
            if matches!(stage, Stage::Waiting(Some(due)) if *due <= now) {
                *stage = Stage::Waiting(None);
                outbound.say(answer(&Said::out_of_reach(topic.clone())))?;
            }
        }
        Ok(())
    }

    /// The rooms that it is in; what happens everywhere comes last.
    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.subscriptions.iter().map(|one| &one.seat).chain(&self.seat).map(|seat| seat.room)
    }

    /// Has another place in a room from now on.
    pub(super) fn move_to(&mut self, seat: Seat) {
        let own = self.subscriptions.iter_mut().map(|one| &mut one.seat).chain(&mut self.seat);
        own.filter(|own| own.room == seat.room).for_each(|own| *own = seat);
    }

    /// Gives one of its seats back, as long as it has any.
    pub(super) fn stand_up(&mut self) -> Option<Seat> {
        self.subscriptions.pop().map(|one| one.seat).or_else(|| self.seat.take())
    }
}

/// What is said to one subscriber, as a frame.
fn answer(said: &Said) -> Vec<u8> {
    scratch::text(said.text().as_bytes())
}
