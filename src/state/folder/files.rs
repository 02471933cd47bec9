//! Documents of a folder: read, replaced whole, removed, listed, each durably.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::net::private_files;
use crate::state::store::{MOST_OF_A_DOCUMENT, OrgState, StoreError};
use crate::state::writer_state::{CURSOR, check_name, org_state};

/// What `path` holds, if it is there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    unless_missing(read_bounded(path)).map_err(|problem| cannot(path, &problem))
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MOST_OF_A_DOCUMENT as u64;
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() > MOST_OF_A_DOCUMENT {
        true => Err(io::Error::other(format!("it has more than {most} bytes"))),
        false => Ok(bytes),
    }
}

/// A folder, open to be flushed with each document in it; a folder is a file only on Unix.
pub(super) fn open(folder: &Path) -> Result<Option<File>, StoreError> {
    let opened = cfg!(unix).then(|| File::open(folder)).transpose();
    opened.map_err(|problem| cannot(folder, &problem))
}

/// Writes `bytes` to the file `beside`, which then takes the place of `path`. `open`: the folder of
/// `path`, where it is open.
pub(super) fn replace(
    path: &Path,
    beside: &Path,
    bytes: &[u8],
    open: Option<&File>,
) -> Result<(), StoreError> {
    let written = || {
        let mut options = File::options();
        let mut file =
            private_files::open(options.create(true).write(true).truncate(true), beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(beside, path)
    };
    let replaced = || {
        if unless_missing(written())?.is_none() {
            private_files::create_folder(folder_of(path))?;
            written()?;
        }
        match open {
            Some(folder) => folder.sync_all(),
            None => flush(folder_of(path)),
        }
    };
    replaced().map_err(|problem| cannot(path, &problem))
}

/// Removes a file; one that is gone will do.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    let removed = || match unless_missing(fs::remove_file(path))? {
        Some(()) => flush(folder_of(path)),
        None => Ok(()),
    };
    removed().map_err(|problem| cannot(path, &problem))
}

/// Names of the documents in `folder`, in order; what cannot be the name of one is left out.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let listed = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in unless_missing(fs::read_dir(folder))?.into_iter().flatten() {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            if check_name("", &name).is_ok() && entry.file_type()?.is_file() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    };
    listed().map_err(|problem| cannot(folder, &problem))
}

/// The orgs whose state lies in `folder`, in order.
pub(super) fn orgs(folder: &Path) -> Result<Vec<OrgState>, StoreError> {
    let listed = || -> io::Result<Vec<OrgState>> {
        let mut orgs = Vec::new();
        for entry in unless_missing(fs::read_dir(folder))?.into_iter().flatten() {
            let entry = entry?;
            let key = entry.file_name().into_string().unwrap_or_default();
            if check_name("", &key).is_ok() && entry.path().is_dir() {
                let document = unless_missing(fs::read(entry.path().join(CURSOR)))?;
                orgs.extend(document.and_then(|document| org_state(&key, &document)));
            }
        }
        orgs.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(orgs)
    };
    listed().map_err(|problem| cannot(folder, &problem))
}

fn unless_missing<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// A folder is a file only on Unix; elsewhere a rename itself is durable enough.
fn flush(folder: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

/// A failure of the disk, with the way out.
pub(super) fn cannot(path: &Path, problem: &io::Error) -> StoreError {
    let (place, words) = (path.display().to_string(), problem.to_string());
    let remedy = match problem.kind() {
        io::ErrorKind::PermissionDenied => {
            return StoreError::Denied {
                place,
                problem: words,
                remedy: "let the user that runs okta-sentinel write there, or set STATE_DIR to a \
                         folder of its own"
                    .to_owned(),
            };
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: make room, the next run goes on from the last save"
        }
        io::ErrorKind::ReadOnlyFilesystem => "set STATE_DIR to a folder that can be written",
        io::ErrorKind::AlreadyExists
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory => {
            "a file stands where a folder is needed, or the reverse: set STATE_DIR to a folder"
        }
        _ => "check the folder that STATE_DIR names and its disk",
    };
    StoreError::unavailable(&place, words, remedy)
}
