//! A blob and a folder keep checkpoints alike: one writer, one document, nothing half written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of a test fails as the test does"
)]

use okta_rows::EventId;
use okta_sentinel::net::identity::Identity;
use okta_sentinel::okta::log::cursor::Cursor;
use okta_sentinel::state::account::{BlobAccount, BlobCredential};
use okta_sentinel::state::blob::BlobStore;
use okta_sentinel::state::checkpoint::{Backfill, Checkpoint, FORMAT, Lane, Place};
use okta_sentinel::state::folder::FolderStore;
use okta_sentinel::state::store::{StateStore as _, StoreError};
use sandbox::azurite::Azurite;

use self::letters::*;
use self::store_fixture::{StoreFixture, with_key};

mod letters;
mod store_fixture;

/// Runs each test over both stores.
macro_rules! for_each_store {
    ($($test:ident),* $(,)?) => {
        mod in_a_folder { $(#[tokio::test] async fn $test() { super::$test(&super::StoreFixture::folder()).await })* }
        mod in_blobs { $(#[tokio::test] async fn $test() { super::$test(&super::StoreFixture::blobs(stringify!($test)).await).await })* }
    };
}

for_each_store! {
    the_first_open_finds_nothing,
    what_is_saved_is_what_the_next_run_opens,
    the_sequence_rises_by_one_whatever_the_caller_says,
    a_second_writer_is_told_that_the_first_is_there,
    a_released_lease_opens_at_once,
    a_writer_whose_lease_went_to_another_changes_nothing,
    a_writer_whose_lease_was_broken_is_refused_though_nobody_took_it,
    a_writer_notices_a_document_that_moved_on_under_its_lease,
    recent_ids_and_dead_letters_come_back_up_to_five_megabytes,
    a_dead_letters_name_cannot_lead_elsewhere,
    a_place_that_was_never_used_has_no_dead_letters,
    dead_letters_are_listed_in_order_and_read_without_a_lease,
    a_dead_letter_that_is_removed_is_gone_and_may_be_so_already,
    a_writer_whose_lease_was_broken_removes_nothing,
    broken_json_is_named_and_left_alone,
    a_newer_format_is_named_and_left_alone,
    starting_afresh_sets_an_unreadable_document_aside,
    starting_afresh_keeps_the_number_of_a_readable_document,
}

async fn the_first_open_finds_nothing(fixture: &StoreFixture) {
    let lease = fixture.store().open().await.expect("a first open");
    assert_eq!(lease.saved(), None);
    assert_eq!(lease.recent_ids().await.expect("no ids"), Vec::<u8>::new());
}

async fn what_is_saved_is_what_the_next_run_opens(fixture: &StoreFixture) {
    let mut lease = fixture.store().open().await.expect("open");
    let lane = Lane {
        accepted_beyond: vec![
            EventId::from_bytes([7; 16]),
            EventId::from_bytes([0xfe; 16]),
        ],
        newest_published: Some("2026-11-21T12:04:58.123Z".parse().unwrap()),
        rereading: true,
        ..lane("1_2")
    };
    let full = Checkpoint {
        place: Place {
            main: lane.clone(),
            backfill: Some(Backfill {
                lane,
                overlap_ids: vec![EventId::from_bytes([3; 16])],
            }),
        },
        filter: Some("eventType sw \"user.\"".to_owned()),
        ..checkpoint(1)
    };
    lease.save(full.clone()).await.expect("save");
    assert_eq!(lease.saved(), Some(&full));
    lease.release().await.expect("release");
    let next = fixture.store().open().await.expect("the next run");
    assert_eq!(next.saved(), Some(&full));
}

async fn the_sequence_rises_by_one_whatever_the_caller_says(fixture: &StoreFixture) {
    let mut lease = fixture.store().open().await.expect("open");
    for (given, expected) in [(0, 1), (99, 2), (1, 3)] {
        lease.save(checkpoint(given)).await.expect("save");
        assert_eq!(lease.saved().map(|saved| saved.sequence), Some(expected));
    }
    lease.release().await.expect("release");
    let mut next = fixture.store().open().await.expect("the next run");
    next.save(checkpoint(0)).await.expect("save");
    assert_eq!(next.saved().map(|saved| saved.sequence), Some(4));
}

async fn a_second_writer_is_told_that_the_first_is_there(fixture: &StoreFixture) {
    let mut first = fixture.store().open().await.expect("open");
    let second = fixture.store().open().await.err().expect("held");
    assert!(matches!(second, StoreError::Held { .. }), "{second}");
    assert!(second.to_string().contains("cursor.json"), "{second}");
    first.save(checkpoint(1)).await.expect("the first goes on");
}

async fn a_released_lease_opens_at_once(fixture: &StoreFixture) {
    for _ in 0..2 {
        let lease = fixture.store().open().await.expect("nobody is there");
        lease.release().await.expect("release");
    }
}

async fn a_writer_whose_lease_went_to_another_changes_nothing(fixture: &StoreFixture) {
    let mut former_holder = fixture.store().open().await.expect("open");
    former_holder.save(checkpoint(1)).await.expect("save");
    fixture.break_lease().await;
    let mut new_holder = fixture.store().open().await.expect("the lease is free");
    let theirs = Checkpoint {
        place: Place::of_one_lane(lane("taken")),
        ..checkpoint(2)
    };
    new_holder.save(theirs).await.expect("save");
    new_holder.save_recent_ids(vec![1; 16]).await.expect("ids");
    let before = (
        fixture.document("cursor.json").await,
        fixture.document("recent-ids").await,
    );

    for refused in [
        former_holder.save_recent_ids(vec![2; 16]).await,
        former_holder.save(checkpoint(2)).await,
        former_holder.save(checkpoint(3)).await,
        former_holder.save_recent_ids(vec![2; 16]).await,
    ] {
        assert!(
            matches!(refused, Err(StoreError::Lost { .. })),
            "{refused:?}"
        );
    }
    former_holder
        .release()
        .await
        .expect("there is nothing to give back");
    let after = (
        fixture.document("cursor.json").await,
        fixture.document("recent-ids").await,
    );
    assert_eq!(before, after);
    new_holder
        .save(checkpoint(3))
        .await
        .expect("the new holder goes on");
}

async fn a_writer_whose_lease_was_broken_is_refused_though_nobody_took_it(fixture: &StoreFixture) {
    let mut former_holder = fixture.store().open().await.expect("open");
    former_holder.save(checkpoint(1)).await.expect("save");
    let before = fixture.document("cursor.json").await;
    fixture.break_lease().await;
    let refused = former_holder.save(checkpoint(2)).await;
    assert!(
        matches!(refused, Err(StoreError::Lost { .. })),
        "{refused:?}"
    );
    assert_eq!(fixture.document("cursor.json").await, before);
}

async fn a_writer_notices_a_document_that_moved_on_under_its_lease(fixture: &StoreFixture) {
    let mut lease = fixture.store().open().await.expect("open");
    lease.save(checkpoint(1)).await.expect("save");
    fixture.plant("cursor.json", b"{\"by\": \"hand\"}").await;
    let refused = lease
        .save(checkpoint(2))
        .await
        .expect_err("it is another document");
    assert!(matches!(refused, StoreError::Lost { .. }), "{refused}");
    assert_eq!(fixture.document("cursor.json").await, b"{\"by\": \"hand\"}");
}

async fn recent_ids_and_dead_letters_come_back_up_to_five_megabytes(fixture: &StoreFixture) {
    let mut lease = fixture.store().open().await.expect("open");
    let large: Vec<u8> = (0..5 * 1024 * 1024_u32).map(|i| (i % 251) as u8).collect();
    for ids in [vec![9; 16], Vec::new(), large.clone()] {
        lease.save_recent_ids(ids.clone()).await.expect("save ids");
        assert!(
            lease.recent_ids().await.expect("read ids") == ids,
            "{} bytes",
            ids.len()
        );
    }
    let name = "2026-11-21T12:04:58Z-1.json";
    lease
        .keep_dead_letter(name, large.clone())
        .await
        .expect("keep");
    lease
        .keep_dead_letter(name, b"[1]".to_vec())
        .await
        .expect("replace");
    assert_eq!(
        fixture.document(&format!("dead-letters/{name}")).await,
        b"[1]"
    );
    lease
        .keep_dead_letter("large.json", large.clone())
        .await
        .expect("keep");
    assert!(fixture.document("dead-letters/large.json").await == large);
}

async fn a_dead_letters_name_cannot_lead_elsewhere(fixture: &StoreFixture) {
    let mut lease = fixture.store().open().await.expect("open");
    for name in ["../cursor.json", "", "a/b", ".."] {
        let refused = lease.keep_dead_letter(name, b"{}".to_vec()).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable { .. })),
            "{name:?}: {refused:?}"
        );
    }
}

async fn broken_json_is_named_and_left_alone(fixture: &StoreFixture) {
    for broken in [
        &b"{\"version\": 1, \"seq"[..],
        b"",
        b"[]",
        b"{\"version\": 1}",
        b"{\"a\": 2}",
    ] {
        is_unreadable(fixture, broken, "cursor.json").await;
    }
}

async fn a_newer_format_is_named_and_left_alone(fixture: &StoreFixture) {
    is_unreadable(
        fixture,
        br#"{"version": 4, "sequence": 5, "somewhere": "else"}"#,
        "format 4",
    )
    .await;
}

async fn is_unreadable(fixture: &StoreFixture, document: &[u8], named: &str) {
    fixture.plant("cursor.json", document).await;
    // Twice: the lease that found it must be free again.
    for _ in 0..2 {
        let refused = fixture
            .store()
            .open()
            .await
            .err()
            .expect("it cannot be read");
        assert!(
            matches!(refused, StoreError::Unreadable { .. }),
            "{refused}"
        );
        let said = refused.to_string();
        assert!(said.contains(named) && said.contains("--restart"), "{said}");
    }
    assert_eq!(fixture.document("cursor.json").await, document);
}

async fn starting_afresh_sets_an_unreadable_document_aside(fixture: &StoreFixture) {
    let newer = br#"{"version": 2, "sequence": 5}"#;
    fixture.plant("cursor.json", newer).await;
    let mut lease = fixture.store().open_afresh().await.expect("open");
    assert_eq!(lease.saved(), None);
    assert_eq!(fixture.document("cursor.json.unreadable").await, newer);
    lease.save(checkpoint(0)).await.expect("save");
    assert_eq!(lease.saved().map(|saved| saved.sequence), Some(6));
}

async fn starting_afresh_keeps_the_number_of_a_readable_document(fixture: &StoreFixture) {
    let mut lease = fixture.store().open().await.expect("open");
    lease.save(checkpoint(0)).await.expect("save");
    lease.release().await.expect("release");
    let afresh = fixture.store().open_afresh().await.expect("open");
    assert_eq!(afresh.saved(), Some(&checkpoint(1)));
}

#[tokio::test]
async fn a_dropped_lease_frees_a_folder() {
    let fixture = StoreFixture::folder();
    drop(fixture.store().open().await.expect("open"));
    drop(fixture.store().open().await.expect("it is free"));
}

#[tokio::test]
async fn a_file_where_the_folder_belongs_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("state");
    std::fs::write(&taken, "a file").unwrap();
    let refused = FolderStore::new(&taken, "acme.okta.com")
        .open()
        .await
        .err()
        .expect("no folder");
    let said = refused.to_string();
    assert!(
        said.contains(taken.to_str().unwrap()) && said.contains("STATE_DIR"),
        "{said}"
    );
}

