//! A page of Okta's System Log in, rows of `Okta_CL` out.

mod catch_all;
mod chunk;
mod cut;
mod event_id;
mod ink;
mod layout;
mod marks;
mod nest;
mod number;
mod page;
mod row;
mod scan;
pub mod schema;
mod stray;
mod structured;
mod target;
mod text;
mod vocabulary;
mod walk;
mod writer;

pub use event_id::EventId;
pub use layout::{ColumnNaming, Layout};
pub use page::{PageError, RowSink, encode_page};
pub use row::{Row, RowEncoder};
