//! Faults that take more than a script: somebody acts while runs go on.

use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use sandbox::okta::events::EventMaker;
use sandbox::{okta, workspace};
use serde_json::Value;

use super::scene::{Scene, State};
use crate::soak::gate::Way;

type Done = anyhow::Result<()>;

/// Okta is silent for a moment.
pub(super) async fn okta_stall(scene: &Scene) -> Done {
    let faults = scene.org.faults();
    faults.push(okta::Fault::Stall);
    faults.wait_for_stalled(1).await;
    faults.release();
    Ok(())
}

/// Events that say they happened hours ago.
pub(super) async fn late_events(scene: &Scene) -> Done {
    scene.org.append_late(120, Duration::from_secs(5 * 3600));
    Ok(())
}

/// The same events three times over, byte for byte.
pub(super) async fn duplicates(scene: &Scene) -> Done {
    // A seed that no org of ours has, so that the events are no other's.
    let maker = EventMaker::new(u64::MAX, Utc::now(), Duration::from_millis(1));
    let events: Vec<_> = (0..10).map(|number| maker.event(number)).collect();
    let twice = events
        .iter()
        .flat_map(|event| [event.clone(), event.clone()]);
    scene
        .org
        .append_raw(twice.chain(events.iter().cloned()).collect());
    Ok(())
}

/// A post waits unread.
pub(super) async fn workspace_stall(scene: &Scene) -> Done {
    scene.workspace.faults().push(workspace::Fault::Stall);
    scene.workspace.faults().wait_for_stalled(1).await;
    scene.workspace.faults().release();
    Ok(())
}

/// A post is stored, its answer waits.
pub(super) async fn accept_then_stall(scene: &Scene) -> Done {
    let faults = scene.workspace.faults();
    faults.push(workspace::Fault::AcceptThenStall);
    faults.wait_for_stalled(1).await;
    faults.release();
    Ok(())
}

/// The workspace refuses every row, as after a change of its own.
pub(super) async fn systematic_400(scene: &Scene) -> Done {
    let posts = scene.workspace.posts().len();
    let faults = scene.workspace.faults();
    faults.always(workspace::Fault::status(400, "InvalidDataFormat"));
    scene.posts(posts + 40).await;
    // Not in the middle of a batch: what is refused beside what is taken is a dead letter.
    let _quiet = scene.between_runs().await;
    faults.clear();
    Ok(())
}

/// The host ends the process three times.
pub(super) async fn told_to_stop(scene: &Scene) -> Done {
    for _ in 0..3 {
        let posts = scene.workspace.posts().len();
        drop(scene.between_runs().await);
        scene.posts(posts + 2).await;
    }
    Ok(())
}

/// Somebody damages the cursor in a way that Okta alone can tell.
pub(super) async fn garbage_cursor(scene: &Scene) -> Done {
    let _quiet = scene.between_runs().await;
    free(scene).await?;
    let mut document: Value = serde_json::from_str(&scene.cursor().await?)?;
    let cursor = document
        .get_mut("cursor")
        .context("no cursor in cursor.json")?;
    let after = "after=nobody-handed-this-out&limit=1000&sortOrder=ASCENDING";
    *cursor = format!("{}/api/v1/logs?{after}", scene.org.url()).into();
    scene.write_cursor(&document.to_string()).await
}

/// Somebody writes the cursor's document anew, in other bytes, under a run's hands.
pub(super) async fn stranger(scene: &Scene) -> Done {
    let faults = scene.workspace.faults();
    // While a post waits, nothing is saved: what is read is what is there when it is written.
    faults.push(workspace::Fault::Stall);
    faults.wait_for_stalled(1).await;
    free(scene).await?;
    let document: Value = serde_json::from_str(&scene.cursor().await?)?;
    scene.write_cursor(&document.to_string()).await?;
    faults.release();
    Ok(())
}

/// Storage refuses connections for so many milliseconds.
pub(super) async fn shut(scene: &Scene, milliseconds: u64) -> Done {
    set(scene, Way::Shut);
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    set(scene, Way::Open);
    Ok(())
}

/// Storage takes its time over some saves.
pub(super) async fn slow(scene: &Scene) -> Done {
    let posts = scene.workspace.posts().len();
    set(scene, Way::Slow(Duration::from_millis(300)));
    scene.posts(posts + 5).await;
    set(scene, Way::Open);
    Ok(())
}

/// Another writer has the lease for a while.
pub(super) async fn lease_stolen(scene: &Scene) -> Done {
    let State::Blobs { blobs, .. } = &scene.state else {
        return Ok(());
    };
    let faults = scene.workspace.faults();
    faults.push(workspace::Fault::Stall);
    faults.wait_for_stalled(1).await;
    blobs.break_lease().await?;
    blobs.take_lease().await?;
    scene.lease_is_stolen(true);
    faults.release();
    tokio::time::sleep(Duration::from_secs(1)).await;
    blobs.break_lease().await?;
    scene.lease_is_stolen(false);
    Ok(())
}

fn set(scene: &Scene, way: Way) {
    if let State::Blobs { gate, .. } = &scene.state {
        gate.set(way);
    }
}

async fn free(scene: &Scene) -> Done {
    if let State::Blobs { blobs, .. } = &scene.state {
        blobs.break_lease().await?;
    }
    Ok(())
}
