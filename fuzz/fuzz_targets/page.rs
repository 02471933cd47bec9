//! A page of Okta's log: every event one row, every row valid JSON, on both roads.
#![no_main]

use okta_sentinel_fuzz::check_page;

libfuzzer_sys::fuzz_target!(|page: &[u8]| check_page(page));
