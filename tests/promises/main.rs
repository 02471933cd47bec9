//! The promises, a file each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "clippy knows a test by its attribute, and not the functions that tests share"
)]

mod support;

mod a_bad_event_costs_no_other;
mod a_first_connection_asks_little;
mod a_post_without_answer_is_not_repeated_eagerly;
mod a_refusal_costs_no_row;
mod a_refused_cursor_loses_nothing;
mod a_run_ends_in_its_time;
mod a_run_that_cannot_save_posts_nothing;
mod a_wrong_row_refuses_only_itself;
mod an_org_goes_on_under_its_new_host;
mod answers_the_functions_host_by_its_rules;
mod any_page_takes_little_memory;
mod arrives_by_logs_ingestion_too;
mod both_apis_fill_the_same_columns;
mod both_stores_keep_one_contract;
mod check_tries_every_setting_for_real;
mod dead_letters_can_be_sent_again;
mod deploys_in_one_click;
mod detections;
mod each_okta_error_has_its_own_words;
mod every_event_becomes_one_whole_row;
mod every_run_leaves_a_health_row;
mod files_are_their_owners_alone;
mod imports_run_down_only;
mod links_lead_on_or_end_the_run;
mod new_events_do_not_wait_for_the_backlog;
mod no_secret_is_ever_shown;
mod nothing_is_lost_under_any_answer;
mod okta_keeps_its_share_of_the_rate;
mod one_writer_at_a_time;
mod only_the_apis_own_answer_is_acceptance;
mod pages_of_every_size_are_read;
mod peers_words_are_shown_clean;
mod posts_run_side_by_side;
mod resumes_after_a_kill;
mod says_what_a_person_needs;
mod settings_choose_one_sink_and_one_store;
mod settings_code_readme_and_example_agree;
mod ships_every_event_once;
mod signs_in_as_a_service_app;
mod the_docs_queries_resolve;
mod the_package_is_what_azure_runs;
mod the_port_is_answered_under_attack;
mod the_schema_is_written_once;
mod the_token_goes_to_the_org_alone;
mod wrong_settings_are_reported_together;
