//! Where rows go: the tables, the batches that carry rows, the services that take them.

pub(crate) mod answer;
pub mod batch;
pub mod data_collector;
pub mod local_folder;
pub mod logs_ingestion;
pub mod post_error;
pub mod sink;
pub mod tables;
