//! Checkpoints in a local folder: `<folder>/<org>/cursor.json` and its neighbours.
//!
//! The operating system's lock on `<folder>/<org>/lock` makes its holder the only writer and ends
//! with the process, however that ends. A document is replaced whole: written beside, flushed to
//! the disk, renamed over the old one, and the folder flushed, so that a crash leaves the old
//! document or the new one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::net::private_files;

use super::checkpoint::Checkpoint;
use super::store::{OrgState, StateLease, StateStore, StoreError};
use super::writer_state::{
    CURSOR, DEAD_LETTERS, NOTHING_YET, QUARANTINED, RECENT_IDS, WriterState, check_name,
};

use self::disk::Disk;
use self::files::cannot;

mod disk;
mod files;

/// The lock's file name.
const LOCK: &str = "lock";
/// The file a document is written to before it takes the old one's name.
const NEW: &str = ".new";

/// A folder that keeps the checkpoints of one org.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: PathBuf,
    org: String,
    disk: Disk,
}

impl FolderStore {
    /// Keeps the state of `org` (its host) under `folder`, which is made when it is missing.
    pub fn new(folder: impl Into<PathBuf>, org: &str) -> FolderStore {
        FolderStore {
            folder: folder.into(),
            org: org.to_ascii_lowercase(),
            disk: Disk::default(),
        }
    }

    fn home(&self) -> Result<PathBuf, StoreError> {
        check_name(&self.place(), &self.org)?;
        Ok(self.folder.join(&self.org))
    }

    async fn opened(&self, afresh: bool) -> Result<Box<dyn StateLease>, StoreError> {
        let (home, disk) = (self.home()?, self.disk.clone());
        let open = move || {
            let locked = Locked::take(&home)?;
            let document = locked.read(CURSOR)?;
            let state = match &document {
                None => WriterState::default(),
                Some(found) => match WriterState::open(&locked.path(CURSOR), found) {
                    Err(StoreError::Unreadable { .. }) if afresh => {
                        locked.replace(QUARANTINED, found)?;
                        WriterState::afresh(found)
                    }
                    Err(StoreError::Moved { .. }) if afresh => WriterState::afresh(found),
                    state => state?,
                },
            };
            let lease = FolderLease {
                disk,
                locked: Arc::new(locked),
                document: document.map(Bytes::from),
                state,
            };
            Ok(Box::new(lease) as Box<dyn StateLease>)
        };
        match self.disk.call(&self.place(), open).await {
            // The lock is this process's own, and no run's.
            Err(StoreError::Held { place }) if self.disk.hangs() => Err(disk::hangs(&place)),
            opened => opened,
        }
    }
}

#[async_trait]
impl StateStore for FolderStore {
    fn place(&self) -> String {
        format!("folder {}", self.folder.join(&self.org).display())
    }

    async fn open(&self) -> Result<Box<dyn StateLease>, StoreError> {
        self.opened(false).await
    }

    async fn open_afresh(&self) -> Result<Box<dyn StateLease>, StoreError> {
        self.opened(true).await
    }

    async fn orgs(&self) -> Result<Vec<OrgState>, StoreError> {
        let folder = self.folder.clone();
        let list = move || files::orgs(&folder);
        self.disk.call(&self.place(), list).await
    }

    async fn dead_letters(&self) -> Result<Vec<String>, StoreError> {
        let home = self.home()?;
        let list = move || files::names(&home.join(DEAD_LETTERS));
        self.disk.call(&self.place(), list).await
    }

    async fn dead_letter(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.home()?.join(DEAD_LETTERS).join(name);
        check_name(&path.display().to_string(), name)?;
        let read = move || files::read(&path);
        self.disk.call(&self.place(), read).await
    }
}

struct FolderLease {
    disk: Disk,
    /// Shared with a write that is under way, so that the lock outlives a caller that gave up.
    locked: Arc<Locked>,
    /// The bytes that `cursor.json` must hold for the next save to replace it.
    document: Option<Bytes>,
    state: WriterState,
}

impl FolderLease {
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Locked) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let locked = Arc::clone(&self.locked);
        let work = move || {
            // It guards no data, so a panic leaves nothing half done behind it.
            let _turn = locked.turn.lock().unwrap_or_else(PoisonError::into_inner);
            work(&locked)
        };
        self.disk.call(&self.locked.path(CURSOR), work).await
    }
}

#[async_trait]
impl StateLease for FolderLease {
    fn saved(&self) -> Option<&Checkpoint> {
        self.state.saved()
    }

