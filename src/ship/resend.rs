//! Dead letters, looked through and sent again.
//!
//! Looking needs no lease; sending is a writer's work and takes it, so that no two commands send
//! the same row. A letter goes when the workspace has its row. Where a resend is killed between
//! the two, the next one sends that row again: the same one case as a run's lost answer.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::post::{Posted, Poster, Silence};
use super::report::RunError;
use super::run::LAST_WORK;
use super::shipper::Shipper;
use crate::log_analytics::batch::Batch;
use crate::net::retry::Limits;
use crate::state::dead_letter::DeadLetter;
use crate::state::store::{StateLease, StoreError};
use crate::telemetry::{Log, shown};

/// One dead letter, for people and for `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The document's name under `dead-letters/`.
    pub name: String,
    /// When it was first refused; nothing where the document cannot be read.
    pub refused_at: Option<DateTime<Utc>>,
    /// The table it was meant for.
    pub table: Option<String>,
    /// How many rows it holds; none is a note.
    pub rows: usize,
    /// How often it was posted.
    pub tries: u32,
    /// Why it was refused last, in one line.
    pub reason: String,
}

/// What became of one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The workspace has it; the letter is gone.
    Accepted,
    /// Refused again; the letter says why.
    Refused,
    /// Not sent: a note, or nothing that this workspace would know.
    Kept,
}

impl Fate {
    /// The same word as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Accepted => "accepted",
            Fate::Refused => "refused",
            Fate::Kept => "kept",
        }
    }
}

/// A letter that was looked at for sending, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resent {
    /// What became of it.
    pub result: Fate,
    /// The letter after that; of a kept one the reason says why it was not sent.
    #[serde(flatten)]
    pub letter: Listed,
}

impl Listed {
    fn of(name: &str, document: &[u8]) -> Listed {
        match DeadLetter::read(document) {
            Ok(letter) => Listed::letter(name, &letter),
            Err(problem) => Listed {
                name: name.to_owned(),
                refused_at: None,
                table: None,
                rows: 0,
                tries: 0,
                reason: format!(
                    "this document cannot be read ({problem}); look at it and delete it by hand"
                ),
            },
        }
    }

    fn letter(name: &str, letter: &DeadLetter) -> Listed {
        Listed {
            name: name.to_owned(),
            refused_at: Some(letter.refused_at),
            table: Some(shown::line(&letter.table)),
            rows: letter.rows().len(),
            tries: letter.tries,
            reason: shown::line(&letter.reason),
        }
    }

    fn with(self, result: Fate) -> Resent {
        Resent {
            result,
            letter: self,
        }
    }
}

impl Shipper {
    /// Every dead letter of this org, the oldest first.
    ///
    /// # Errors
    /// What the store answered.
    pub async fn dead_letters(&self) -> Result<Vec<Listed>, StoreError> {
        let mut all = Vec::new();
        for name in self.store.dead_letters().await? {
            // Another command may have sent it by now.
            if let Some(document) = self.store.dead_letter(&name).await? {
                all.push(Listed::of(&name, &document));
            }
        }
        all.sort_by(|a, b| (a.refused_at, &a.name).cmp(&(b.refused_at, &b.name)));
        Ok(all)
    }

    /// Sends every dead letter again that holds a row, and tells of each at once.
    ///
    /// # Errors
    /// [`StoreError::Held`] while a run is under way. A post that fails for another reason than
    /// its row ends the work: the letters that are left stay as they are.
    pub async fn resend(
        &self,
        limits: &Limits,
        log: &Log,
        tell: impl FnMut(Resent),
    ) -> Result<(), RunError> {
        tokio::select! {
            biased;
            sent = Box::pin(self.resend_all(limits, log, tell)) => sent,
            () = limits.over(LAST_WORK) => Err(self.store_hangs().into()),
        }
    }

    async fn resend_all(
        &self,
        limits: &Limits,
        log: &Log,
        mut tell: impl FnMut(Resent),
    ) -> Result<(), RunError> {
        let mut lease = self.store.open().await?;
        let sent = async {
            for Listed { name, .. } in self.dead_letters().await? {
                if limits.stop.is_cancelled() {
                    return Err(RunError::Stopped);
                }
                if let Some(document) = self.store.dead_letter(&name).await? {
                    let lease = lease.as_mut();
                    tell(
                        self.resend_one(&name, &document, lease, limits, log)
                            .await?,
                    );
                }
            }
            Ok(())
        }
        .await;
        if let Err(error) = lease.release().await {
            log.lease_not_released(&error);
        }
        sent
    }

    async fn resend_one(
        &self,
        name: &str,
        document: &[u8],
        lease: &mut dyn StateLease,
        limits: &Limits,
        log: &Log,
    ) -> Result<Resent, RunError> {
        let Ok(letter) = DeadLetter::read(document) else {
            return Ok(Listed::of(name, document).with(Fate::Kept));
        };
        let listed = Listed::letter(name, &letter);
        if let Some(reason) = letter.unfit_for(self.sink.column_naming()) {
            return Ok(Listed { reason, ..listed }.with(Fate::Kept));
        }
        // What cannot be written could not be removed either, and would be sent again and again.
        lease.keep_dead_letter(name, document.to_vec()).await?;
        let (rows, mut left, mut last_words) = (letter.rows(), Vec::new(), letter.reason.clone());
        let poster = Poster::new(self.sink.as_ref(), limits, log);
        let mut failed = None;
        for (at, row) in rows.iter().enumerate() {
            let batch = Batch::of_one(row.get().as_bytes());
            match poster.one(lease, &batch, Silence::NotYet).await {
                Ok(Posted::Accepted) => {}
                Ok(Posted::Refused(error)) => {
                    last_words = error.message;
                    left.push(*row);
                }
                Err(error) => {
                    left.extend(rows.iter().skip(at));
                    failed = Some(error);
                    break;
                }
            }
        }
        if left.is_empty() {
            lease.remove_dead_letter(name).await?;
            return Ok(listed.with(Fate::Accepted));
        }
        let again = letter.refused_again(&left, &last_words);
        match failed {
            Some(error) if left.len() == rows.len() => return Err(error),
            failed => {
                lease.keep_dead_letter(name, again.to_bytes()).await?;
                failed.map_or(Ok(()), Err)?;
            }
        }
        Ok(Listed::letter(name, &again).with(Fate::Refused))
    }
}
