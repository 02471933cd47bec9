//! What every call to another machine needs: addresses, retries, the identity that Azure knows.

pub mod address;
pub mod identity;
pub mod retry;
