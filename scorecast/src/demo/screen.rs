//! What the demo shows: how to watch, the board as it moves, how to look back.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use super::{
    Error,
    api::{Api, Board, NewQuiz, Seat},
};

const BEAT: Duration = Duration::from_millis(500);

/// The board on a terminal, drawn in place, or a line a change elsewhere.
pub(super) struct Screen {
    answers: usize,
    start: Instant,
    lines: usize,
}

impl Screen {
    pub(super) fn new(answers: usize, start: Instant) -> Self {
        Self { answers, start, lines: 0 }
    }

    /// Shows the board whenever it has changed; ends only with an error.
    pub(super) async fn follow(
        &mut self,
        api: &Api,
        quiz_id: &str,
        given: &AtomicUsize,
    ) -> Result<(), Error> {
        let mut beat = tokio::time::interval(BEAT);
        let mut shown = None;
        loop {
            beat.tick().await;
            let board = api.board(quiz_id).await?;
            if shown.replace(board.version) != Some(board.version) {
                self.show(&board, given);
            }
        }
    }

    pub(super) fn show(&mut self, board: &Board, given: &AtomicUsize) {
        let progress = format!(
            "{:>3} s  {} of {} answers",
            self.start.elapsed().as_secs(),
            given.load(Ordering::Relaxed),
            self.answers,
        );
        let rows = board
            .leaderboard
            .iter()
            .map(|row| format!("{:>3}  {:<16} {:>4}", row.rank, row.username, row.score));
        if std::io::stdout().is_terminal() {
            let lines: Vec<_> = rows.chain([String::new(), progress]).collect();
            let back = if self.lines == 0 { String::new() } else { format!("\x1b[{}A", self.lines) };
            self.lines = lines.len();
            say(&lines.iter().fold(back, |text, line| text + line + "\x1b[K\n"));
        } else {
            let first: Vec<_> = board
                .leaderboard
                .iter()
                .take(3)
                .map(|row| format!("{}. {} {}", row.rank, row.username, row.score))
                .collect();
            say(&format!("{progress}  {}\n", first.join(", ")));
        }
    }
}

/// Says what is played and how to watch it.
pub(super) fn invite(url: &str, quiz: &NewQuiz, seat: &Seat) {
    let url = url.trim_end_matches('/');
    let NewQuiz { quiz_id, join_code } = quiz;
    let socket = url.replacen("http", "ws", 1);
    say(&format!(
        "{}\n{quiz_id}, join code {join_code}; watch it:\n\
         \x20 {url}/quizzes/{quiz_id}\n\
         \x20 curl -s '{url}/quizzes/{quiz_id}/leaderboard'\n\
         \x20 npx --yes wscat -c '{socket}/quizzes/{quiz_id}/ws?participant_id={}'\n\n",
        super::quiz::TITLE,
        seat.participant_id,
    ));
}

/// Says where the result stands.
pub(super) fn farewell(url: &str, quiz: &NewQuiz) {
    say(&format!(
        "\nThe quiz is over; its ranking stays:\n  curl -s '{}/quizzes/{}/leaderboard'\n",
        url.trim_end_matches('/'),
        quiz.quiz_id,
    ));
}

/// Whoever reads the output may have gone; the quiz is played to its end all the same.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
