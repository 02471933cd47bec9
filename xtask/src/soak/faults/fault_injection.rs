//! Faults that need an actor while runs go on.

use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use sandbox::okta::events::EventMaker;
use sandbox::{okta, workspace};
use serde_json::Value;

use super::fixture::{Fixture, State};
use crate::soak::proxy::Mode;

type Done = anyhow::Result<()>;

/// Okta stalls for a moment.
pub(super) async fn okta_stall(fixture: &Fixture) -> Done {
    let faults = fixture.org.faults();
    faults.push(okta::Fault::Stall);
    faults.wait_for_stalled(1).await;
    faults.release();
    Ok(())
}

/// Events that say they happened hours ago.
pub(super) async fn late_events(fixture: &Fixture) -> Done {
    fixture.org.append_late(120, Duration::from_secs(5 * 3600));
    Ok(())
}

/// The same events three times over, byte for byte.
pub(super) async fn duplicates(fixture: &Fixture) -> Done {
    // A seed that no org of ours has, so that the events are no other's.
    let maker = EventMaker::new(u64::MAX, Utc::now(), Duration::from_millis(1));
    let events: Vec<_> = (0..10).map(|number| maker.event(number)).collect();
    let twice = events
        .iter()
        .flat_map(|event| [event.clone(), event.clone()]);
    fixture
        .org
        .append_raw(twice.chain(events.iter().cloned()).collect());
    Ok(())
}

/// A post waits unread.
pub(super) async fn workspace_stall(fixture: &Fixture) -> Done {
    fixture.workspace.faults().push(workspace::Fault::Stall);
    fixture.workspace.faults().wait_for_stalled(1).await;
    fixture.workspace.faults().release();
    Ok(())
}

/// A post is stored, its answer waits.
pub(super) async fn accept_then_stall(fixture: &Fixture) -> Done {
    let faults = fixture.workspace.faults();
    faults.push(workspace::Fault::AcceptThenStall);
    faults.wait_for_stalled(1).await;
    faults.release();
    Ok(())
}

/// The workspace refuses every row, as after a change of its own.
pub(super) async fn systematic_400(fixture: &Fixture) -> Done {
    let posts = fixture.workspace.posts().len();
    let faults = fixture.workspace.faults();
    faults.always(workspace::Fault::status(400, "InvalidDataFormat"));
    fixture.posts(posts + 40).await;
    // Not in the middle of a batch: what is refused beside what is taken is a dead letter.
    let _quiet = fixture.between_runs().await;
    faults.clear();
    Ok(())
}

/// The host ends the process three times.
pub(super) async fn told_to_stop(fixture: &Fixture) -> Done {
    for _ in 0..3 {
        let posts = fixture.workspace.posts().len();
        drop(fixture.between_runs().await);
        fixture.posts(posts + 2).await;
    }
    Ok(())
}

/// The cursor is damaged in a way that only Okta notices.
pub(super) async fn garbage_cursor(fixture: &Fixture) -> Done {
    let _quiet = fixture.between_runs().await;
    free(fixture).await?;
    let mut document: Value = serde_json::from_str(&fixture.cursor().await?)?;
    let cursor = document
        .get_mut("cursor")
        .context("no cursor in cursor.json")?;
    let after = "after=nobody-handed-this-out&limit=1000&sortOrder=ASCENDING";
    *cursor = format!("{}/api/v1/logs?{after}", fixture.org.url()).into();
    fixture.write_cursor(&document.to_string()).await
}

/// Another writer writes the cursor's document, in other bytes, during a run.
pub(super) async fn foreign_write(fixture: &Fixture) -> Done {
    let faults = fixture.workspace.faults();
    // While a post waits, nothing is saved: what is read is what is there when it is written.
    faults.push(workspace::Fault::Stall);
    faults.wait_for_stalled(1).await;
    free(fixture).await?;
    let document: Value = serde_json::from_str(&fixture.cursor().await?)?;
    fixture.write_cursor(&document.to_string()).await?;
    faults.release();
    Ok(())
}

/// Storage refuses connections for this many milliseconds.
pub(super) async fn shut(fixture: &Fixture, milliseconds: u64) -> Done {
    set(fixture, Mode::Closed);
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    set(fixture, Mode::Open);
    Ok(())
}

/// Storage is slow for some saves.
pub(super) async fn slow(fixture: &Fixture) -> Done {
    let posts = fixture.workspace.posts().len();
    set(fixture, Mode::Slow(Duration::from_millis(300)));
    fixture.posts(posts + 5).await;
    set(fixture, Mode::Open);
    Ok(())
}

/// Another writer has the lease for a while.
pub(super) async fn lease_stolen(fixture: &Fixture) -> Done {
    let State::Blobs { blobs, .. } = &fixture.state else {
        return Ok(());
    };
    let faults = fixture.workspace.faults();
    faults.push(workspace::Fault::Stall);
    faults.wait_for_stalled(1).await;
    blobs.break_lease().await?;
    blobs.take_lease().await?;
    fixture.set_lease_stolen(true);
    faults.release();
    tokio::time::sleep(Duration::from_secs(1)).await;
    blobs.break_lease().await?;
    fixture.set_lease_stolen(false);
    Ok(())
}

fn set(fixture: &Fixture, mode: Mode) {
    if let State::Blobs { proxy, .. } = &fixture.state {
        proxy.set(mode);
    }
}

async fn free(fixture: &Fixture) -> Done {
    if let State::Blobs { blobs, .. } = &fixture.state {
        blobs.break_lease().await?;
    }
    Ok(())
}
