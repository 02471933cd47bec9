//! What is kept between runs: the place in Okta's log, recent ids, dead letters.

pub mod account;
pub mod blob;
pub mod checkpoint;
pub mod dead_letter;
pub mod folder;
mod id_list;
pub mod org_move;
pub mod recent_ids;
pub mod store;
pub(crate) mod writer_state;
