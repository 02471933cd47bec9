//! The promises.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows a test by its attribute, and not the functions that tests share"
)]

mod both_stores_keep_one_contract;
mod every_event_becomes_one_whole_row;
mod settings_choose_one_sink_and_one_store;
mod settings_code_readme_and_example_agree;
mod shared_data;
mod wrong_settings_are_reported_together;
