//! Sets of event ids: every event is looked up in several of them.

use foldhash::quality::RandomState;
use indexmap::IndexSet;
use okta_rows::EventId;

/// Keeps one order while it does not change, so that it is written to a document as it is. Each set
/// has a hash key of its own, so that nobody can choose ids that collide.
pub(super) type IdSet = IndexSet<EventId, RandomState>;
