//! The promises.

mod settings_choose_one_sink_and_one_store;
mod settings_code_readme_and_example_agree;
mod wrong_settings_are_reported_together;