#[tokio::test]
async fn an_account_sas_does_as_well_as_the_key() {
    let azurite = Azurite::shared().await.expect("Azurite");
    let account = BlobAccount {
        endpoint: azurite.endpoint().clone(),
        credential: BlobCredential::Sas(azurite.account_sas().into()),
    };
    let store = BlobStore::new(&account, "sas.okta.com").expect("a store");
    let mut lease = store.open().await.expect("open");
    lease.save(checkpoint(1)).await.expect("save");
    lease.release().await.expect("release");
}

#[tokio::test]
async fn a_wrong_key_is_told_with_the_container_and_what_to_check() {
    let azurite = Azurite::shared().await.expect("Azurite");
    let account = with_key(azurite, "c29tZWJvZHkgZWxzZSdzIGtleQ==");
    let store = BlobStore::new(&account, "wrong.okta.com").expect("a store");
    let refused = store.open().await.err().expect("denied");
    assert!(matches!(refused, StoreError::Denied { .. }), "{refused}");
    let said = refused.to_string();
    for needed in [
        "container okta-sentinel of account devstoreaccount1",
        "AccountKey",
    ] {
        assert!(said.contains(needed), "{said}");
    }
    assert!(
        !format!("{said}{store:?}{account:?}").contains("c29tZWJv"),
        "{said}"
    );
}

