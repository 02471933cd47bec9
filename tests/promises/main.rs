//! The promises.

mod both_stores_keep_one_contract;
