//! A move that is interrupted at any of its writes is done again and loses nothing: in a folder and
//! in a storage account.

use okta_rows::EventId;

use okta_sentinel::state::store::StateLease;

use super::*;

const OLD: &str = "acme.okta.com";

/// Makes the store of a host.
type Stores<'a> = &'a dyn Fn(&str) -> Arc<dyn StateStore>;

fn lane(host: &str, after: &str) -> Lane {
    let url = format!("https://{host}/api/v1/logs?after={after}&limit=1000");
    Lane {
        accepted_beyond: vec![EventId::from_bytes([7; 16])],
        ..Lane::begin(
            Cursor::new(url.parse().unwrap()),
            chrono::DateTime::UNIX_EPOCH,
        )
    }
}

fn checkpoint(host: &str, after: &str) -> Checkpoint {
    let mut place = Place::of_one_lane(lane(host, after));
    place.backfill = Some(Backfill {
        lane: lane(host, "behind"),
        overlap_ids: vec![EventId::from_bytes([9; 16])],
    });
    Checkpoint {
        version: FORMAT,
        sequence: 0,
        place,
        filter: Some("eventType sw \"user\"".to_owned()),
        saved_at: chrono::Utc::now(),
    }
}

fn ids(bytes: [u8; 16]) -> Vec<u8> {
    let mut ids = RecentIds::default();
    ids.extend([EventId::from_bytes(bytes)], chrono::Utc::now());
    ids.to_bytes()
}

