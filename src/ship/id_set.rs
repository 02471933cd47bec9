//! Sets of event ids: every event is looked up in several of them.

use std::collections::HashSet;

use foldhash::quality::RandomState;
use okta_rows::EventId;

/// Each set has a hash key of its own, so that nobody can choose ids that collide.
pub(super) type IdSet = HashSet<EventId, RandomState>;

/// In one order, for a document.
pub(super) fn sorted(ids: &IdSet) -> Vec<EventId> {
    let mut ids: Vec<EventId> = ids.iter().copied().collect();
    ids.sort_unstable();
    ids
}
