//! The order of deployment: a resource waits for those that it depends on, and for no other.

use std::collections::BTreeSet;

use serde_json::Value;

/// A resource by its id, before it is worked out.
pub(crate) struct Header<'a> {
    pub(crate) id: String,
    pub(crate) resource: &'a Value,
    /// What it says that it depends on.
    pub(crate) needs: BTreeSet<String>,
}

/// Whether a resource waits for another, by way of others too.
pub(crate) fn reaches(all: &[Header<'_>], from: &Header<'_>, id: &str) -> bool {
    from.needs.iter().any(|need| {
        let next = all.iter().find(|one| one.id == *need);
        need == id || next.is_some_and(|next| reaches(all, next, id))
    })
}

/// The first that waits for nothing, then the next one, and so on.
pub(crate) fn in_order<'a>(
    wanted: Vec<Header<'a>>,
    left_out: &BTreeSet<String>,
) -> Vec<(String, Header<'a>)> {
    let known: BTreeSet<String> = wanted.iter().map(|one| one.id.clone()).collect();
    assert_eq!(known.len(), wanted.len(), "two resources have one id");
    let (mut waiting, mut done, mut ordered) = (wanted, left_out.clone(), Vec::new());
    while !waiting.is_empty() {
        let ready = waiting
            .iter()
            .position(|one| one.needs.iter().all(|need| done.contains(need)));
        let ready = ready.unwrap_or_else(|| {
            let (id, needs) = (&waiting[0].id, &waiting[0].needs);
            panic!("{id} waits for ever; it needs {needs:#?}")
        });
        let next = waiting.remove(ready);
        done.insert(next.id.clone());
        ordered.push((next.id.clone(), next));
    }
    ordered
}