/// Opens a store. A process that another test just starts holds a copy of a folder's lock until it
/// runs its own program.
async fn opened(store: &dyn StateStore) -> Box<dyn StateLease> {
    loop {
        match store.open_afresh().await {
            Err(StoreError::Held { .. }) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

async fn fill(store: &dyn StateStore, host: &str) {
    let mut lease = opened(store).await;
    lease.save(checkpoint(host, "1_2")).await.unwrap();
    lease.save_recent_ids(ids([5; 16])).await.unwrap();
    for name in ["1.json", "2.json"] {
        lease
            .keep_dead_letter(name, b"{\"rows\":[]}".to_vec())
            .await
            .unwrap();
    }
    lease.release().await.unwrap();
}

async fn moved(
    from: &dyn StateStore,
    to: &dyn StateStore,
    old: &str,
    new: &str,
) -> Result<Moved, MoveError> {
    let (old, new) = (old.parse().unwrap(), new.parse().unwrap());
    let org_move = OrgMove {
        old: &old,
        new: &new,
        from,
        to,
    };
    let prepared = loop {
        match org_move.prepare().await {
            Err(MoveError::Held { .. }) => tokio::task::yield_now().await,
            prepared => break prepared?,
        }
    };
    assert_eq!(prepared.replaces, None, "nobody is asked twice");
    Ok(prepared.go().await?)
}

async fn assert_moved(from: &dyn StateStore, to: &dyn StateStore, new: &str) {
    let lease = opened(to).await;
    let (saved, expected) = (lease.saved().unwrap(), checkpoint(new, "1_2"));
    assert_eq!(
        (&saved.place, &saved.filter),
        (&expected.place, &expected.filter)
    );
    let known = RecentIds::from_bytes(&lease.recent_ids().await.unwrap()).unwrap();
    assert!(known.iter().eq([EventId::from_bytes([5; 16])]));
    lease.release().await.unwrap();
    assert_eq!(to.dead_letters().await.unwrap(), ["1.json", "2.json"]);
    assert!(from.dead_letters().await.unwrap().is_empty());
    let refused = loop {
        match from.open().await.map(drop) {
            Err(StoreError::Held { .. }) => tokio::task::yield_now().await,
            opened => break opened,
        }
    };
    assert!(
        matches!(&refused, Err(StoreError::Moved { to, .. }) if to == new),
        "{refused:?}"
    );
}

async fn interrupted_anywhere(old: &str, new: &str, stores: Stores<'_>, freed: impl AsyncFn(&str)) {
    for side in [CrashSide::Before, CrashSide::After] {
        for write in 1.. {
            let (from, to) = (stores(old), stores(new));
            fill(from.as_ref(), old).await;
            let crash = Crash::at(write, side);
            let crashing = |store: &Arc<dyn StateStore>| FaultyStore {
                store: Arc::clone(store),
                fault: Arc::clone(&crash) as _,
            };
            let (crashing_from, crashing_to) = (crashing(&from), crashing(&to));
            let went_through = tokio::select! {
                done = moved(&crashing_from, &crashing_to, old, new) => { done.unwrap(); true }
                () = crash.reached() => false,
            };
            if !went_through {
                freed(old).await;
                freed(new).await;
                moved(from.as_ref(), to.as_ref(), old, new).await.unwrap();
            }
            assert_moved(from.as_ref(), to.as_ref(), new).await;
            // Back, for the next round: the new place is empty for a new move.
            let mut lease = opened(to.as_ref()).await;
            for name in to.dead_letters().await.unwrap() {
                lease.remove_dead_letter(&name).await.unwrap();
            }
            lease.save_recent_ids(Vec::new()).await.unwrap();
            lease.mark_moved(old).await.unwrap();
            lease.release().await.unwrap();
            if went_through {
                assert!(write > 6, "only {write} writes");
                break;
            }
        }
    }
}

#[tokio::test]
async fn in_a_folder_a_move_is_done_again_wherever_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = folder.path();
    let stores = |host: &str| Arc::new(FolderStore::new(path, host)) as Arc<dyn StateStore>;
    interrupted_anywhere(OLD, "login.acme.com", &stores, async |_: &str| ()).await;
}

#[tokio::test]
async fn in_a_storage_account_a_move_is_done_again_wherever_it_stopped() {
    let azurite = Azurite::start().await.unwrap();
    let account = BlobAccount {
        endpoint: azurite.endpoint().clone(),
        credential: BlobCredential::SharedKey {
            account: ACCOUNT.to_owned(),
            key: KEY.to_owned().into(),
        },
    };
    let stores =
        |host: &str| Arc::new(BlobStore::new(&account, host).unwrap()) as Arc<dyn StateStore>;
    // The lease of a process that is gone runs out after 30 seconds; here it is broken.
    let freed = async |host: &str| {
        let url = azurite.blob_url("okta-sentinel", &format!("{host}/cursor.json"));
        let cursor = azure_storage_blob::BlobClient::new(url, None, None).unwrap();
        let at_once = azure_storage_blob::models::BlobClientBreakLeaseOptions {
            break_period: Some(0),
            ..Default::default()
        };
        // A lease that was given back cannot be broken.
        let _ = cursor.break_lease(Some(at_once)).await;
    };
    let rounds = interrupted_anywhere(OLD, "login.acme.com", &stores, freed);
    tokio::time::timeout(Duration::from_secs(120), rounds)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_backlog_of_an_earlier_format_keeps_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (OLD, "login.acme.com");
    let (from, to) = (
        FolderStore::new(folder.path(), old),
        FolderStore::new(folder.path(), new),
    );
    let mut lease = from.open().await.unwrap();
    let former = Checkpoint {
        version: 2,
        ..checkpoint(old, "1_2")
    };
    lease.save(former).await.unwrap();
    lease.release().await.unwrap();
    moved(&from, &to, old, new).await.unwrap();
    assert_eq!(to.open().await.unwrap().saved().unwrap().version, 2);
}

#[tokio::test]
async fn events_that_the_new_hosts_runs_shipped_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new): (OktaDomain, OktaDomain) =
        (OLD.parse().unwrap(), "login.acme.com".parse().unwrap());
    let store = |host: &OktaDomain| FolderStore::new(folder.path(), &host.key());
    let (from, to) = (store(&old), store(&new));
    fill(&from, OLD).await;
    let mut lease = to.open().await.unwrap();
    lease
        .save(checkpoint("login.acme.com", "9_9"))
        .await
        .unwrap();
    lease.save_recent_ids(ids([6; 16])).await.unwrap();
    lease
        .keep_dead_letter("3.json", b"{}".to_vec())
        .await
        .unwrap();
    lease.release().await.unwrap();
    let org_move = OrgMove {
        old: &old,
        new: &new,
        from: &from,
        to: &to,
    };
    let prepared = org_move.prepare().await.unwrap();
    assert!(
        prepared
            .replaces
            .as_ref()
            .unwrap()
            .contains("a cursor saved at")
    );
    prepared.go().await.unwrap();
    let lease = to.open().await.unwrap();
    let place = &lease.saved().unwrap().place;
    assert_eq!(place.main.cursor, lane("login.acme.com", "1_2").cursor);
    assert!(place.main.rereading && place.backfill.as_ref().unwrap().lane.rereading);
    let known = RecentIds::from_bytes(&lease.recent_ids().await.unwrap()).unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!(
        to.dead_letters().await.unwrap(),
        ["1.json", "2.json", "3.json"]
    );
}
