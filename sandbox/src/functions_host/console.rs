//! The log as the host keeps it: every line with a level.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::watch;

/// Severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Lines of stdout, and `Logs` of an answer.
    Information,
    /// Lines of stderr that contain "warn".
    Warning,
    /// Every other line of stderr.
    Error,
}

/// Where a line came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Category {
    /// `Host.Function.Console`: the handler's stdout and stderr.
    Console,
    /// A console line with a prefix that the host keeps for language workers; users never see it.
    Worker,
    /// `Function.<name>.User`: the `Logs` of an answer.
    Function(String),
    /// The host itself.
    Host,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its severity, by the host's rules.
    pub level: Level,
    /// Where it came from.
    pub category: Category,
    /// The text without its line end.
    pub text: String,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug, Default)]
pub(super) struct Console {
    lines: Mutex<Vec<Line>>,
    changes: watch::Sender<()>,
}

impl Console {
    pub(super) fn write(&self, level: Level, category: Category, text: String) {
        self.locked().push(Line {
            level,
            category,
            text,
        });
        self.changes.send_replace(());
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.locked().clone()
    }

    pub(super) async fn wait_for(&self, wanted: impl Fn(&Line) -> bool) -> Line {
        let mut changes = self.changes.subscribe();
        let mut seen = 0;
        loop {
            let found = {
                let lines = self.locked();
                let found = lines.iter().skip(seen).find(|line| wanted(line)).cloned();
                seen = lines.len();
                found
            };
            if let Some(line) = found {
                return line;
            }
            // Cannot fail: the sender lives in `self`.
            changes.changed().await.ok();
        }
    }

    /// Writes down a stream of the handler, line by line, until it ends.
    pub(super) async fn follow(&self, stream: Stream, source: impl AsyncRead + Unpin) {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while source
            .read_until(b'\n', &mut line)
            .await
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line)
                .trim_end_matches(['\r', '\n'])
                .to_owned();
            self.write(level(stream, &text), category(&text), text);
            line.clear();
        }
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn level(stream: Stream, text: &str) -> Level {
    match stream {
        Stream::Stdout => Level::Information,
        Stream::Stderr if text.to_ascii_lowercase().contains("warn") => Level::Warning,
        Stream::Stderr => Level::Error,
    }
}

fn category(text: &str) -> Category {
    if text.starts_with("LanguageWorkerConsoleLog") || text.starts_with("azfuncjsonlog:") {
        Category::Worker
    } else {
        Category::Console
    }
}
