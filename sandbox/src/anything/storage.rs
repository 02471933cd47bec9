//! Storage behind the program's back.

use std::io;
use std::net::SocketAddr;

use super::http::{Request, local};
use crate::azurite::{ACCOUNT, Azurite};

/// The container of the program.
const CONTAINER: &str = "okta-sentinel";

/// The shared Azurite, by an account SAS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storage(pub(super) &'static Azurite);

impl Storage {
    pub(super) fn port(self) -> u16 {
        self.0.endpoint().port().unwrap_or_default()
    }

    fn address(self) -> SocketAddr {
        local(self.port())
    }

    /// Ends the lease on the cursor at this path, as if its time had run out.
    pub(super) async fn break_lease(self, cursor: &str) -> io::Result<()> {
        if let Some(request) = break_lease(cursor) {
            request.send(self.address()).await?;
        }
        Ok(())
    }

    /// The text of every dead letter beside the cursor at this path.
    pub(super) async fn dead_letters(self, cursor: &str) -> io::Result<Vec<String>> {
        let folder = cursor.strip_suffix("/cursor.json").unwrap_or(cursor);
        let root = format!("/{ACCOUNT}/{CONTAINER}");
        let prefix = folder.strip_prefix(&format!("{root}/")).unwrap_or(folder);
        let sas = sas();
        let list =
            format!("{root}?restype=container&comp=list&prefix={prefix}/dead-letters/&{sas}");
        let listed = Request::new("GET", list).send(self.address()).await?;
        let listed = String::from_utf8_lossy(&listed.body).into_owned();
        let mut letters = Vec::new();
        for name in listed.split("<Name>").skip(1) {
            let name = name.split("</Name>").next().unwrap_or_default();
            let letter = Request::new("GET", format!("{root}/{name}?{sas}"));
            let letter = letter.send(self.address()).await?;
            letters.push(String::from_utf8_lossy(&letter.body).into_owned());
        }
        Ok(letters)
    }
}

/// Lease Blob: break, of the blob at this path.
pub(super) fn break_lease(path: &str) -> Option<Request> {
    let path = path
        .split('?')
        .next()
        .filter(|path| path.ends_with("/cursor.json"))?;
    let mut request = Request::new("PUT", format!("{path}?comp=lease&{}", sas()));
    let mut header = |name: &str, value: &str| {
        request.headers.push((name.to_owned(), value.into()));
    };
    header("x-ms-lease-action", "break");
    header("x-ms-lease-break-period", "0");
    header("x-ms-version", "2022-11-02");
    Some(request)
}

fn sas() -> String {
    crate::azurite::account_sas()
}
