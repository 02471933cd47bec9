//! Azure Monitor's side: the tables, the batches of rows, and the APIs that take them.

pub mod batch;
pub mod batcher;
pub mod buffer_pool;
pub mod data_collector;
mod error_response;
mod http_error;
pub(crate) mod local_folder;
pub mod logs_ingestion;
pub mod post_error;
pub mod prepared;
pub mod sink;
pub mod tables;
