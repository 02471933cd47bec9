//! Rows, dead letters and the cursor are readable by their owner alone, whatever the umask says.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sandbox::workspace;
use tokio::process::Command;

use crate::support::files::files_below;
use crate::support::fixture::Fixture;
use crate::support::program::{changed, local_workspace, run_to_end};

/// `ship` under a umask that forbids nothing.
async fn ship(fixture: &Fixture, folder: &Path, changes: &[(&str, &str)]) -> Option<i32> {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "umask 0; exec \"$0\" ship",
            env!("CARGO_BIN_EXE_okta-sentinel"),
        ])
        .env_clear()
        .envs(changed(fixture.settings(), changes))
        .current_dir(folder);
    run_to_end(&mut command).await.code
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Checks `folder`, which the program made, and all in it; and says how many files there are.
#[track_caller]
fn assert_private(folder: &Path) -> usize {
    let files = files_below(folder);
    for path in files.iter().map(|(path, _)| path) {
        assert_eq!(mode(path), 0o600, "{}", path.display());
        let folders = path
            .ancestors()
            .skip(1)
            .take_while(|it| it.starts_with(folder));
        for folder in folders {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
    }
    files.len()
}

#[tokio::test]
async fn in_a_state_folder() {
    let fixture = Fixture::with_events(20).await;
    let home = tempfile::tempdir().unwrap();
    let refused = workspace::Fault::status(400, "InvalidDataFormat");
    fixture.workspace.faults().always(refused);
    let state = home.path().join("deep/state");
    let changes = [("STATE_DIR", state.to_str().unwrap())];
    ship(&fixture, home.path(), &changes).await;
    assert!(assert_private(&home.path().join("deep")) >= 2);
    // A version before this one left its files open to all.
    let org = fs::read_dir(&state)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    for (path, _) in files_below(&org) {
        fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
    }
    fs::set_permissions(&org, Permissions::from_mode(0o777)).unwrap();
    fs::write(org.join(".new"), "left behind").unwrap();
    fs::set_permissions(org.join(".new"), Permissions::from_mode(0o666)).unwrap();
    fixture.workspace.faults().clear();
    assert_eq!(ship(&fixture, home.path(), &changes).await, Some(0));
    assert_private(&org);
}

#[tokio::test]
async fn in_an_output_folder() {
    let fixture = Fixture::with_events(20).await;
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("deep/out");
    let changes = local_workspace(out.to_str().unwrap());
    assert_eq!(ship(&fixture, home.path(), &changes).await, Some(0));
    assert!(assert_private(&home.path().join("deep")) >= 4);
    let table = out.join("Okta_CL.ndjson");
    fs::set_permissions(&table, Permissions::from_mode(0o644)).unwrap();
    // The folder may be a person's own, who lets others in.
    fs::set_permissions(&out, Permissions::from_mode(0o755)).unwrap();
    fixture.org.append(1);
    assert_eq!(ship(&fixture, home.path(), &changes).await, Some(0));
    assert_eq!((mode(&table), mode(&out)), (0o600, 0o755));
}