#[tokio::test]
async fn a_wrong_sas_is_denied_and_never_repeated_in_a_message() {
    let azurite = Azurite::shared().await.expect("Azurite");
    let account = BlobAccount {
        endpoint: azurite.endpoint().clone(),
        credential: BlobCredential::Sas(azurite.account_sas().replace("sig=", "sig=AAAA").into()),
    };
    let store = BlobStore::new(&account, "wrong.okta.com").expect("a store");
    let refused = store.open().await.err().expect("denied");
    assert!(matches!(refused, StoreError::Denied { .. }), "{refused}");
    assert!(
        !format!("{refused}{refused:?}{store:?}").contains("sig="),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_account_that_is_not_there_is_told_within_the_limit_and_without_its_sas() {
    // A port that was free a moment ago refuses connections.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let account = BlobAccount {
        endpoint: format!("http://127.0.0.1:{port}/acme").parse().unwrap(),
        credential: BlobCredential::Sas("sv=2022-11-02&sig=c2VjcmV0".to_owned().into()),
    };
    let store = BlobStore::new(&account, "gone.okta.com").expect("a store");
    let asked = std::time::Instant::now();
    let refused = store.open().await.err().expect("nobody listens");
    assert!(asked.elapsed().as_secs() <= 21, "{:?}", asked.elapsed());
    assert!(
        matches!(refused, StoreError::Unavailable { .. }),
        "{refused}"
    );
    let said = refused.to_string();
    assert!(
        said.contains("refused") && said.contains("check the storage account"),
        "{said}"
    );
    assert!(!format!("{said}{refused:?}").contains("c2VjcmV0"), "{said}");
}

#[tokio::test]
async fn an_identitys_token_never_goes_over_plain_http() {
    let plain = BlobAccount {
        endpoint: "http://127.0.0.1:10000/acme".parse().unwrap(),
        credential: BlobCredential::Identity(Identity::Managed { client_id: None }),
    };
    let refused = BlobStore::new(&plain, "acme.okta.com").expect_err("plain http");
    assert!(refused.to_string().contains("https only"), "{refused}");
    for credential in [
        BlobCredential::Identity(Identity::Managed {
            client_id: Some("11111111-2222-3333-4444-555555555555".to_owned()),
        }),
        BlobCredential::Identity(Identity::Developer),
    ] {
        let endpoint = "https://acme.blob.core.windows.net/".parse().unwrap();
        let store = BlobStore::new(
            &BlobAccount {
                endpoint,
                credential,
            },
            "acme.okta.com",
        );
        assert_eq!(
            store.expect("a store").place(),
            "container okta-sentinel of account acme"
        );
    }
}

fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint {
        version: FORMAT,
        sequence,
        place: Place::of_one_lane(lane("1_2")),
        filter: None,
        saved_at: "2026-11-21T12:05:01Z".parse().unwrap(),
    }
}

fn lane(after: &str) -> Lane {
    let place = format!("https://acme.okta.com/api/v1/logs?after={after}");
    let since = "2026-11-14T12:05:01Z".parse().unwrap();
    Lane::begin(Cursor::new(place.parse().unwrap()), since)
}
