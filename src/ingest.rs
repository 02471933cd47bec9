//! ingest
pub mod workspace;
