//! Ends that answer with anything: Okta, the workspace, the identity's endpoint and storage.
//!
//! Each end is a proxy before a strict local service: the sandbox's org and workspace, and Azurite.
//! By a [`Plan`], which a seed decides, it answers some calls oddly: another status, other headers,
//! bodies, links, order, silence, slowness ([`Odd`]). Then the ends heal, and the program runs until
//! it has caught up. [`carry_out`] then compares the workspace with the org's log: what the
//! workspace truly took is known, whatever the program was told. [`shrink()`] finds the smallest part
//! of a plan that fails.
//!
//! No odd answer is a lie that nobody could tell from the truth, such as a valid page whose link
//! leads past events that it does not hold.

mod case;
mod catalogue;
mod end;
mod http;
mod odd;
mod page;
mod plain_id;
mod plan;
mod request;
mod run;
mod send;
mod shrink;
mod storage;
mod verdict;

pub use case::{Outcome, Program, carry_out};
pub use catalogue::{Api, Kind, kinds};
pub use odd::{
    Call, Change, Content, Damage, End, EventsChange, Length, LinkChange, Odd, Reply, Whole,
};
pub use plan::{Entry, Plan};
pub use run::Run;
pub use shrink::shrink;
pub use verdict::Failure;
