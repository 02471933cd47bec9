//! Captures what the program logs during one test. The test must run on one thread, as
//! `tokio::test` does by default.

use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use tracing::subscriber::DefaultGuard;

/// Captures log lines until it is dropped.
pub(crate) struct LogCapture {
    text: Text,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Installs a global subscriber that takes every line and writes none. `tracing` caches for each
/// call site whether a subscriber is interested. Without a global one, a line that is first logged
/// outside a capture could stay disabled for the whole process.
pub(crate) fn install_global_subscriber() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let nowhere = tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish();
        tracing::subscriber::set_global_default(nowhere).unwrap();
    });
}

impl LogCapture {
    pub(crate) fn start() -> LogCapture {
        install_global_subscriber();
        let text = Text::default();
        let writer = text.clone();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        LogCapture {
            text,
            _guard: tracing::subscriber::set_default(lines),
        }
    }

    /// The lines that hold `word`, an event's name for example.
    pub(crate) fn lines_with(&self, word: &str) -> Vec<String> {
        let text = String::from_utf8(self.text.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains(word));
        lines.map(str::to_owned).collect()
    }
}
