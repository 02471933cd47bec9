//! Connections that the org can tear down with a TCP reset, before or within an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Accepts connections and hands each request a [`Wire`] to its own.
#[derive(Debug)]
pub(super) struct WireListener(pub(super) TcpListener);

/// A grip on the connection that a request came in by.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    doomed: AtomicBool,
    sent: AtomicU64,
    progress: Notify,
}

impl Wire {
    /// Nothing more is sent: at the next attempt the peer gets a reset instead.
    pub(super) fn reset(&self) {
        self.0.doomed.store(true, Ordering::Release);
    }

    /// Bytes that the kernel took so far, of all answers on this connection.
    pub(super) fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Acquire)
    }

    /// Waits until that many bytes went out.
    pub(super) async fn sent_at_least(&self, bytes: u64) {
        loop {
            let progress = self.0.progress.notified();
            if self.sent() >= bytes {
                return;
            }
            progress.await;
        }
    }
}

impl Connected<IncomingStream<'_, WireListener>> for Wire {
    fn connect_info(stream: IncomingStream<'_, WireListener>) -> Self {
        stream.io().wire.clone()
    }
}

impl Listener for WireListener {
    type Io = WireStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (tcp, peer) = Listener::accept(&mut self.0).await;
        // Answers go out in pieces; waiting for the peer's acknowledgement would cost 40 ms each.
        let _ = tcp.set_nodelay(true);
        (
            WireStream {
                tcp,
                wire: Wire::default(),
            },
            peer,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// The bytes of one connection.
#[derive(Debug)]
pub(super) struct WireStream {
    tcp: TcpStream,
    wire: Wire,
}

impl WireStream {
    fn alive(&self) -> io::Result<()> {
        if self.wire.0.doomed.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }

    fn counted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.wire.0.sent.fetch_add(bytes as u64, Ordering::AcqRel);
            self.wire.0.progress.notify_waiters();
        }
        written
    }
}

impl Drop for WireStream {
    fn drop(&mut self) {
        if self.alive().is_err() {
            // Closing without lingering is what makes the kernel send a reset, not an end.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for WireStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for WireStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.alive()?;
        let written = Pin::new(&mut self.tcp).poll_write(cx, buf);
        self.counted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.alive()?;
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs);
        self.counted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive()?;
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
