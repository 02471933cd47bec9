//! Okta's side and the workspace's, compared event by event.

use anyhow::bail;
use sandbox::okta::OktaOrg;
use sandbox::workspace::{Post, Table};

use crate::terminal::grouped;

/// What is where.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Comparison {
    /// Events in the org.
    pub(super) events: u64,
    /// Rows in the table.
    pub(super) rows: u64,
    /// Different ids in the table.
    pub(super) distinct: u64,
    /// Events of the org that the table does not have.
    pub(super) missing: u64,
    /// Rows whose id the table had before.
    pub(super) repeated: u64,
    /// Rows of the largest batch: what one kill may repeat.
    pub(super) largest_batch: u64,
}

impl Comparison {
    pub(super) fn of(org: &OktaOrg, table: &Table, posts: &[Post]) -> Self {
        let more = |times: &u32| u64::from(times.saturating_sub(1));
        Self {
            events: org.total_events(),
            rows: table.rows(),
            distinct: table.distinct_ids() as u64,
            missing: org.ids().filter(|id| table.times_seen(id) == 0).count() as u64,
            repeated: table.repeated_ids().values().map(more).sum(),
            largest_batch: posts.iter().map(|post| post.rows).max().unwrap_or(0),
        }
    }

    /// Whether the promise was kept, by a program that was killed once.
    ///
    /// # Errors
    /// Something is missing, is not Okta's, or is repeated beyond the one batch that a kill may
    /// repeat.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        let foreign = (self.distinct + self.missing).saturating_sub(self.events);
        let nameless = self.rows.saturating_sub(self.distinct + self.repeated);
        if self.missing + foreign + nameless == 0 && self.repeated <= self.largest_batch {
            return Ok(());
        }
        bail!(
            "the promise was not kept: {} events missing, {} rows repeated (a kill may repeat {}), \
             {} rows that Okta never had, {} without an id",
            grouped(self.missing),
            grouped(self.repeated),
            grouped(self.largest_batch),
            grouped(foreign),
            grouped(nameless),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Comparison = Comparison {
        events: 20,
        rows: 20,
        distinct: 20,
        missing: 0,
        repeated: 0,
        largest_batch: 5,
    };

    #[test]
    fn one_repeated_batch_is_within_the_promise() {
        assert!(WHOLE.verdict().is_ok());
        assert!(
            Comparison {
                rows: 25,
                repeated: 5,
                ..WHOLE
            }
            .verdict()
            .is_ok()
        );
    }

    #[test]
    fn anything_else_is_not() {
        for broken in [
            Comparison {
                rows: 19,
                distinct: 19,
                missing: 1,
                ..WHOLE
            },
            Comparison {
                rows: 26,
                repeated: 6,
                ..WHOLE
            },
            Comparison {
                rows: 21,
                distinct: 21,
                ..WHOLE
            },
            Comparison { rows: 21, ..WHOLE },
            Comparison {
                rows: 20,
                distinct: 20,
                missing: 1,
                ..WHOLE
            },
        ] {
            assert!(broken.verdict().is_err(), "{broken:?}");
        }
    }
}
