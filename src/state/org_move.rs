//! The same org under a new host: its state goes from the place of the old host to that of the new.
//!
//! The order makes it safe to stop anywhere. Everything is copied, the cursor last. Then a mark takes
//! the place of the old cursor. Then the old copies are removed. Until the mark the old place is
//! whole, from the mark on the new one is. Started again, a move goes on where it stopped.
//!
//! The mark stays. Without it, a program that still runs under the old host would start there as a
//! first run does, and ship everything again.

use chrono::{DateTime, Utc};

use self::copy::{copy, remove_copies};
use super::checkpoint::{Checkpoint, Place};
use super::store::{OrgState, StateLease, StateStore, StoreError};
use crate::okta::api::domain::OktaDomain;

mod copy;

/// Two hosts of one org, and where the state of each is: in the same folder or storage account.
#[derive(Clone, Copy)]
pub struct OrgMove<'a> {
    /// The host under which the org was known.
    pub old: &'a OktaDomain,
    /// The host under which it is known now.
    pub new: &'a OktaDomain,
    /// The old host's state.
    pub from: &'a dyn StateStore,
    /// The new host's state.
    pub to: &'a dyn StateStore,
}

/// Why the state cannot be moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// One of the two places cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A run is under way.
    #[error(
        "a run holds the lease on {place}: stop the function app or the run that uses it, wait up to 30 seconds, and try again"
    )]
    Held {
        /// Which document.
        place: String,
    },
    /// Nothing to move.
    #[error(
        "no state of {old} is in {place}{others}; is OLD written as OKTA_DOMAIN was, and do STATE_DIR or AzureWebJobsStorage name the place that the runs use?"
    )]
    NoState {
        /// The old host.
        old: String,
        /// Where it would be.
        place: String,
        /// Whose state is there instead, a phrase.
        others: String,
    },
    /// It was moved already, to a third host.
    #[error("the state of {old} was moved to {to}; run `okta-sentinel state move {to} {new}`")]
    MovedElsewhere {
        /// The old host.
        old: String,
        /// Where its state is.
        to: String,
        /// Where it was to go.
        new: String,
    },
    /// The old host's cursor is not of its org.
    #[error(
        "the saved cursor of {old} leads to {host}, which is neither OLD nor NEW; put cursor.json right"
    )]
    OtherOrg {
        /// The old host.
        old: String,
        /// Where the cursor leads.
        host: String,
    },
}

impl MoveError {
    fn of(error: StoreError) -> MoveError {
        match error {
            StoreError::Held { place } => MoveError::Held { place },
            error => MoveError::Store(error),
        }
    }
}

/// A move with the leases of both places.
pub struct Prepared<'a> {
    move_: OrgMove<'a>,
    work: Work,
    /// What the new host's state is now, where it would be replaced: a phrase.
    pub replaces: Option<String>,
}

enum Work {
    Copy {
        old: Box<dyn StateLease>,
        new: Box<dyn StateLease>,
        checkpoint: Checkpoint,
    },
    /// The old place has its mark: what is left there is to be removed.
    Remove { old: Box<dyn StateLease> },
    /// Somebody copied the old place to the new one, and the old one is gone.
    Rewrite {
        new: Box<dyn StateLease>,
        checkpoint: Checkpoint,
    },
}

/// What was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The newest event before the cursor, if there was one.
    pub newest: Option<DateTime<Utc>>,
    /// Dead letters that went along.
    pub dead_letters: usize,
    /// An earlier move had done everything but the removal of the old copies.
    pub was_done: bool,
}