    /// The operating system keeps the lock; only its removal, which a save finds out, takes it.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let place = self.locked.path(CURSOR);
        loop {
            let draft = self.state.draft(&place, &checkpoint)?;
            let (known, bytes) = (self.document.clone(), draft.clone());
            let holds = self
                .on_disk(move |locked| {
                    locked.still_ours()?;
                    let holds = locked.read(CURSOR)?;
                    if holds.as_deref() != known.as_deref() {
                        return Ok(holds.map(Bytes::from));
                    }
                    locked.replace(CURSOR, &bytes)?;
                    Ok(Some(bytes))
                })
                .await?;
            if !self.state.settle(holds.as_deref().unwrap_or(NOTHING_YET)) {
                return Err(StoreError::Lost { place });
            }
            self.document = holds;
            if self.document.as_ref() == Some(&draft) {
                return Ok(());
            }
        }
    }

    async fn mark_moved(&mut self, to: &str) -> Result<(), StoreError> {
        let mark = self.state.moved(to);
        self.on_disk(move |locked| {
            locked.still_ours()?;
            locked.replace(CURSOR, &mark)
        })
        .await
    }

    async fn recent_ids(&self) -> Result<Vec<u8>, StoreError> {
        let found = self.on_disk(move |locked| locked.read(RECENT_IDS)).await?;
        Ok(found.unwrap_or_default())
    }

    async fn save_recent_ids(&mut self, ids: Vec<u8>) -> Result<(), StoreError> {
        self.on_disk(move |locked| {
            locked.still_ours()?;
            locked.replace(RECENT_IDS, &ids)
        })
        .await
    }

    async fn keep_dead_letter(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        check_name(&self.locked.path(DEAD_LETTERS), name)?;
        let name = format!("{DEAD_LETTERS}/{name}");
        self.on_disk(move |locked| locked.replace(&name, &body))
            .await
    }

    async fn remove_dead_letter(&mut self, name: &str) -> Result<(), StoreError> {
        check_name(&self.locked.path(DEAD_LETTERS), name)?;
        let name = format!("{DEAD_LETTERS}/{name}");
        self.on_disk(move |locked| {
            locked.still_ours()?;
            files::remove(&locked.home.join(name))
        })
        .await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(()) // Dropping the last handle of the lock's file releases it.
    }
}

/// The org's folder, while this process holds its lock.
#[derive(Debug)]
struct Locked {
    home: PathBuf,
    /// `home`, kept open to be flushed.
    folder: Option<File>,
    lock: File,
    /// A write that its caller gave up on may still be under way when the next one comes.
    turn: Mutex<()>,
}

impl Locked {
    fn take(home: &Path) -> Result<Locked, StoreError> {
        private_files::create_folder(home).map_err(|problem| cannot(home, &problem))?;
        let folder = files::open(home)?;
        if let Some(folder) = &folder {
            private_files::narrow(folder, private_files::FOLDER);
        }
        let path = home.join(LOCK);
        let mut options = File::options();
        let lock = private_files::open(options.create(true).write(true).truncate(false), &path)
            .map_err(|problem| cannot(&path, &problem))?;
        match lock.try_lock() {
            Ok(()) => Ok(Locked {
                home: home.to_owned(),
                folder,
                lock,
                turn: Mutex::new(()),
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Held {
                place: home.join(CURSOR).display().to_string(),
            }),
            Err(TryLockError::Error(problem)) => Err(cannot(&path, &problem)),
        }
    }

    fn path(&self, name: &str) -> String {
        self.home.join(name).display().to_string()
    }

    /// Tells whether somebody removed the lock's file: the next run then locks another one.
    #[cfg(unix)]
    fn still_ours(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt as _;
        let path = self.home.join(LOCK);
        let held = self.lock.metadata();
        let held = held.map_err(|problem| cannot(&path, &problem))?;
        match fs::metadata(&path) {
            Ok(there) if (there.dev(), there.ino()) == (held.dev(), held.ino()) => Ok(()),
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                Err(cannot(&path, &problem))
            }
            _ => Err(StoreError::Lost {
                place: self.path(CURSOR),
            }),
        }
    }

    /// Elsewhere an open file cannot be removed.
    #[cfg(not(unix))]
    fn still_ours(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        files::read(&self.home.join(name))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.home.join(name);
        let of_home = path.parent() == Some(&self.home);
        let open = self.folder.as_ref().filter(|_| of_home);
        files::replace(&path, &self.home.join(NEW), bytes, open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_the_disk_names_the_path_and_the_way_out() {
        for (kind, words) in [
            (
                io::ErrorKind::PermissionDenied,
                "user that runs okta-sentinel",
            ),
            (io::ErrorKind::StorageFull, "make room"),
            (io::ErrorKind::NotADirectory, "set STATE_DIR to a folder"),
            (io::ErrorKind::Other, "STATE_DIR"),
        ] {
            let said = cannot(Path::new("/s/acme/cursor.json"), &kind.into()).to_string();
            assert!(
                said.contains("/s/acme/cursor.json") && said.contains(words),
                "{said}"
            );
        }
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_keeps_the_lock_until_its_write_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let locked = Arc::new(Locked::take(folder.path()).unwrap());
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let lease = FolderLease {
            disk: Disk::default(),
            locked,
            document: None,
            state: WriterState::default(),
        };
        let (begun, began) = tokio::sync::oneshot::channel();
        let write = lease.on_disk(move |locked| {
            let _ = begun.send(());
            let _ = wait.recv();
            locked.replace(CURSOR, NOTHING_YET)
        });
        tokio::select! {
            biased;
            _ = write => panic!("it waits"),
            started = began => started.unwrap(),
        }
        drop(lease);
        assert!(matches!(
            Locked::take(folder.path()),
            Err(StoreError::Held { .. })
        ));
        go.send(()).unwrap();
        while Locked::take(folder.path()).is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(fs::read(folder.path().join(CURSOR)).unwrap(), NOTHING_YET);
    }
}
