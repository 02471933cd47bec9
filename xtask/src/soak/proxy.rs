//! A TCP proxy before a local service: open, slow, or closed so that connections are refused.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the proxy does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Open,
    /// Every piece of an answer comes this much later.
    Slow(Duration),
    /// Open connections are cut, new ones refused.
    Closed,
}

/// Forwards connections from a port of its own to another port of the loopback.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    acceptor: JoinHandle<()>,
}

impl Proxy {
    /// An open proxy to the port `service`.
    ///
    /// # Errors
    /// No free port.
    pub(super) async fn start(service: u16) -> anyhow::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no free port for the proxy")?;
        let port = listener.local_addr()?.port();
        let mode = watch::Sender::new(Mode::Open);
        let acceptor = tokio::spawn(accept_while_open(listener, port, service, mode.subscribe()));
        Ok(Proxy {
            port,
            mode,
            acceptor,
        })
    }

    /// Where it listens while it is not closed.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Sets it, for open connections too.
    pub(super) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept_while_open(
    first: TcpListener,
    port: u16,
    service: u16,
    mut mode: watch::Receiver<Mode>,
) {
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
        let for_each = mode.clone();
        tokio::select! {
            _ = mode.wait_for(|mode| *mode == Mode::Closed) => {}
            never = forward_all(open, service, for_each) => match never {},
        }
        if mode.wait_for(|mode| *mode != Mode::Closed).await.is_err() {
            return;
        }
    }
}

/// Forwards every connection, until dropped; that closes the port and cuts every connection.
async fn forward_all(port: TcpListener, service: u16, mode: watch::Receiver<Mode>) -> Infallible {
    let mut forwarded = JoinSet::new();
    loop {
        if let Ok((client, _)) = port.accept().await {
            forwarded.spawn(forward(client, service, mode.clone()));
        }
    }
}

async fn forward(client: TcpStream, service: u16, mode: watch::Receiver<Mode>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, service)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        pump(from_client, to_server, None),
        pump(from_server, to_client, Some(mode))
    );
}

/// Copies until one side ends; `mode` may delay each piece.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mode: Option<watch::Receiver<Mode>>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let now = mode.as_ref().map(|mode| *mode.borrow());
        if let Some(Mode::Slow(delay)) = now {
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
    async fn a_closed_proxy_cuts_and_refuses_and_opens_again_at_its_port() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()));
        let mut stream = connect().await.unwrap();
        assert_eq!(asked(&mut stream).await.unwrap(), b'7');
        proxy.set(Mode::Closed);
        assert!(stream.read_u8().await.is_err(), "cut");
        assert_eq!(
            connect().await.unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        proxy.set(Mode::Open);
        let mut stream = loop {
            match connect().await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert_eq!(asked(&mut stream).await.unwrap(), b'7');
    }
}
