//! Runs a pinned part over lines of JSON: all questions in one process, an answer for each.

use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A file of the checkout.
pub(crate) fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The Python that `cargo xtask setup` made, with its parts.
#[track_caller]
pub(crate) fn python() -> Command {
    Command::new(installed("tests/parts/.venv/bin/python"))
}

/// Node, once the parts that it runs are there.
#[track_caller]
pub(crate) fn node() -> Command {
    installed("tests/parts/node_modules/@kusto/language-service-next");
    Command::new("node")
}

#[track_caller]
fn installed(path: &str) -> PathBuf {
    let path = checkout(path);
    assert!(
        path.exists(),
        "{} is missing: run cargo xtask setup",
        path.display()
    );
    path
}

/// The answer to each question.
#[track_caller]
pub(crate) fn ask<Q: Serialize, A: DeserializeOwned>(
    command: &mut Command,
    questions: &[Q],
) -> Vec<A> {
    // A file, not a pipe: a program that answers before it has read all would wait for us.
    let mut input = tempfile::tempfile().expect("a temporary file");
    for question in questions {
        let line = serde_json::to_string(question).expect("a question is JSON");
        writeln!(input, "{line}").expect("a temporary file takes lines");
    }
    input.rewind().expect("a file rewinds");
    let output = command.stdin(Stdio::from(input)).output();
    let output =
        output.unwrap_or_else(|problem| panic!("{command:?} cannot be started: {problem}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
    let answers = String::from_utf8(output.stdout).expect("answers are UTF-8");
    let answers: Vec<A> = answers
        .lines()
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|problem| panic!("{problem}: {line}"))
        })
        .collect();
    assert_eq!(
        answers.len(),
        questions.len(),
        "an answer for each question"
    );
    answers
}
