//! What the promises share.

pub(crate) mod crash;
pub(crate) mod faulty_store;
pub(crate) mod files;
pub(crate) mod fixture;
pub(crate) mod imports;
pub(crate) mod kusto;
pub(crate) mod log_capture;
pub(crate) mod parts;
pub(crate) mod program;
pub(crate) mod raw_peer;
pub(crate) mod refused_saves;
pub(crate) mod rust_tokens;
pub(crate) mod shared_data;
