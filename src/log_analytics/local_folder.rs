//! A local workspace: NDJSON files named after the tables, for trying things out.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::post_error::{Outcome, PostError};
use super::sink::{Sink, Table};
use crate::log_analytics::batch::{Batch, BatchLimits};
use okta_rows::ColumnNaming;
use okta_rows::schema::LOG_TYPE;

/// A folder that stands for a workspace.
#[derive(Clone, Debug)]
pub struct LocalWorkspace {
    folder: PathBuf,
}

impl LocalWorkspace {
    /// Tables go to `<folder>/<table>.ndjson`; the folder is made when first needed.
    pub fn new(folder: PathBuf) -> LocalWorkspace {
        LocalWorkspace { folder }
    }

    fn file(&self, table: Table) -> PathBuf {
        self.folder
            .join(format!("{}_CL.ndjson", table.log_type(LOG_TYPE)))
    }
}

#[async_trait]
impl Sink for LocalWorkspace {
    fn place(&self) -> String {
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

    fn spans_pages(&self) -> bool {
        false
    }

    fn rewrites_old_times(&self) -> bool {
        false
    }

    async fn post(&self, table: Table, batch: &Batch) -> Result<(), PostError> {
        let (file, batch) = (self.file(table), batch.clone());
        let written = tokio::task::spawn_blocking(move || {
            append(&file, &batch).map_err(|error| PostError {
                outcome: Outcome::Stop,
                message: format!(
                    "{} cannot be written ({error}); check OUTPUT_DIR",
                    file.display()
                ),
            })
        });
        written.await.unwrap_or_else(|error| {
            Err(PostError {
                outcome: Outcome::Stop,
                message: format!("writing broke off: {error}"),
            })
        })
    }
}

/// Appends one line a row and makes it durable. A line that a killed run left unfinished goes.
fn append(path: &Path, batch: &Batch) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::options()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    // Another org's run may write to the same table; the lock goes with the file's handle.
    file.lock()?;
    let end = end_of_last_line(&mut file)?;
    file.set_len(end)?;
    let mut lines = Vec::with_capacity(batch.body().len());
    for row in batch.rows() {
        lines.extend_from_slice(batch.row_json(row));
        lines.push(b'\n');
    }
    file.write_all(&lines)?;
    file.sync_data()
}

fn end_of_last_line(file: &mut std::fs::File) -> std::io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = vec![0_u8; 64 * 1024];
    while end > 0 {
        let from = end.saturating_sub(block.len() as u64);
        file.seek(SeekFrom::Start(from))?;
        let wanted = usize::try_from(end - from).unwrap_or(block.len());
        let part = block.get_mut(..wanted).unwrap_or_default();
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_gives_way_to_the_next_batch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Okta_CL.ndjson");
        append(&path, &Batch::of_one(b"{\"a\":1}")).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"a\":")
            .unwrap();
        append(&path, &Batch::of_one(b"{\"a\":2}")).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"a\":1}\n{\"a\":2}\n"
        );
    }
}