impl<'a> OrgMove<'a> {
    /// Takes the leases of both places and sees what is there. Replaces nothing.
    ///
    /// # Errors
    /// [`MoveError`]; nothing was moved.
    pub async fn prepare(self) -> Result<Prepared<'a>, MoveError> {
        let orgs = self.to.orgs().await?;
        let saved = |domain: &OktaDomain| orgs.iter().find(|org| org.key == domain.key());
        let new_has_state = saved(self.new).is_some_and(|org| org.moved_to.is_none());
        match saved(self.old).map(|org| org.moved_to.as_ref()) {
            None if new_has_state => self.prepare_rewrite(&orgs).await,
            None => Err(self.no_state(&orgs)),
            Some(Some(to)) if *to == self.new.key() => {
                let old = self.from.open_afresh().await.map_err(MoveError::of)?;
                Ok(self.prepared(Work::Remove { old }, None))
            }
            Some(Some(to)) => Err(MoveError::MovedElsewhere {
                old: self.old.as_written(),
                to: to.clone(),
                new: self.new.as_written(),
            }),
            Some(None) => self.prepare_copy(new_has_state, &orgs).await,
        }
    }

    fn prepared(self, work: Work, replaces: Option<String>) -> Prepared<'a> {
        Prepared {
            move_: self,
            work,
            replaces,
        }
    }

    async fn prepare_copy(
        self,
        new_has_state: bool,
        orgs: &[OrgState],
    ) -> Result<Prepared<'a>, MoveError> {
        let old = self.from.open().await.map_err(MoveError::of)?;
        let checkpoint = match old.saved() {
            Some(saved) => self.under_new_host(saved),
            None => Err(self.no_state(orgs)),
        };
        let opened = match checkpoint {
            Ok(checkpoint) => self.open_new(new_has_state, &checkpoint).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok((new, checkpoint, replaces)) => {
                let work = Work::Copy {
                    old,
                    new,
                    checkpoint,
                };
                Ok(self.prepared(work, replaces))
            }
            Err(error) => {
                // The first error matters more, and the lease runs out by itself.
                let _ = old.release().await;
                Err(error)
            }
        }
    }

    /// The new host's place, the checkpoint to save there, and what that would replace.
    async fn open_new(
        self,
        new_has_state: bool,
        checkpoint: &Checkpoint,
    ) -> Result<(Box<dyn StateLease>, Checkpoint, Option<String>), MoveError> {
        let opened = match new_has_state {
            true => self.to.open().await,
            // The mark of an earlier move may be there: this one takes the state back.
            false => self.to.open_afresh().await,
        };
        let mut checkpoint = checkpoint.clone();
        match opened {
            Ok(lease) => {
                let other = lease.saved().filter(|saved| {
                    // An earlier move stopped after it saved this very place.
                    saved.place != checkpoint.place || saved.filter != checkpoint.filter
                });
                let replaces = other.map(describe);
                if replaces.is_some() {
                    leave_out_recent_ids(&mut checkpoint.place);
                }
                Ok((lease, checkpoint, replaces))
            }
            Err(StoreError::Unreadable { problem, .. }) => {
                let lease = self.to.open_afresh().await.map_err(MoveError::of)?;
                let replaces = format!("a cursor that this version cannot read ({problem})");
                Ok((lease, checkpoint, Some(replaces)))
            }
            Err(error) => Err(MoveError::of(error)),
        }
    }

    async fn prepare_rewrite(self, orgs: &[OrgState]) -> Result<Prepared<'a>, MoveError> {
        let new = self.to.open().await.map_err(MoveError::of)?;
        let copied = new.saved().filter(|saved| {
            let cursor = &saved.place.main.cursor;
            OktaDomain::of(cursor.url()).is_some_and(|host| host.key() == self.old.key())
        });
        let checkpoint = match copied {
            Some(saved) => self.under_new_host(saved),
            None => Err(self.no_state(orgs)),
        };
        match checkpoint {
            Ok(checkpoint) => Ok(self.prepared(Work::Rewrite { new, checkpoint }, None)),
            Err(error) => {
                let _ = new.release().await;
                Err(error)
            }
        }
    }

    fn under_new_host(self, saved: &Checkpoint) -> Result<Checkpoint, MoveError> {
        let mut checkpoint = saved.clone();
        let Place { main, backfill } = &mut checkpoint.place;
        let lanes = [
            Some(main),
            backfill.as_mut().map(|backfill| &mut backfill.lane),
        ];
        for lane in lanes.into_iter().flatten() {
            let host = OktaDomain::of(lane.cursor.url());
            let key = host.as_ref().map(OktaDomain::key).unwrap_or_default();
            if key != self.old.key() && key != self.new.key() {
                return Err(MoveError::OtherOrg {
                    old: self.old.as_written(),
                    host: host.map_or("no host of an org".to_owned(), |host| host.as_written()),
                });
            }
            lane.cursor = lane.cursor.under(self.new);
        }
        Ok(checkpoint)
    }

    fn no_state(self, orgs: &[OrgState]) -> MoveError {
        let others: Vec<&str> = orgs.iter().map(|org| org.key.as_str()).take(5).collect();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!(" (there is state of {})", others.join(", ")),
        };
        MoveError::NoState {
            old: self.old.as_written(),
            place: self.from.place(),
            others,
        }
    }
}

impl Prepared<'_> {
    /// Moves, and gives both leases back.
    ///
    /// # Errors
    /// What a store answered. Nothing is lost; the same move goes on from there.
    pub async fn go(self) -> Result<Moved, StoreError> {
        let from = self.move_.from;
        match self.work {
            Work::Copy {
                mut old,
                mut new,
                checkpoint,
            } => {
                let newest = newest(&checkpoint.place);
                let dead_letters =
                    copy(from, self.move_.new, old.as_ref(), new.as_mut(), checkpoint).await?;
                old.mark_moved(&self.move_.new.key()).await?;
                remove_copies(from, old).await?;
                new.release().await?;
                Ok(Moved {
                    newest,
                    dead_letters,
                    was_done: false,
                })
            }
            Work::Remove { old } => {
                remove_copies(from, old).await?;
                Ok(Moved {
                    newest: None,
                    dead_letters: 0,
                    was_done: true,
                })
            }
            Work::Rewrite {
                mut new,
                checkpoint,
            } => {
                let newest = newest(&checkpoint.place);
                new.save(checkpoint).await?;
                new.release().await?;
                let dead_letters = self.move_.to.dead_letters().await?.len();
                Ok(Moved {
                    newest,
                    dead_letters,
                    was_done: false,
                })
            }
        }
    }

    /// Gives the leases back, with everything as it was.
    ///
    /// # Errors
    /// What a store answered; the leases then run out by themselves.
    pub async fn give_up(self) -> Result<(), StoreError> {
        match self.work {
            Work::Copy { old, new, .. } => {
                new.release().await?;
                old.release().await
            }
            Work::Remove { old: lease } | Work::Rewrite { new: lease, .. } => lease.release().await,
        }
    }
}

/// The new host's runs have shipped events that the old cursor leads to again.
fn leave_out_recent_ids(place: &mut Place) {
    place.main.rereading = true;
    if let Some(backfill) = &mut place.backfill {
        backfill.lane.rereading = true;
    }
}

fn newest(place: &Place) -> Option<DateTime<Utc>> {
    let backlog = place.backfill.as_ref();
    let backlog = backlog.and_then(|backfill| backfill.lane.newest_published);
    place.main.newest_published.or(backlog)
}

fn describe(saved: &Checkpoint) -> String {
    let saved_at = saved.saved_at.format("%Y-%m-%d %H:%M:%S UTC");
    match newest(&saved.place) {
        Some(newest) => format!(
            "a cursor saved at {saved_at}, whose newest event is of {}",
            newest.format("%Y-%m-%d %H:%M:%S UTC")
        ),
        None => format!("a cursor saved at {saved_at}, with no event so far"),
    }
}
