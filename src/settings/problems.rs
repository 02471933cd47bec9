//! What is wrong with the settings, all of it at once.

use std::fmt::Display;

/// One setting that cannot be used: its name, what is wrong, and the remedy, on one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {fault}")]
pub struct Problem {
    setting: &'static str,
    fault: String,
}

impl Problem {
    /// `fault` says what is wrong and what to do, on one line, and shows no secret.
    pub(super) fn new(setting: &'static str, fault: impl Display) -> Problem {
        Problem {
            setting,
            fault: fault.to_string(),
        }
    }

    /// As it is spelled in the environment.
    pub(crate) fn setting(&self) -> &'static str {
        self.setting
    }
}

/// Every problem of one reader, one line each, in the order of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn new(problems: Vec<Problem>) -> Problems {
        Problems(problems)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
