//! What subscribers ask for, and what becomes of it.

use tokio::time::Instant;

use super::{
    super::{
        line::Question,
        role::Role,
        room::{Room, RoomId},
        scratch,
        subscriber::Subscriber,
    },
    Engine,
};
use crate::socket::{
    topics::{Sight, Topic},
    words::{Asked, Said},
};

impl Engine {
    /// Answers what a socket has asked for in one read.
    pub(super) fn answer_all(&mut self, slot: usize) {
        if self.asked.is_empty() {
            return;
        }
        let mut asked = std::mem::take(&mut self.asked);
        asked.drain(..).for_each(|question| self.answer(slot, question));
        self.asked = asked;
    }

    fn answer(&mut self, slot: usize, question: Question) {
        let Some(subscriber) = self.subscriber(slot) else { return };
        let said = match question {
            Ok(Asked::Subscribe(topic)) => match subscriber.look(&topic) {
                Ok(sight) => return self.subscribe(slot, topic, sight),
                Err(refusal) => refusal,
            },
            Ok(Asked::Unsubscribe(topic)) if topic.is_well_named() => {
                self.give_up(slot, &topic);
                Said::given_up(topic)
            }
            Ok(Asked::Unsubscribe(topic)) => Said::not_found(topic),
            Ok(Asked::Ping) => Said::Pong,
            Err(complaint) => complaint,
        };
        self.say(slot, &said);
    }

    /// Seats a subscriber where a topic can be seen, anew if it sits there already.
    fn subscribe(&mut self, slot: usize, topic: Topic, sight: Sight) {
        self.give_up(slot, &topic);
        let (seat, taker) = match sight {
            Sight::Quiz(mut window) => {
                let (id, taker) = (RoomId::Board(window.board), window.taker.take());
                (self.enter(slot, id, |bell| Room::of_quiz(window, bell)), taker)
            }
            Sight::Subject(window) => {
                let id = RoomId::Board(window.board);
                (self.enter(slot, id, |bell| Room::of_subject(window, bell)), None)
            }
        };
        let subscriber = self.subscriber(slot).expect("it has asked for this and is open");
        subscriber.subscribe(topic, seat, taker, Instant::now());
        self.watch(slot);
        self.show(slot, seat.room);
    }

    fn give_up(&mut self, slot: usize, topic: &Topic) {
        if let Some(seat) = self.subscriber(slot).and_then(|subscriber| subscriber.give_up(topic)) {
            self.leave(seat);
        }
    }

    /// Ends a subscription whose board is over.
    pub(super) fn give_up_room(&mut self, slot: usize, id: RoomId) {
        let given_up = self.subscriber(slot).and_then(|subscriber| subscriber.give_up_room(id));
        if let Some((topic, seat)) = given_up {
            self.leave(seat);
            self.say(slot, &Said::not_found(topic));
        }
    }

    fn say(&mut self, slot: usize, said: &Said) {
        let text = scratch::text(said.text().as_bytes());
        match self.lines[slot].outbound.say(text) {
            Ok(()) => self.watch(slot),
            Err(gone) => self.end(slot, gone.into()),
        }
    }

    /// The subscriber on a socket that is open.
    fn subscriber(&mut self, slot: usize) -> Option<&mut Subscriber> {
        let line = self.lines.get_mut(slot).filter(|line| line.closing_until.is_none())?;
        if let Role::Subscriber(subscriber) = &mut line.role { Some(subscriber) } else { None }
    }
}
