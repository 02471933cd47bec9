//! Where settings come from: the process, or pairs that a test gives.

use std::collections::BTreeMap;
use std::fmt;

/// Every variable that is set to more than blanks, its value trimmed.
///
/// A blank value counts as unset: the portal and deployment templates write empty strings where a
/// person left a field out.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process; under the Functions host these are the app settings.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn process() -> Environment {
        // Not `vars()`: it panics on a variable that is not Unicode, be it one that is never read.
        let pairs = std::env::vars_os();
        Environment::from_pairs(
            pairs.map(|(name, value)| (lossy(name.as_os_str()), lossy(value.as_os_str()))),
        )
    }

    /// These variables and no others.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Environment
    where
        N: Into<String>,
        V: AsRef<str>,
    {
        let trimmed = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.as_ref().trim().to_owned()));
        Environment(trimmed.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The value of `name`. For what a person sets, use [`crate::settings::Settings`]; this serves what the
    /// platform sets by itself, such as the port of the Functions host.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Without values: some are secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}
