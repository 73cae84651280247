//! What sockets look at together: one board, or what happens everywhere. The newest of it stands here
//! once, laid out for all.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use tokio_stream::{Stream as _, wrappers::WatchStream};

use super::{
    batches::Batches,
    round::Round,
    slot::{Over, Slot, State, Update},
};
use crate::{
    activity::Listener,
    boards::{BoardId, Window},
    frame::Frame,
};

/// Names a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum RoomId {
    /// One board.
    Board(BoardId),
    /// What happens everywhere.
    Activity,
}

/// A socket's place in a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) room: RoomId,
    pub(super) place: usize,
}

/// One room, and the sockets in it.
pub(super) struct Room {
    scene: Scene,
    bell: Waker,
    pub(super) round: Round,
}

/// What a room looks at.
enum Scene {
    Quiz(Slot<Frame>),
    Subject(Slot<Bytes>),
    Activity { told: WatchStream<u64>, batches: Batches },
}

impl Room {
    /// An empty room that looks at a quiz. The bell rings when there may be something new.
    pub(super) fn of_quiz(window: Window<Frame>, bell: Waker) -> Self {
        Self::new(Scene::Quiz(Slot::new(window)), bell)
    }

    /// An empty room that looks at a subject.
    pub(super) fn of_subject(window: Window<Bytes>, bell: Waker) -> Self {
        Self::new(Scene::Subject(Slot::new(window)), bell)
    }

    /// An empty room that hears what happens everywhere.
    pub(super) fn of_activity(listener: Listener, bell: Waker) -> Self {
        let Listener { log, told, .. } = listener;
        Self::new(Scene::Activity { told: WatchStream::new(told), batches: Batches::new(log) }, bell)
    }

    fn new(scene: Scene, bell: Waker) -> Self {
        let mut room = Self { scene, bell, round: Round::default() };
        room.look();
        room
    }

    /// Takes the newest. From now on the bell rings again.
    pub(super) fn look(&mut self) {
        let mut context = Context::from_waker(&self.bell);
        match &mut self.scene {
            Scene::Quiz(slot) => slot.look(&mut context),
            Scene::Subject(slot) => slot.look(&mut context),
            Scene::Activity { told, batches } => {
                while let Poll::Ready(Some(told)) = Pin::new(&mut *told).poll_next(&mut context) {
                    batches.told = told;
                }
            }
        }
    }

    /// The newest state of a quiz, for those who take part in it; nothing if there is none yet.
    pub(super) fn frame(&self) -> Result<Option<&Frame>, Over> {
        match &self.scene {
            Scene::Quiz(slot) => slot.newest(),
            Scene::Subject(_) | Scene::Activity { .. } => Ok(None),
        }
    }

    /// The newest state of a board, for a subscriber; nothing if there is none, or it was shown. A
    /// delta may build on the base.
    pub(super) fn update(
        &mut self,
        shown: Option<State>,
        base: Option<State>,
    ) -> Result<Option<Update>, Over> {
        match &mut self.scene {
            Scene::Quiz(slot) => slot.update(shown, base),
            Scene::Subject(slot) => slot.update(shown, base),
            Scene::Activity { .. } => Ok(None),
        }
    }

    /// What happens everywhere; nothing if this room is for something else.
    pub(super) fn batches(&mut self) -> Option<&mut Batches> {
        match &mut self.scene {
            Scene::Activity { batches, .. } => Some(batches),
            Scene::Quiz(_) | Scene::Subject(_) => None,
        }
    }
}
