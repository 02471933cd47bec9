//! Azurite, Microsoft's own emulator of Blob storage: real ETags, real leases, on loopback.
//!
//! One Azurite serves a whole test process ([`Azurite::shared`]); tests keep apart by the org they
//! store for. Its life hangs on a pipe: it leaves when its standard input closes, so it cannot
//! outlive the process that started it, however that one ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::OnceCell;
use url::Url;
use url::form_urlencoded::Serializer;

/// The account that every Azurite serves.
pub const ACCOUNT: &str = "devstoreaccount1";

/// Its key: the same on every machine, published by Microsoft, and no secret.
/// <https://learn.microsoft.com/azure/storage/common/storage-connect-azurite>
pub const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A cold start on two busy cores takes a few seconds.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Leaves when standard input closes, and is Azurite until then.
const TIED_TO_STDIN: &str =
    "process.stdin.on('end', () => process.exit(0)).resume(); require(process.argv[1]);";

/// A running blob service.
#[derive(Debug)]
pub struct Azurite {
    endpoint: Url,
    node: Child,
}

/// Why there is no Azurite.
#[derive(Debug)]
pub enum AzuriteError {
    /// The pinned parts are not installed.
    NotInstalled(PathBuf),
    /// It was started and does not listen.
    NotListening(String),
}

impl std::fmt::Display for AzuriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AzuriteError::NotInstalled(main) => {
                write!(f, "{} is missing: run cargo xtask setup", main.display())
            }
            AzuriteError::NotListening(why) => {
                write!(
                    f,
                    "Azurite did not start ({why}); is Node 20 or later there? Else run cargo xtask setup"
                )
            }
        }
    }
}

impl std::error::Error for AzuriteError {}

impl Azurite {
    /// Starts one on a free port, empty, its blobs in memory; it is listening when this returns.
    ///
    /// # Errors
    /// When the pinned parts are not installed, or it does not start.
    pub async fn start() -> Result<Azurite, AzuriteError> {
        Azurite::start_from(&installed_main()).await
    }

    /// The one of this process, started by whoever asks first.
    ///
    /// # Errors
    /// As [`Azurite::start`].
    pub async fn shared() -> Result<&'static Azurite, AzuriteError> {
        static SHARED: OnceCell<Azurite> = OnceCell::const_new();
        SHARED.get_or_try_init(Azurite::start).await
    }

    async fn start_from(main: &Path) -> Result<Azurite, AzuriteError> {
        if !main.is_file() {
            return Err(AzuriteError::NotInstalled(main.to_owned()));
        }
        let main = main.to_owned();
        tokio::task::spawn_blocking(move || launch(&main))
            .await
            .map_err(|stopped| AzuriteError::NotListening(stopped.to_string()))?
    }

    /// `http://127.0.0.1:PORT/devstoreaccount1`.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// What `AzureWebJobsStorage` holds to use it.
    pub fn connection_string(&self) -> String {
        format!(
            "DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={};",
            self.endpoint
        )
    }

    /// As [`account_sas`].
    pub fn account_sas(&self) -> String {
        account_sas()
    }

    /// The address of one blob, with [`Azurite::account_sas`], for a look behind the program's back.
    pub fn blob_url(&self, container: &str, blob: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{ACCOUNT}/{container}/{blob}"));
        url.set_query(Some(&self.account_sas()));
        url
    }
}

/// An account SAS of the blob service with every permission, without a leading `?`.
/// <https://learn.microsoft.com/rest/api/storageservices/create-account-sas>
pub fn account_sas() -> String {
    let (permissions, services, kinds) = ("rwdlacup", "b", "sco");
    let (expiry, protocol, version) = ("2099-01-01T00:00:00Z", "https,http", "2022-11-02");
    let to_sign = format!(
        "{ACCOUNT}\n{permissions}\n{services}\n{kinds}\n\n{expiry}\n\n{protocol}\n{version}\n\n"
    );
    Serializer::new(String::new())
        .append_pair("sv", version)
        .append_pair("ss", services)
        .append_pair("srt", kinds)
        .append_pair("sp", permissions)
        .append_pair("se", expiry)
        .append_pair("spr", protocol)
        .append_pair("sig", &signature(&to_sign))
        .finish()
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // It may have exited already; an error changes nothing.
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

fn installed_main() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/parts/node_modules/azurite/dist/src/blob/main.js")
}

/// Plain threads rather than tasks: a test's runtime ends before the process does, and a shared
/// Azurite must not notice.
fn launch(main: &Path) -> Result<Azurite, AzuriteError> {
    let mut node = Command::new("node")
        .args(["-e", TIED_TO_STDIN, "--"])
        .arg(main)
        .args(["--blobHost", "127.0.0.1", "--blobPort", "0"])
        .args(["--inMemoryPersistence", "--skipApiVersionCheck"])
        .args(["--silent", "--disableTelemetry"])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|problem| AzuriteError::NotListening(format!("node: {problem}")))?;
    match listening_at(&mut node) {
        Ok(endpoint) => Ok(Azurite { endpoint, node }),
        Err(why) => {
            let _ = node.kill();
            let _ = node.wait();
            Err(AzuriteError::NotListening(why))
        }
    }
}

/// Waits for the line that names the port, then keeps the pipe drained.
fn listening_at(node: &mut Child) -> Result<Url, String> {
    let stdout = node.stdout.take().ok_or("no standard output")?;
    let (found, first) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once("successfully listens on ") {
                let _ = found.send(address.trim().to_owned());
            }
        }
    });
    let address = first
        .recv_timeout(START_LIMIT)
        .map_err(|_| "no word of a port on its standard output".to_owned())?;
    Url::parse(&address)
        .and_then(|base| base.join(ACCOUNT))
        .map_err(|problem| format!("{address}: {problem}"))
}

fn signature(to_sign: &str) -> String {
    let key = STANDARD.decode(KEY).unwrap_or_default();
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return String::new();
    };
    mac.update(to_sign.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn missing_parts_are_named_with_the_command_that_installs_them() {
        let nowhere = Path::new("/nowhere/azurite/main.js");
        let refused = Azurite::start_from(nowhere).await.expect_err("not there");
        assert!(
            refused.to_string().contains("run cargo xtask setup"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn it_listens_when_started_and_is_gone_when_dropped() {
        let azurite = Azurite::start().await.expect("Azurite");
        let address = azurite.endpoint().socket_addrs(|| None).expect("loopback")[0];
        assert!(std::net::TcpStream::connect(address).is_ok());
        drop(azurite);
        assert!(std::net::TcpStream::connect(address).is_err());
    }

    #[tokio::test]
    async fn it_leaves_when_its_standard_input_closes_as_at_the_death_of_a_test() {
        let mut azurite = Azurite::start().await.expect("Azurite");
        drop(azurite.node.stdin.take());
        let left = azurite.node.wait().expect("it ends by itself");
        assert!(left.success(), "{left}");
    }

    #[tokio::test]
    async fn its_own_signature_opens_it_and_a_wrong_one_does_not() {
        let azurite = Azurite::start().await.expect("Azurite");
        let mut blob = azurite.blob_url("container", "blob");
        assert_eq!(status(&blob).await, 404);
        let wrong = azurite.account_sas().replace("sig=", "sig=AAAA");
        blob.set_query(Some(&wrong));
        assert_eq!(status(&blob).await, 403);
    }

    async fn status(url: &Url) -> u16 {
        reqwest::get(url.clone())
            .await
            .expect("an answer")
            .status()
            .as_u16()
    }
}
