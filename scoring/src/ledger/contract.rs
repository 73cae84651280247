//! What every ledger promises: one suite of functions named for the promise, run over each adapter.

mod activity;
mod audits;
mod life;
mod performance;
mod races;
mod rankings;
mod record;
mod seats;
mod settle;
mod simple;
mod steps;
mod subjects;
mod uploads;

mod people;
pub(super) mod play;

use std::sync::Arc;

use servers::postgres::Postgres;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::Ledger;
use crate::clock::Clock;

/// A fresh ledger.
pub(super) struct Fresh {
    pub(super) ledger: Arc<dyn Ledger>,
    clock: Clock,
    pub(super) url: String,
    _folder: Option<TempDir>,
}

impl Fresh {
    pub(super) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        Self::at(url, Some(folder)).await
    }

    pub(super) async fn postgres() -> Self {
        Self::at(Postgres::shared().fresh_database(), None).await
    }

    pub(super) async fn at(url: String, folder: Option<TempDir>) -> Self {
        let clock = Clock::default();
        let ledger = super::open(&url, 8, clock.clone()).expect("a good URL");
        ledger.migrate().await.expect("a fresh store can be migrated");
        Self { ledger, clock, url, _folder: folder }
    }

    /// The same ledger, as another process sees it.
    fn another(&self) -> Arc<dyn Ledger> {
        super::open(&self.url, 8, self.clock.clone()).expect("a good URL")
    }

    /// A ledger beside this one, in which there is nothing yet.
    fn empty_url(&self) -> String {
        if self.url.starts_with("sqlite:") {
            format!("{}.empty", self.url)
        } else {
            Postgres::shared().fresh_database()
        }
    }

    /// Reaches around the port.
    pub(super) async fn execute(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql);
        match self.url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut connection = SqliteConnection::connect(path).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
            None => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
        }
    }
}

/// Makes each promise a test of both ledgers.
macro_rules! promises {
    ($($chapter:ident { $($promise:ident)+ })+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    super::$chapter::$promise(&super::Fresh::sqlite().await).await;
                }
            )+)+
        }

        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    super::$chapter::$promise(&super::Fresh::postgres().await).await;
                }
            )+)+
        }
    };
}

promises! {
    life {
        a_new_quiz_is_pending_and_can_be_read_back
        a_join_code_leads_to_its_quiz_until_it_ends
        quizzes_are_listed_newest_first_and_counted_through_the_filter
        questions_change_only_while_nobody_answers
        a_quiz_has_at_most_500_questions
        a_quiz_needs_a_question_to_start
        starting_and_ending_are_changes_of_the_board
        a_quiz_past_its_time_is_overdue_and_ends_at_its_end_time
        a_quiz_is_not_overdue_while_an_answer_that_came_in_time_may_wait
        only_a_quiz_that_is_overdue_at_that_moment_is_ended_for_its_time
        starting_again_sets_all_scores_back_as_one_change
        a_quiz_started_again_keeps_its_join_code_unless_it_is_taken
        deleting_leaves_nothing_behind
        a_quiz_that_does_not_exist_is_refused_everywhere
        a_subject_that_does_not_exist_is_refused
    }
    seats {
        joining_is_a_change_of_the_board
        joining_late_counts_from_the_start
        a_user_has_one_seat_in_a_quiz
        a_join_id_makes_a_retry_safe
        a_join_id_gives_its_seat_to_nobody_of_another_name
        a_join_id_gives_nobody_the_seat_of_a_user
        a_name_is_taken_whatever_its_case
        nobody_new_joins_a_quiz_that_is_over
        a_quiz_has_at_most_a_million_seats
        a_removed_seat_frees_its_name_and_its_user
        a_seat_sees_its_own_answers_of_the_present_run
    }
    record {
        recording_twice_counts_once
        a_retry_gets_its_verdict_and_the_total_of_now
        a_retry_after_the_end_still_gets_its_verdict
        a_submission_id_serves_one_question
        two_answers_of_one_seat_in_one_batch_both_count
        of_two_answers_to_one_question_in_one_batch_the_first_counts
        a_bad_row_harms_none_of_its_neighbours
        an_answer_counts_if_it_arrived_before_the_end
        time_runs_until_the_last_answer_that_scored
        a_started_quiz_moves_even_if_nothing_counted
        a_batch_is_one_change_per_quiz_with_totals
        an_empty_batch_is_nothing
    }
    rankings {
        a_tie_shares_a_rank_also_across_a_page_border
        a_window_around_a_row_has_it_in_the_middle_or_is_shifted
        standings_come_in_the_order_asked
        what_changed_since_any_version_heals_exactly
        a_restart_between_asks_for_a_rebuild
        boards_of_started_and_lately_changed_quizzes_are_active
        versions_stay_when_a_ledger_is_opened_again
    }
    audits {
        totals_that_answers_do_not_add_up_to_are_found_and_repaired_as_one_change
        quizzes_are_named_page_by_page
        a_raised_epoch_stands_above_the_old_one
        an_uploaded_seat_is_what_its_session_says
    }
    races {
        a_name_a_user_and_a_call_get_one_seat_however_many_ask
        eight_writers_on_one_quiz_count_each_answer_once
        eight_writers_on_twenty_quizzes_count_each_answer_once
        joins_and_removals_among_answers_leave_no_hole
        whoever_comes_while_a_quiz_is_deleted_leaves_nothing_in_it
        ten_migrations_at_once_are_one
        a_newer_schema_is_refused
    }
    steps {
        random_steps_end_where_a_simple_ledger_does
    }
    subjects {
        a_subject_can_be_named_anew_and_is_listed_by_code
        a_quiz_belongs_to_its_subject
        the_board_of_a_new_subject_is_empty
        a_users_row_is_the_sum_of_its_sessions
        a_users_row_bears_the_name_of_the_latest_session
        what_changed_on_a_subject_since_any_version_heals_exactly
        subjects_that_changed_lately_are_active
    }
    uploads {
        an_upload_is_seats_and_sessions_and_moves_both_boards
        an_upload_needs_no_subject
        the_same_again_is_unchanged_and_moves_nothing
        one_bad_line_keeps_all_out_unless_what_is_good_is_to_be_kept
        who_is_there_already_is_an_error_of_the_line
        an_uploaded_seat_cannot_answer
        an_uploaded_seat_belongs_to_the_run_in_which_it_arrived
        a_million_seats_are_the_most_also_by_upload
        a_total_greater_than_can_be_ranked_is_refused
        a_great_upload_asks_for_a_rebuild
        the_same_uploaded_by_many_at_once_is_stored_once
    }
    settle {
        ending_makes_a_session_of_each_users_seat
        a_crowd_is_settled_once_however_many_settle_and_fail
        each_quiz_is_settled_by_itself
        of_several_runs_the_last_counts
        a_removed_seat_takes_its_session_along
        a_session_of_an_earlier_run_outlives_its_seat
        deleting_a_quiz_takes_its_sessions_along
        a_quiz_that_ended_under_the_first_schema_is_settled
    }
    activity {
        each_change_of_sessions_is_told_once_and_in_order
        an_event_is_kept_for_an_hour
        no_event_is_seen_before_one_of_a_lower_number
    }
    performance {
        results_tell_rank_counts_and_the_hosts_own_name_for_each
        results_of_a_crowd_come_in_order_and_stop_when_nobody_listens
        a_users_performance_is_told_by_quiz_and_subject
        a_performance_stays_with_its_run
        what_was_answered_is_told_to_the_seat_and_its_user
    }
}
