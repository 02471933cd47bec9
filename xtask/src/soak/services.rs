//! The local services of a campaign.

use anyhow::Context as _;
use sandbox::okta::{OktaOrg, OrgConfig};
use sandbox::workspace::{Config, Detail, Workspace};

/// Starts an org, and a workspace that counts ids alone.
///
/// # Errors
/// No free port.
pub(super) async fn start(org: OrgConfig) -> anyhow::Result<(OktaOrg, Workspace)> {
    let org = OktaOrg::start(org).await;
    let org = org.context("the local Okta org cannot be started")?;
    let workspace = Workspace::start(Config {
        detail: Detail::IdsOnly,
        keep_rows: 0,
        ..Config::default()
    });
    let workspace = workspace
        .await
        .context("the local workspace cannot be started")?;
    Ok((org, workspace))
}
