//! A gate on the way to a local service: open, slow, or shut so that connections are refused.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How the gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    /// Every piece of an answer comes this much later.
    Slow(Duration),
    /// Open connections are cut, new ones refused.
    Shut,
}

/// Carries connections from a port of its own to another one of the loopback.
#[derive(Debug)]
pub(super) struct Gate {
    port: u16,
    way: watch::Sender<Way>,
    keeper: JoinHandle<()>,
}

impl Gate {
    /// An open gate before `service`.
    ///
    /// # Errors
    /// No free port.
    pub(super) async fn before(service: u16) -> anyhow::Result<Gate> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no free port for the gate")?;
        let port = listener.local_addr()?.port();
        let way = watch::Sender::new(Way::Open);
        let keeper = tokio::spawn(keep(listener, port, service, way.subscribe()));
        Ok(Gate { port, way, keeper })
    }

    /// Where it listens while it is not shut.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Sets it, for open connections too.
    pub(super) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep(first: TcpListener, port: u16, service: u16, mut way: watch::Receiver<Way>) {
    let mut listener = Some(first);
    loop {
        let open = match listener.take() {
            Some(listener) => listener,
            // Somebody else may have the port for a moment.
            None => match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                Ok(listener) => listener,
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                }
            },
        };
        let for_each = way.clone();
        tokio::select! {
            _ = way.wait_for(|way| *way == Way::Shut) => {}
            never = admit(open, service, for_each) => match never {},
        }
        if way.wait_for(|way| *way != Way::Shut).await.is_err() {
            return;
        }
    }
}

/// Carries whoever comes, until dropped; that closes the port and cuts every connection.
async fn admit(port: TcpListener, service: u16, way: watch::Receiver<Way>) -> Infallible {
    let mut carried = JoinSet::new();
    loop {
        if let Ok((client, _)) = port.accept().await {
            carried.spawn(carry(client, service, way.clone()));
        }
    }
}

async fn carry(client: TcpStream, service: u16, way: watch::Receiver<Way>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, service)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        pump(from_client, to_server, None),
        pump(from_server, to_client, Some(way))
    );
}

/// Copies until one side ends; `way` tells how fast.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    way: Option<watch::Receiver<Way>>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let now = way.as_ref().map(|way| *way.borrow());
        if let Some(Way::Slow(delay)) = now {
            tokio::time::sleep(delay).await;
        }
        let read = buffer.get(..length).unwrap_or_default();
        if to.write_all(read).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        port
    }

    async fn asked(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(b"7").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_shut_gate_cuts_and_refuses_and_opens_again_at_its_port() {
        let gate = Gate::before(echo().await).await.unwrap();
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, gate.port()));
        let mut stream = connect().await.unwrap();
        assert_eq!(asked(&mut stream).await.unwrap(), b'7');
        gate.set(Way::Shut);
        assert!(stream.read_u8().await.is_err(), "cut");
        assert_eq!(
            connect().await.unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        gate.set(Way::Open);
        let mut stream = loop {
            match connect().await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert_eq!(asked(&mut stream).await.unwrap(), b'7');
    }
}
