//! The program as it is deployed: built against an old glibc, the same bytes from the same commit.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::process::Step;
use crate::{checkout, terminal};

/// The newest glibc that the program may need: that of the oldest image that runs Functions.
pub(super) const GLIBC: (u32, u32) = (2, 28);
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The linker that knows old glibcs, at exact versions, installed in an environment of its own.
const PARTS: [&str; 2] = ["ziglang==0.15.2", "cargo-zigbuild==0.24.0"];
const ENVIRONMENT: &str = "target/package/.venv";
const GET_PYTHON: &str =
    "install Python 3 with its venv module; the linker for old glibcs comes from PyPI";

/// Builds the program; `epoch` is the commit's time in seconds, which compilers may write down.
///
/// # Errors
/// A tool is missing, it does not build, or it needs a newer glibc than it may.
pub(super) fn build(epoch: &str) -> anyhow::Result<PathBuf> {
    let tools = tools()?;
    let (major, minor) = GLIBC;
    let target = format!("{TARGET}.{major}.{minor}");
    let arguments = [
        "zigbuild",
        "--release",
        "--locked",
        "--bin",
        "okta-sentinel",
        "--target",
        &target,
    ];
    let folder = checkout::target("package/build");
    // Paths of this machine, in panics' places and in C sources' names, become the same everywhere.
    let (root, home) = (checkout::root().display().to_string(), cargo_home());
    let rust =
        format!("--remap-path-prefix={home}=/cargo --remap-path-prefix={root}=/okta-sentinel");
    let c = format!("-ffile-prefix-map={home}=/cargo -ffile-prefix-map={root}=/okta-sentinel");
    let tool = |name: &str| tools.join(name).display().to_string();
    Step::new("build", &tool("cargo-zigbuild"), &arguments)
        .variable("CARGO_ZIGBUILD_PYTHON_PATH", &tool("python"))
        .variable("RUSTFLAGS", &rust)
        .variable("CFLAGS", &c)
        .variable("SOURCE_DATE_EPOCH", epoch)
        .variable("CARGO_INCREMENTAL", "0")
        .variable("CARGO_TARGET_DIR", &folder.display().to_string())
        .run()?;
    let binary = folder.join(TARGET).join("release/okta-sentinel");
    check(&binary)?;
    Ok(binary)
}

/// Fails where the program needs a newer glibc than it may.
///
/// # Errors
/// It does, or it cannot be read.
pub(super) fn check(binary: &Path) -> anyhow::Result<()> {
    let bytes =
        std::fs::read(binary).with_context(|| format!("{} cannot be read", binary.display()))?;
    let (major, minor) = newest_glibc(&bytes);
    if (major, minor) > GLIBC {
        bail!(
            "{} needs glibc {major}.{minor}, and Azure's images may have {}.{} only; leave --binary out, so that it is built for that",
            checkout::shown(binary),
            GLIBC.0,
            GLIBC.1
        );
    }
    terminal::line(&format!(
        "ok the program needs glibc {major}.{minor} or newer"
    ));
    Ok(())
}

/// The newest glibc whose symbols a binary names.
fn newest_glibc(binary: &[u8]) -> (u32, u32) {
    const MARK: &[u8] = b"GLIBC_";
    let versions = binary
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, window)| *window == MARK);
    let version = |at: usize| -> Option<(u32, u32)> {
        let text: String = binary
            .get(at + MARK.len()..)?
            .iter()
            .take(8)
            .map(|byte| char::from(*byte))
            .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
            .collect();
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    versions
        .filter_map(|(at, _)| version(at))
        .max()
        .unwrap_or((0, 0))
}

/// The folder with `cargo-zigbuild`, installed if it is not.
fn tools() -> anyhow::Result<PathBuf> {
    let environment = checkout::root().join(ENVIRONMENT);
    let tools = environment.join("bin");
    let is_there = |part: &str| {
        let (name, version) = part.split_once("==").unwrap_or((part, ""));
        let folder = format!("{}-{version}.dist-info", name.replace('-', "_"));
        Step::new(
            "python",
            "python3",
            &["-c", IS_THERE, &environment.display().to_string(), &folder],
        )
        .works()
    };
    if PARTS.iter().all(|part| is_there(part)) {
        return Ok(tools);
    }
    Step::new("setup", "python3", &["-m", "venv", ENVIRONMENT])
        .or_missing(GET_PYTHON)
        .run()?;
    let python = tools.join("python").display().to_string();
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        PARTS[0],
        PARTS[1],
    ];
    Step::new("setup", &python, &install).run()?;
    Ok(tools)
}

const IS_THERE: &str = "import pathlib, sys; sys.exit(not list(pathlib.Path(sys.argv[1]).glob(f'lib/*/site-packages/{sys.argv[2]}')))";

/// Where cargo keeps sources, whose paths would end up in the program.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo's own folder is no setting of the program"
)]
fn cargo_home() -> String {
    std::env::var("CARGO_HOME").unwrap_or_else(|_| {
        let home = std::env::var("HOME").unwrap_or_default();
        format!("{home}/.cargo")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_is_found_among_all_that_are_named() {
        let binary = b"\0GLIBC_2.4\0GLIBC_2.28\0GLIBC_2.2.5\0GLIBC_PRIVATE\0GLIBC_";
        assert_eq!(newest_glibc(binary), (2, 28));
        assert_eq!(newest_glibc(b"static"), (0, 0));
    }
}
