//! Everything a person can set, read once, with every problem reported at the same time.
//!
//! The [`catalogue`] lists each setting with its meaning and default. [`Settings::read`] turns an
//! [`Environment`] into types that cannot be wrong: no later module sees a raw text, and nothing
//! else in this program reads the environment. A value that cannot be used never falls back to a
//! default. Blank counts as unset. Secrets are neither shown in a problem nor printed by `{:?}`.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::telemetry::Log;

pub mod catalogue;
mod credential;
mod environment;
mod identity;
mod launched_by;
mod number;
mod okta;
mod problems;
mod reader;
mod secret_parts;
mod sink;
mod store;

pub use credential::CredentialSettings;
pub use environment::Environment;
pub use launched_by::LaunchedBy;
pub use okta::{OktaSettings, Start};
pub use problems::{Problem, Problems};
pub use sink::SinkSettings;
pub use store::StoreSettings;

use catalogue::RUN_BUDGET_SECONDS;
use number::whole_number;
use reader::SettingsReader;

/// Everything a run needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which log to read and how.
    pub okta: OktaSettings,
    /// How long one run may take.
    pub run_budget: Duration,
    /// Where events go.
    pub sink: SinkSettings,
    /// Where the cursor is kept.
    pub store: StoreSettings,
    /// What an operator should read once at start: settings that are set and not used, or not used
    /// as written.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads and checks everything; `now` bounds where a first run may start.
    ///
    /// # Errors
    /// Every problem there is, in the catalogue's order.
    pub fn read(
        environment: &Environment,
        launched_by: LaunchedBy,
        now: DateTime<Utc>,
    ) -> Result<Settings, Problems> {
        let mut reader = SettingsReader::begin(environment);
        let okta = OktaSettings::read(&mut reader, now);
        let run_budget = reader
            .defaulted(&RUN_BUDGET_SECONDS, |text| whole_number(text, 10..=3600))
            .map(|seconds| Duration::from_secs(u64::from(seconds)));
        let sink = SinkSettings::read(&mut reader, launched_by);
        let store = match &sink {
            Some(SinkSettings::Local { folder }) => Some(StoreSettings::beside_output(
                &mut reader,
                launched_by,
                folder,
            )),
            _ => StoreSettings::read(&mut reader, launched_by),
        };
        let warnings = reader.end()?;
        match (okta, run_budget, sink, store) {
            (Some(okta), Some(run_budget), Some(sink), Some(store)) => Ok(Settings {
                okta,
                run_budget,
                sink,
                store,
                warnings,
            }),
            _ => unreachable!("a part is missing only after a problem, which `end` has returned"),
        }
    }

    /// Where the cursor is kept, for a command that needs no other part. What an operator should
    /// read is on the log.
    ///
    /// # Errors
    /// What is wrong with the settings of the store.
    pub(crate) fn read_store_and_log(
        environment: &Environment,
        log: &Log,
    ) -> Result<StoreSettings, Problems> {
        let launched_by = LaunchedBy::Shell;
        let mut reader = SettingsReader::begin(environment);
        let store = match SinkSettings::local_folder(&reader) {
            Some(folder) => Some(StoreSettings::beside_output(
                &mut reader,
                launched_by,
                &folder,
            )),
            None => StoreSettings::read(&mut reader, launched_by),
        };
        let warnings = reader
            .end()
            .inspect_err(|problems| log_problems(problems, log))?;
        warnings.iter().for_each(|it| log.settings_warning(it));
        let Some(store) = store else {
            unreachable!("a part is missing only after a problem, which `end` has returned")
        };
        Ok(store)
    }

    /// The same as [`Settings::read`], with every problem or warning on the log.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub(crate) fn read_and_log(
        environment: &Environment,
        launched_by: LaunchedBy,
        log: &Log,
    ) -> Result<Settings, Problems> {
        let settings = Settings::read(environment, launched_by, Utc::now());
        match &settings {
            Ok(settings) => settings
                .warnings
                .iter()
                .for_each(|it| log.settings_warning(it)),
            Err(problems) => log_problems(problems, log),
        }
        settings
    }
}

fn log_problems(problems: &Problems, log: &Log) {
    let problems = problems.iter();
    problems.for_each(|it| log.wrong_setting(it.setting(), it));
}
