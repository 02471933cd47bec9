//! A local workspace for trying things out: files of JSON lines, named after the tables.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use okta_rows::ColumnNaming;
use tokio::sync::Semaphore;

use super::batch::{Batch, BatchLimits};
use super::post_error::{Outcome, PostError};
use super::prepared::Prepared;
use super::sink::Sink;
use super::tables::Table;
use crate::net::private_files;

/// A folder in a workspace's place.
#[derive(Clone, Debug)]
pub(crate) struct LocalWorkspace {
    folder: PathBuf,
    /// A write that hangs keeps a thread; a few threads hold up nothing else.
    turns: Arc<Semaphore>,
}

/// One write, and its wait for the lock of another program.
const LIMIT: Duration = Duration::from_secs(30);

const WRITES_AT_ONCE: usize = 4;

impl LocalWorkspace {
    /// Rows go to `<folder>/<table>.ndjson`; the first post makes the folder.
    pub(crate) fn new(folder: PathBuf) -> LocalWorkspace {
        let turns = Arc::new(Semaphore::new(WRITES_AT_ONCE));
        LocalWorkspace { folder, turns }
    }
}

#[async_trait]
impl Sink for LocalWorkspace {
    fn destination(&self) -> String {
        format!("folder {}", self.folder.display())
    }

    fn column_naming(&self) -> ColumnNaming {
        ColumnNaming::Full
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            bytes: 20_000_000,
            rows: 20_000,
        }
    }

    fn rewrites_old_times(&self) -> bool {
        false
    }

    /// A line a row instead of an array.
    fn prepare(&self, batch: &Batch) -> Prepared {
        let mut lines = Vec::with_capacity(batch.body().len());
        for row in batch.rows() {
            lines.extend_from_slice(batch.row_json(row));
            lines.push(b'\n');
        }
        Prepared {
            body: lines.into(),
            plain_len: batch.body().len(),
            answer_within: None,
        }
    }

    async fn post(&self, table: &'static Table, body: &Prepared) -> Result<(), PostError> {
        let file = self.folder.join(format!("{}.ndjson", table.name));
        let lines = body.body.clone();
        let name = file.display().to_string();
        let written = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let append = move || {
                let _turn = turn;
                append(&file, &lines)
            };
            tokio::task::spawn_blocking(append).await
        };
        let message = match tokio::time::timeout(LIMIT, written).await {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(error))) => format!("{name} cannot be written ({error}); check OUTPUT_DIR"),
            Ok(Err(error)) => format!("writing broke off: {error}"),
            Err(_) => format!(
                "{name} was not written within {} s; does another program hold its lock, or is the \
                 disk of OUTPUT_DIR gone?",
                LIMIT.as_secs()
            ),
        };
        let outcome = Outcome::Stop;
        Err(PostError { outcome, message })
    }
}

/// Appends whole lines and makes them durable. The start of a line that a killed run left behind
/// is cut off first.
fn append(path: &Path, lines: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        private_files::create_folder(folder)?;
    }
    let mut options = std::fs::File::options();
    let mut file = private_files::open(options.read(true).append(true).create(true), path)?;
    // Another org's run may write to the same table. Closing the file releases the lock.
    file.lock()?;
    let end = end_of_last_line(&mut file)?;
    file.set_len(end)?;
    let written = file.write_all(lines).and_then(|()| file.sync_data());
    if written.is_err() {
        // A full disk may have taken some of the lines, which are all to come again.
        file.set_len(end)?;
    }
    written
}

fn end_of_last_line(file: &mut std::fs::File) -> std::io::Result<u64> {
    const BLOCK: u64 = 64 * 1024;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_analytics::tables;

    #[tokio::test]
    async fn an_unfinished_line_gives_way_to_the_next_batch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Okta_CL.ndjson");
        let workspace = LocalWorkspace::new(folder.path().to_owned());
        for (row, left_behind) in [("{\"a\":1}", "{\"a\":"), ("{\"a\":2}", "")] {
            let body = workspace.prepare(&Batch::of_one(row.as_bytes()));
            workspace.post(&tables::OKTA, &body).await.unwrap();
            let mut file = std::fs::File::options().append(true).open(&path).unwrap();
            file.write_all(left_behind.as_bytes()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, "{\"a\":1}\n{\"a\":2}\n");
    }

    #[test]
    fn the_last_line_is_found_however_long_what_follows_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Okta_CL.ndjson");
        let unfinished = "x".repeat(200_000);
        std::fs::write(&path, format!("{{}}\n{unfinished}")).unwrap();
        append(&path, b"[]\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n[]\n");
        std::fs::write(&path, unfinished).unwrap();
        append(&path, b"[]\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[]\n");
    }
}
