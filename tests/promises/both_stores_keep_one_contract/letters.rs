//! Dead letters: listed and read without a lease, removed under one.

use okta_sentinel::state::store::StoreError;

use super::checkpoint;
use super::store_fixture::StoreFixture;

pub(super) async fn a_place_that_was_never_used_has_no_dead_letters(fixture: &StoreFixture) {
    for _ in 0..2 {
        let store = fixture.store();
        assert_eq!(store.dead_letters().await.expect("list"), [""; 0]);
        assert_eq!(store.dead_letter("a.json").await.expect("read"), None);
        store.open().await.map(drop).ok();
    }
}

pub(super) async fn dead_letters_are_listed_in_order_and_read_without_a_lease(
    fixture: &StoreFixture,
) {
    let mut lease = fixture.store().open().await.expect("open");
    for name in ["b.json", "a.json", "oversize-c.json"] {
        let body = name.as_bytes().to_vec();
        lease.keep_dead_letter(name, body).await.expect("keep");
    }
    lease.save(checkpoint(1)).await.expect("save");
    // What is no document of ours is left out.
    fixture.plant_beside("dead-letters/.hidden").await;
    let other = fixture.store();
    let names = other.dead_letters().await.expect("list");
    assert_eq!(names, ["a.json", "b.json", "oversize-c.json"]);
    for name in names {
        let body = other.dead_letter(&name).await.expect("read");
        assert_eq!(body.as_deref(), Some(name.as_bytes()));
    }
    for name in ["../cursor.json", "", "a/b", ".."] {
        let refused = other.dead_letter(name).await;
        assert!(refused.is_err(), "{name:?}: {refused:?}");
    }
}

pub(super) async fn a_dead_letter_that_is_removed_is_gone_and_may_be_so_already(
    fixture: &StoreFixture,
) {
    let mut lease = fixture.store().open().await.expect("open");
    for name in ["a.json", "b.json"] {
        lease
            .keep_dead_letter(name, b"{}".to_vec())
            .await
            .expect("keep");
    }
    for _ in 0..2 {
        lease.remove_dead_letter("a.json").await.expect("remove");
        let names = fixture.store().dead_letters().await.expect("list");
        assert_eq!(names, ["b.json"]);
    }
    for name in ["../cursor.json", "", ".."] {
        assert!(lease.remove_dead_letter(name).await.is_err(), "{name:?}");
    }
}

pub(super) async fn a_writer_whose_lease_was_broken_removes_nothing(fixture: &StoreFixture) {
    let mut former_holder = fixture.store().open().await.expect("open");
    let body = b"{}".to_vec();
    former_holder
        .keep_dead_letter("a.json", body)
        .await
        .expect("keep");
    fixture.break_lease().await;
    let refused = former_holder.remove_dead_letter("a.json").await;
    assert!(
        matches!(refused, Err(StoreError::Lost { .. })),
        "{refused:?}"
    );
    assert_eq!(fixture.document("dead-letters/a.json").await, b"{}");
}
