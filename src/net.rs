//! What every call to another machine needs: addresses, the HTTP client, retries, the Azure
//! identity and a cache of tokens; and how files that nobody else may read are made.

pub(crate) mod address;
pub(crate) mod checked_text;
pub mod hmac_key;
pub mod http;
pub mod identity;
pub(crate) mod private_files;
pub mod retry;
pub(crate) mod token_cache;
