//! Everything a person can set, read once, with every problem reported at the same time.
//!
//! The [`catalogue`] lists each setting with its meaning and default. [`Settings::read`] turns an
//! [`Environment`] into types that cannot be wrong: no later module sees a raw text, and nothing
//! else in this program reads the environment. A value that cannot be used never falls back to a
//! default. Blank counts as unset. Secrets are neither shown in a problem nor printed by `{:?}`.

use std::time::Duration;

use chrono::{DateTime, Utc};

pub mod catalogue;
mod credential;
mod environment;
mod identity;
mod number;
mod okta;
mod problems;
mod reading;
mod sink;
mod store;

pub use credential::CredentialSettings;
pub use environment::Environment;
pub use okta::{OktaSettings, Start, StartInFuture};
pub use problems::{Problem, Problems};
pub use sink::SinkSettings;
pub use store::StoreSettings;

use catalogue::RUN_BUDGET_SECONDS;
use number::whole_number;
use reading::Reading;

/// Who starts the program: it decides what may be assumed where nothing is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The Functions host, unattended: no store and no sink is ever assumed.
    Host,
    /// A person in a shell: state is kept in `./state` where nothing else is said.
    Shell,
}

/// Everything a run needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The road to Okta.
    pub okta: OktaSettings,
    /// How long one run may take.
    pub run_budget: Duration,
    /// Where events go.
    pub sink: SinkSettings,
    /// Where the cursor is kept.
    pub store: StoreSettings,
    /// What an operator should hear once at start: settings that are set and not used, or not used
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
        place: Place,
        now: DateTime<Utc>,
    ) -> Result<Settings, Problems> {
        let mut reading = Reading::begin(environment);
        let okta = OktaSettings::read(&mut reading, now);
        let run_budget = reading
            .defaulted(&RUN_BUDGET_SECONDS, |text| whole_number(text, 10..=3600))
            .map(|seconds| Duration::from_secs(u64::from(seconds)));
        let sink = SinkSettings::read(&mut reading, place);
        let store = match &sink {
            Some(SinkSettings::Local { folder }) => {
                Some(StoreSettings::beside_output(&mut reading, place, folder))
            }
            _ => StoreSettings::read(&mut reading, place),
        };
        let warnings = reading.end()?;
        match (okta, run_budget, sink, store) {
            (Some(okta), Some(run_budget), Some(sink), Some(store)) => Ok(Settings {
                okta,
                run_budget,
                sink,
                store,
                warnings,
            }),
            // A part is missing only after a problem was noted, which `end` has returned.
            _ => Err(Problems::new(Vec::new())),
        }
    }
}
