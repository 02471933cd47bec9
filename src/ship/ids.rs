//! Sets of ids: every event's is looked up in several of them.

use std::collections::HashSet;

use foldhash::quality::RandomState;

use okta_rows::EventId;

/// Ids to look events up by. Each set has a key of its own, so that ids which collide cannot be known
/// beforehand.
pub(super) type IdSet = HashSet<EventId, RandomState>;
