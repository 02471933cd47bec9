//! Every kind of odd answer, as data: at which end, to which calls, and how one is drawn.

mod answers;
mod identity;
mod kind;
mod okta;
mod storage;
mod workspace;

pub use kind::{Api, Kind};

/// All kinds, end by end.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    [
        okta::KINDS,
        workspace::KINDS,
        identity::KINDS,
        storage::KINDS,
    ]
    .into_iter()
    .flatten()
}
