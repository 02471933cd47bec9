//! The `recent-ids` document: damaged or read back to the same bytes, and usable either way.
#![no_main]

use chrono::DateTime;
use okta_rows::EventId;
use okta_sentinel::state::recent_ids::RecentIds;

const HEAD: &[u8] = b"okta-id1";

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    check(input);
    check(&[HEAD, input].concat());
});

fn check(document: &[u8]) {
    let Ok(mut recent) = RecentIds::from_bytes(document) else {
        return;
    };
    if !document.is_empty() {
        assert_eq!(recent.to_bytes(), document);
    }
    let known = recent.iter().collect::<std::collections::HashSet<_>>().len();
    assert!(known <= recent.len());
    let mark = DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
    let new = EventId::digest(document);
    recent.extend([new], mark);
    assert!(
        recent.iter().any(|id| id == new),
        "what was just accepted is forgotten"
    );
    let again = RecentIds::from_bytes(&recent.to_bytes()).expect("what we wrote");
    assert_eq!(again, recent);
}
