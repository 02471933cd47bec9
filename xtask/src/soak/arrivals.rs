//! What arrived, post by post, and which rows came again.

use sandbox::okta::OktaOrg;
use sandbox::workspace::{Post, RepeatedRow, Workspace, repeated_rows};

/// The program's table.
pub(super) const TABLE: &str = "Okta_CL";

/// Rows of one stored post that an earlier one had brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeat {
    /// The earlier post, by its place among all posts.
    pub(super) first: usize,
    /// The post that brought them again.
    pub(super) again: usize,
    /// How many.
    pub(super) rows: u64,
}

/// Everything that came again, in the order of its arrival. Rows of one post that came with
/// several earlier ones make several repeats.
pub(super) fn repeats(posts: &[Post]) -> Vec<Repeat> {
    let mut repeats: Vec<Repeat> = Vec::new();
    for RepeatedRow { first, again, .. } in repeated_rows(posts) {
        let same = |repeat: &&mut Repeat| (repeat.first, repeat.again) == (first, again);
        match repeats.iter_mut().find(same) {
            Some(repeat) => repeat.rows += 1,
            None => repeats.push(Repeat {
                first,
                again,
                rows: 1,
            }),
        }
    }
    repeats
}

/// Both sides, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    /// Events in the org.
    pub(super) events: u64,
    /// Events of the org that the table does not have.
    pub(super) missing: u64,
    /// Rows that are no event of the org's, or have no id.
    pub(super) foreign: u64,
    /// Rows whose id the table had before.
    pub(super) repeated: u64,
}

impl Arrived {
    /// Takes the counts of another org and its workspace in.
    pub(super) fn add(&mut self, other: Arrived) {
        self.events += other.events;
        self.missing += other.missing;
        self.foreign += other.foreign;
        self.repeated += other.repeated;
    }

    /// Compares the org's log with the table, id by id. An event that stands in the log twice,
    /// byte for byte, counts once.
    pub(super) fn count(org: &OktaOrg, workspace: &Workspace) -> Arrived {
        let table = workspace.table(TABLE);
        let ids: std::collections::HashSet<String> = org.ids().collect();
        let missing = ids.iter().filter(|id| table.times_seen(id) == 0).count() as u64;
        let (events, distinct) = (ids.len() as u64, table.distinct_ids() as u64);
        let more = |times: &u32| u64::from(times.saturating_sub(1));
        Arrived {
            events,
            missing,
            foreign: (distinct + missing).saturating_sub(events) + table.rows_without_id(),
            repeated: table.repeated_ids().values().map(more).sum(),
        }
    }
}

/// An answered post that brought these rows, for tests.
#[cfg(test)]
pub(super) fn post(second: i64, ids: &[&str]) -> Post {
    Post {
        log_type: "Okta".to_owned(),
        bytes: 0,
        plain_bytes: 0,
        rows: ids.len() as u64,
        status: Some(200),
        error: None,
        stored: true,
        at: chrono::DateTime::from_timestamp(second, 0).unwrap_or_default(),
        sha256: None,
        ids: ids
            .iter()
            .map(|id| sandbox::workspace::EventId::from(*id))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_names_the_post_that_was_repeated() {
        let posts = [
            post(1, &["a", "b"]),
            post(2, &["c"]),
            Post {
                stored: false,
                ..post(3, &["b"])
            },
            post(4, &["b", "c", "a", "d"]),
            post(5, &["c"]),
        ];
        let repeat = |first, again, rows| Repeat { first, again, rows };
        let expected = [repeat(0, 3, 2), repeat(1, 3, 1), repeat(3, 4, 1)];
        assert_eq!(repeats(&posts), expected);
    }
}
