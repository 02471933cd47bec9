#![doc = include_str!("../README.md")]

mod array_cache;
mod brackets;
mod catch_all;
mod damaged;
mod encoder;
mod escape_index;
mod event;
mod event_id;
mod items;
mod key_table;
mod layout;
mod page;
mod predictor;
mod row;
mod row_buffer;
mod row_writer;
mod scanner;
pub mod schema;
mod simd_literal;
mod text;
mod token;
mod truncate;
mod value;

pub use damaged::{DamagedPage, UnreadableEvent, encode_damaged_page};
pub use encoder::RowEncoder;
pub use event_id::EventId;
pub use layout::ColumnNaming;
pub use page::{PageError, encode_page};
pub use row::{Row, RowSink};
