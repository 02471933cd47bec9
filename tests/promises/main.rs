//! The promises, a file each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows a test by its attribute, and not the functions that tests share"
)]

mod program;
mod town;

mod answers_the_functions_host_by_its_rules;
mod both_stores_keep_one_contract;
mod check_tries_every_setting_for_real;
mod no_secret_is_ever_shown;
mod says_what_a_person_needs;
mod settings_choose_one_sink_and_one_store;
mod settings_code_readme_and_example_agree;
mod ships_every_event_once;
mod wrong_settings_are_reported_together;
