//! `cargo xtask package`: everything that is published for one version, ready to be uploaded.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::process::Step;
use crate::{checkout, terminal};

mod address;
mod archive;
mod bill;
mod binary;
mod contents;

use address::BaseUrl;

/// The platform copies the package to a blob of this name; a release that uses it as well works
/// with every way of deploying.
const PACKAGE: &str = "released-package.zip";
const BILL: &str = "okta-sentinel.cdx.json";

/// What people are led to by address, with the address put in.
const DOCUMENTS: [&str; 4] = [
    "azuredeploy.json",
    "createUiDefinition.json",
    "sentinel/connector/OktaSentinel.json",
    "sentinel/connector/OktaSentinel_definition.json",
];

/// What `package` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where the release will lie: an https folder that answers without redirects
    #[arg(long, value_name = "URL")]
    base_url: BaseUrl,
    /// Where to write it
    #[arg(long, value_name = "FOLDER", default_value = "target/package/release")]
    out: PathBuf,
    /// A program that is built already, instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Builds the program, packs it and writes the release.
///
/// # Errors
/// It does not build, needs a newer glibc than it may, or cannot be written.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = match &options.binary {
        Some(binary) => {
            binary::check(binary)?;
            binary.clone()
        }
        None => binary::build(&commit_time()?)?,
    };
    let package = contents::zipped(&checkout::root(), &binary)?;
    let digest = hex(&Sha256::digest(&package));
    let out = checkout::root().join(&options.out);
    write(&out, PACKAGE, &package)?;
    write(
        &out,
        &format!("{PACKAGE}.sha256"),
        format!("{digest}  {PACKAGE}\n").as_bytes(),
    )?;
    write(&out, BILL, bill::of_materials()?.as_bytes())?;
    for name in DOCUMENTS {
        let text =
            fs::read_to_string(checkout::root().join(name)).with_context(|| name.to_owned())?;
        let file = name.rsplit('/').next().unwrap_or(name);
        write(&out, file, options.base_url.put_into(&text).as_bytes())?;
    }
    let (size, base) = (package.len() as f64 / 1e6, &options.base_url);
    terminal::line(&format!("ok {PACKAGE}: {size:.1} MB, SHA-256 {digest}"));
    terminal::line(&format!(
        "upload the files of {} to {base}/",
        checkout::shown(&out)
    ));
    Ok(())
}

/// The commit's time in seconds; `SOURCE_DATE_EPOCH` wins, as reproducible builds have it.
#[expect(
    clippy::disallowed_methods,
    reason = "SOURCE_DATE_EPOCH is no setting of the program"
)]
fn commit_time() -> anyhow::Result<String> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(epoch);
    }
    let time = Step::new("time", "git", &["log", "-1", "--format=%ct"]).output()?;
    Ok(time.trim().to_owned())
}

fn write(folder: &Path, name: &str, contents: &[u8]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    fs::write(&path, contents).with_context(|| format!("{} cannot be written", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
