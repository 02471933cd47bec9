//! The package holds the program and the functions, with the file modes that they need. It is the
//! same bytes each time. It ships events when a Functions host starts it from where it was
//! unpacked.

#[path = "../../xtask/src/package/archive.rs"]
mod archive;
#[path = "../../xtask/src/package/contents.rs"]
mod contents;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sandbox::functions_host::{Config, FunctionsHost};
use serde_json::Value;

use crate::support::fixture::Fixture;
use crate::support::parts;
use crate::support::program::{TIMER, changed, run_ended, with_timeout};

const BINARY: &str = env!("CARGO_BIN_EXE_okta-sentinel");

fn package() -> Vec<u8> {
    contents::zipped(Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(BINARY)).unwrap()
}

/// Unpacks by somebody else's reader, which checks digests and says what it finds.
fn unpacked(into: &Path) -> Value {
    const UNPACK: &str = "if True:
        import json, os, sys, zipfile
        archive = zipfile.ZipFile('package.zip')
        assert archive.testzip() is None
        archive.extractall('app')
        found = []
        for entry in archive.infolist():
            mode = entry.external_attr >> 16 & 0o777
            os.chmod(os.path.join('app', entry.filename), mode)
            found.append([entry.filename, oct(mode), list(entry.date_time), entry.create_system])
        print(json.dumps(found))";
    std::fs::write(into.join("package.zip"), package()).unwrap();
    let mut python = parts::python();
    let output = python
        .args(["-c", UNPACK])
        .current_dir(into)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_same_files_make_the_same_package() {
    assert!(
        package() == package(),
        "two packages of one checkout differ"
    );
}

#[tokio::test]
async fn a_package_ships_from_where_it_was_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let found = unpacked(folder.path());
    let entries: Vec<(&str, &str)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry[0].as_str().unwrap(), entry[1].as_str().unwrap()))
        .collect();
    assert!(
        entries.contains(&("okta-sentinel", "0o755")) && entries.contains(&("host.json", "0o644"))
    );
    for (name, mode) in &entries {
        let function = name
            .strip_suffix("/function.json")
            .is_some_and(|it| !it.contains('/'));
        assert!(
            ["okta-sentinel", "host.json"].contains(name) || (function && *mode == "0o644"),
            "{name} {mode}"
        );
    }
    assert!(
        entries
            .iter()
            .any(|(name, _)| *name == format!("{TIMER}/function.json"))
    );
    // One time and one system for all, so that nothing of the machine is in it.
    assert!(
        found
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry[2] == found[0][2] && entry[3] == 3)
    );

    let app = folder.path().join("app");
    let mode = std::fs::metadata(app.join("okta-sentinel"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755);
    let fixture = Fixture::with_events(3).await;
    let mut config = Config::new(&app).setting("OKTA_POLL_SCHEDULE", "0 * * * * *");
    config.app_settings.extend(changed(fixture.settings(), &[]));
    let host = with_timeout(FunctionsHost::start(config)).await.unwrap();
    let run = with_timeout(host.invoke_timer(TIMER)).await;
    assert!(run.succeeded(), "{run:?}");
    run_ended(&host, &run).await;
    fixture.assert_each_event_is_there_once();
}
