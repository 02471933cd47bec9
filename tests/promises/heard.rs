//! What the program logs, heard by one test. The test must run on one thread, as `tokio::test`
//! does by default.

use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use tracing::subscriber::DefaultGuard;

/// Listens until it is dropped.
pub(crate) struct Heard {
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

/// Gives the process a listener that hears everything and keeps nothing. Without one, a line that
/// is first logged where nobody listens may count as of no interest to anybody, for good.
pub(crate) fn prick_up_ears() {
    static EARS: Once = Once::new();
    EARS.call_once(|| {
        let nowhere = tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish();
        tracing::subscriber::set_global_default(nowhere).unwrap();
    });
}

impl Heard {
    pub(crate) fn listen() -> Heard {
        prick_up_ears();
        let text = Text::default();
        let writer = text.clone();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Heard {
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
