//! Runs commands. A failure names the command that repeats it.

use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use crate::{checkout, terminal};

/// One command of a task, run in the checkout's root, with its output on the terminal.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    name: &'static str,
    program: String,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    missing: &'static str,
}

impl Step {
    /// A call of `program`, announced as `name`.
    pub(crate) fn new(name: &'static str, program: &str, arguments: &[&str]) -> Self {
        Self {
            name,
            program: program.to_owned(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            variables: Vec::new(),
            missing: "install it or add it to PATH",
        }
    }

    /// A call of cargo.
    pub(crate) fn cargo(name: &'static str, arguments: &[&str]) -> Self {
        Self::new(name, "cargo", arguments)
    }

    /// Adds arguments that only the caller knows.
    pub(crate) fn arguments(mut self, more: &[String]) -> Self {
        self.arguments.extend_from_slice(more);
        self
    }

    /// Sets a variable for the command.
    pub(crate) fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// What to do where the program is not there.
    pub(crate) fn or_missing(mut self, advice: &'static str) -> Self {
        self.missing = advice;
        self
    }

    /// Runs the step and says how long it took.
    ///
    /// # Errors
    /// The program is missing or did not end with 0; the error has the command to repeat it.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        terminal::line(&format!("-- {}: {}", self.name, self.shown()));
        let took = self.attempt()?;
        terminal::line(&format!("ok {} ({:.1} s)", self.name, took.as_secs_f64()));
        Ok(())
    }

    fn attempt(&self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let status = self.command().status();
        let status = status.map_err(|problem| self.not_started(&problem))?;
        let took = begun.elapsed();
        if !status.success() {
            bail!(
                "{} failed after {:.1} s; to repeat it alone: {}",
                self.name,
                took.as_secs_f64(),
                self.shown()
            );
        }
        Ok(took)
    }

    /// Runs the step quietly and returns what it wrote to stdout.
    ///
    /// # Errors
    /// As [`Step::run`]; the error has what the program wrote to stderr.
    pub(crate) fn output(&self) -> anyhow::Result<String> {
        let output = self.command().stdin(Stdio::null()).output();
        let output = output.map_err(|problem| self.not_started(&problem))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed: {}", self.shown(), said.trim());
        }
        String::from_utf8(output.stdout)
            .with_context(|| format!("`{}` wrote no text", self.shown()))
    }

    /// Whether the program is there and answers.
    pub(crate) fn works(&self) -> bool {
        let mut command = self.command();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(checkout::root());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn not_started(&self, problem: &std::io::Error) -> anyhow::Error {
        match problem.kind() {
            ErrorKind::NotFound => anyhow!("`{}` is not on PATH; {}", self.program, self.missing),
            _ => anyhow!("`{}` cannot be started: {problem}", self.shown()),
        }
    }

    /// The command as somebody would type it in the checkout's root.
    fn shown(&self) -> String {
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| format!("{name}={}", quoted(value)));
        let words =
            std::iter::once(self.program.as_str()).chain(self.arguments.iter().map(String::as_str));
        variables
            .chain(words.map(quoted))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@{}".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_names_the_command_that_repeats_it() {
        let step = Step::new("shell", "sh", &["-c", "exit 3"]).variable("FLAGS", "-D warnings");
        let error = step.attempt().unwrap_err().to_string();
        assert!(
            error.ends_with("to repeat it alone: FLAGS='-D warnings' sh -c 'exit 3'"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let step = Step::new("x", "no-such-program-anywhere", &[]).or_missing("get one");
        assert!(!step.works());
        let error = step.attempt().unwrap_err().to_string();
        assert_eq!(error, "`no-such-program-anywhere` is not on PATH; get one");
    }
}
