//! The ids of what was shipped lately, for the one case in which a page must be read again
//! without its cursor: Okta refused the cursor and the run falls back to a time.
//!
//! Ids are kept in the order of acceptance, in groups of one minute of the writer's clock, which
//! never goes back here. Bytes: the magic, then groups of minute (i64), count (u32), ids (16 each),
//! all little-endian.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use okta_rows::EventId;

/// How long ids are kept: four times as long as a refused cursor falls back.
const KEPT_MINUTES: i64 = 60;

/// Most ids kept: 4.8 MB, an hour at 5,000 events a minute.
const MOST_IDS: usize = 300_000;

const MAGIC: &[u8; 8] = b"okta-id1";

/// Ids of accepted events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentIds {
    groups: VecDeque<Group>,
    count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    minute: i64,
    ids: Vec<EventId>,
}

/// The document is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recent-ids is damaged; repeats can be recognised again after the next full run")]
pub struct Damaged;

impl RecentIds {
    /// Remembers ids that were accepted `now`.
    pub fn extend(&mut self, ids: impl IntoIterator<Item = EventId>, now: DateTime<Utc>) {
        let newest = self.groups.back().map_or(i64::MIN, |group| group.minute);
        let minute = now.timestamp().div_euclid(60).max(newest);
        if minute > newest {
            self.groups.push_back(Group {
                minute,
                ids: Vec::new(),
            });
        }
        if let Some(group) = self.groups.back_mut() {
            let before = group.ids.len();
            group.ids.extend(ids);
            self.count += group.ids.len() - before;
        }
        self.forget(minute);
    }

    fn forget(&mut self, newest: i64) {
        while let Some(oldest) = self.groups.front_mut() {
            if oldest.minute < newest - KEPT_MINUTES {
                self.count -= oldest.ids.len();
                self.groups.pop_front();
                continue;
            }
            let excess = self.count.saturating_sub(MOST_IDS).min(oldest.ids.len());
            oldest.ids.drain(..excess);
            self.count -= excess;
            if !oldest.ids.is_empty() {
                break;
            }
            self.groups.pop_front();
        }
    }

    /// How many ids are remembered.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = EventId> {
        self.groups
            .iter()
            .flat_map(|group| group.ids.iter().copied())
    }

    /// The document to store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAGIC.len() + self.groups.len() * 12 + self.count * 16);
        bytes.extend_from_slice(MAGIC);
        for group in &self.groups {
            bytes.extend_from_slice(&group.minute.to_le_bytes());
            // MOST_IDS keeps every count far below u32::MAX.
            let count = u32::try_from(group.ids.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&count.to_le_bytes());
            let ids = group.ids.iter();
            ids.for_each(|id| bytes.extend_from_slice(id.as_bytes()));
        }
        bytes
    }

    /// Reads a stored document; no bytes mean that nothing was stored yet.
    ///
    /// # Errors
    /// [`Damaged`] for anything that [`RecentIds::to_bytes`] did not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<RecentIds, Damaged> {
        let mut recent = RecentIds::default();
        if bytes.is_empty() {
            return Ok(recent);
        }
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(Damaged)?;
        while !rest.is_empty() {
            let (minute, after) = rest.split_first_chunk::<8>().ok_or(Damaged)?;
            let (count, after) = after.split_first_chunk::<4>().ok_or(Damaged)?;
            let count = usize::try_from(u32::from_le_bytes(*count)).map_err(|_| Damaged)?;
            let (ids, after) = after
                .split_at_checked(count.saturating_mul(16))
                .ok_or(Damaged)?;
            let (ids, _) = ids.as_chunks::<16>();
            let ids = ids.iter().copied().map(EventId::from_bytes).collect();
            recent.groups.push_back(Group {
                minute: i64::from_le_bytes(*minute),
                ids,
            });
            recent.count += count;
            rest = after;
        }
        Ok(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    fn ids(from: u32, to: u32) -> Vec<EventId> {
        (from..to)
            .map(|n| EventId::digest(&n.to_le_bytes()))
            .collect()
    }

    #[test]
    fn ids_are_kept_for_an_hour() {
        let mut recent = RecentIds::default();
        recent.extend(ids(0, 10), at(1_000));
        recent.extend(ids(10, 20), at(1_060));
        assert_eq!(recent.len(), 20);
        recent.extend(ids(20, 30), at(1_061));
        assert_eq!(recent.iter().collect::<Vec<_>>(), ids(10, 30));
    }

    #[test]
    fn a_clock_that_is_turned_back_forgets_nothing() {
        let mut recent = RecentIds::default();
        recent.extend(ids(0, 10), at(1_000));
        recent.extend(ids(10, 20), at(3));
        assert_eq!(recent.len(), 20);
    }

    #[test]
    fn the_cap_forgets_the_oldest_first() {
        let mut recent = RecentIds::default();
        recent.extend(ids(0, 200_000), at(1));
        recent.extend(ids(200_000, 350_000), at(2));
        assert_eq!(recent.len(), MOST_IDS);
        let kept: std::collections::HashSet<_> = recent.iter().collect();
        assert!(!kept.contains(&ids(0, 1)[0]));
        assert!(kept.contains(&ids(349_999, 350_000)[0]));
    }

    proptest! {
        #[test]
        fn the_document_reads_back(groups in prop::collection::vec((0_i64..100, 0_u32..50), 0..8)) {
            let mut recent = RecentIds::default();
            for (minute, count) in groups {
                recent.extend(ids(0, count), at(minute));
            }
            prop_assert_eq!(RecentIds::from_bytes(&recent.to_bytes()).unwrap(), recent);
        }

        #[test]
        fn other_bytes_are_damaged_not_a_panic(bytes in prop::collection::vec(any::<u8>(), 1..100)) {
            prop_assert!(RecentIds::from_bytes(&bytes).is_err());
            let mut framed = MAGIC.to_vec();
            framed.extend(&bytes);
            let _ = RecentIds::from_bytes(&framed);
        }
    }
}
