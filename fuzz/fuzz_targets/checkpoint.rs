//! `cursor.json` as a stranger left it: refused with a reason, or read, saved and read again.
#![no_main]

use std::cell::OnceCell;
use std::path::Path;

use okta_sentinel::state::folder::FolderStore;
use okta_sentinel::state::checkpoint::{Checkpoint, FORMAT};
use okta_sentinel::state::store::{StateStore as _, StoreError};
use okta_sentinel::okta::log::cursor::Cursor;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const ORG: &str = "acme.okta.com";

thread_local! {
    static PLACE: OnceCell<(Runtime, TempDir)> = const { OnceCell::new() };
}

libfuzzer_sys::fuzz_target!(|document: &[u8]| {
    PLACE.with(|place| {
        let (runtime, folder) = place.get_or_init(new_place);
        let cursor = folder.path().join(ORG).join("cursor.json");
        std::fs::write(cursor, document).expect("a folder of our own");
        runtime.block_on(check(document, folder.path()));
    });
});

fn new_place() -> (Runtime, TempDir) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    // Every save is flushed to the disk: in memory that costs nothing.
    let memory = Path::new("/dev/shm");
    let folder = match memory.is_dir() {
        true => TempDir::new_in(memory),
        false => TempDir::new(),
    };
    let folder = folder.expect("a folder");
    std::fs::create_dir(folder.path().join(ORG)).expect("a folder of our own");
    (runtime, folder)
}

async fn check(document: &[u8], folder: &Path) {
    let store = FolderStore::new(folder, ORG);
    let mut lease = match store.open().await {
        Ok(lease) => lease,
        Err(StoreError::Unreadable { .. }) => {
            let afresh = store.open_afresh().await.expect("a document set aside");
            assert!(afresh.saved().is_none());
            return;
        }
        Err(other) => panic!("{other}"),
    };
    let Some(saved) = lease.saved().cloned() else {
        return;
    };
    assert!(saved.version <= FORMAT);
    check_cursor(&saved.place.main.cursor);
    let wanted = Checkpoint {
        version: FORMAT,
        sequence: saved.sequence.saturating_add(1),
        ..saved.clone()
    };
    lease.save(saved).await.expect("a writer alone");
    assert_eq!(
        lease.saved(),
        Some(&wanted),
        "{}",
        String::from_utf8_lossy(document)
    );
    drop(lease);
    let again = store.open().await.expect("what we wrote");
    assert_eq!(again.saved(), Some(&wanted));
}

fn check_cursor(cursor: &Cursor) {
    let smaller = cursor.with_limit(7);
    assert_eq!(smaller.limit(), 7, "{smaller:?}");
    assert!(cursor.is_same_place(cursor));
    if cursor.belongs_to(&ORG.parse().expect("a domain")) {
        assert!(
            smaller.is_same_place(cursor),
            "{smaller:?} is not {cursor:?}"
        );
        assert_eq!(smaller.is_from_okta(), cursor.is_from_okta());
    }
}
