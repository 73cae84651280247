//! The sheets of quizzes held in memory, so that grading need not ask the ledger.
//!
//! A sheet held here may only say *yes*, and only because the commit checks again; before a *no*
//! the ledger is asked, by a read that began after the question.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use crate::{
    config::bounds::SHEETS_HELD,
    grading::Sheet,
    ids::{QuestionId, QuizId},
    ledger::{self, Quizzes},
};

/// Sheets in memory.
pub(crate) struct Sheets {
    ledger: Arc<dyn Quizzes>,
    slots: Mutex<HashMap<QuizId, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    latest: Mutex<Option<Arc<Sheet>>>,
    /// When the read of `latest` began; locked while one is under way.
    read_at: tokio::sync::Mutex<Option<Instant>>,
}

impl Sheets {
    pub(crate) fn new(ledger: Arc<dyn Quizzes>) -> Self {
        Self { ledger, slots: Mutex::default() }
    }

    /// The sheet to grade an answer against: the one in memory if that says yes, otherwise the ledger's.
    pub(crate) async fn sheet_for(
        &self,
        quiz: QuizId,
        question: QuestionId,
        choice: u32,
    ) -> ledger::Result<Arc<Sheet>> {
        let held = self.slot(quiz).latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match held.filter(|sheet| sheet.grade(question, choice).is_ok()) {
            Some(sheet) => Ok(sheet),
            None => self.read(quiz).await,
        }
    }

    /// Reads the sheet of the ledger as it is now. Callers who wait for one read share the next, so
    /// that a crowd at the start of a quiz costs two.
    pub(crate) async fn read(&self, quiz: QuizId) -> ledger::Result<Arc<Sheet>> {
        let asked_at = Instant::now();
        let slot = self.slot(quiz);
        let mut read_at = slot.read_at.lock().await;
        let latest = || slot.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if read_at.is_some_and(|at| at > asked_at)
            && let Some(sheet) = latest().clone()
        {
            return Ok(sheet);
        }
        let began_at = Instant::now();
        match self.ledger.questions(quiz).await {
            Ok((quiz, questions)) => {
                let sheet = Arc::new(Sheet::of(&quiz, &questions));
                *latest() = Some(Arc::clone(&sheet));
                *read_at = Some(began_at);
                Ok(sheet)
            }
            Err(error) => {
                self.forget(quiz);
                Err(error)
            }
        }
    }

    fn slot(&self, quiz: QuizId) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= SHEETS_HELD && !slots.contains_key(&quiz) {
            slots.clear();
        }
        Arc::clone(slots.entry(quiz).or_default())
    }

    fn forget(&self, quiz: QuizId) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(&quiz);
    }
}
