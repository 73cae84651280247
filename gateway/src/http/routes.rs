//! Every route and who answers it, the page's own addresses aside.

use std::sync::Arc;

use axum::{
    Router,
    routing::{delete, get, post, put},
};

use super::{
    Gateway, answers, host, openapi, performance, play, probes, questions, quizzes, results, run, sign_in,
    subjects, upload,
};
use crate::socket;

macro_rules! routes {
    ($($path:literal => $method:ident($handler:path) $(, $other:ident($other_handler:path))?;)*) => {
        /// The routes.
        pub(super) fn routes() -> Router<Arc<Gateway>> {
            Router::new()$(.route($path, $method($handler)$(.$other($other_handler))?))*
        }

        /// Their methods and paths.
        #[cfg(test)]
        pub(super) const ROUTES: &[(&str, &str)] = &[
            $((stringify!($method), $path), $((stringify!($other), $path),)?)*
        ];
    };
}

routes! {
    "/quizzes" => get(quizzes::list);
    "/quizzes/{quiz_id}/info" => get(quizzes::info);
    "/join/{code}" => get(quizzes::by_code);
    "/quizzes/{quiz_id}/join" => post(play::join);
    "/quizzes/{quiz_id}/questions" => get(play::questions);
    "/quizzes/{quiz_id}/answer" => post(answers::give);
    "/quizzes/{quiz_id}/answers" => get(answers::list);
    "/quizzes/{quiz_id}/performance" => get(performance::in_one_quiz);
    "/quizzes/{quiz_id}/leaderboard" => get(play::leaderboard);
    "/quizzes/{quiz_id}/sessions" => post(upload::sessions);
    "/quizzes/{quiz_id}/ws" => get(socket::quiz::upgrade);
    "/subjects" => get(subjects::list);
    "/subjects/{code}/leaderboard" => get(subjects::leaderboard);
    "/users/me/performance" => get(performance::everywhere);
    "/ws/leaderboard" => get(socket::leaderboard::upgrade);
    "/ws/leaderboard/" => get(socket::leaderboard::upgrade);
    "/admin/quizzes" => post(host::create), get(host::list);
    "/admin/quizzes/{quiz_id}" => get(host::show), delete(host::delete);
    "/admin/quizzes/{quiz_id}/status" => get(run::status);
    "/admin/quizzes/{quiz_id}/init" => post(run::start);
    "/admin/quizzes/{quiz_id}/end" => post(run::end);
    "/admin/quizzes/{quiz_id}/questions" => post(questions::add), get(questions::list);
    "/admin/quizzes/{quiz_id}/questions/{question_id}" => delete(questions::delete);
    "/admin/quizzes/{quiz_id}/participants/{participant_id}" => delete(questions::remove_participant);
    "/admin/quizzes/{quiz_id}/results.csv" => get(results::csv);
    "/admin/subjects/{code}" => put(subjects::put);
    "/auth/config" => get(sign_in::kind);
    "/auth/login" => post(sign_in::log_in);
    "/healthz" => get(probes::alive);
    "/readyz" => get(probes::ready);
    "/openapi.json" => get(openapi::document);
}
