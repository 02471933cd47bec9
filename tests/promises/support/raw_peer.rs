//! A peer at the wire that answers what no real service does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct RawPeer {
    pub(crate) url: String,
    /// Requests that came so far.
    pub(crate) requests: Arc<AtomicUsize>,
    /// Bytes of bodies that were taken so far.
    pub(crate) written: Arc<AtomicUsize>,
}

/// How a peer goes on after an answer's head.
#[derive(Clone, Copy)]
pub(crate) enum Endless {
    /// As fast as it is read.
    Flood,
    /// A byte a second.
    Trickle,
}

impl RawPeer {
    /// Answers each request by what `answer` makes of its text, and hangs up.
    pub(crate) async fn answering(
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> RawPeer {
        let answer = Arc::new(answer);
        RawPeer::start(move |mut wire, request, _| {
            let answer = answer(&request);
            async move {
                let _ = wire.write_all(&answer).await;
                let _ = wire.shutdown().await;
            }
        })
        .await
    }

    /// Takes every request and says nothing.
    pub(crate) async fn silent() -> RawPeer {
        RawPeer::start(|wire, _, _| async move {
            let _held = wire;
            std::future::pending::<()>().await;
        })
        .await
    }

    /// Answers with this head, and a body that does not end.
    pub(crate) async fn endless(head: &'static str, how: Endless) -> RawPeer {
        RawPeer::start(move |mut wire, _, written: Arc<AtomicUsize>| async move {
            let _ = wire.write_all(head.as_bytes()).await;
            let block = match how {
                Endless::Flood => &[b' '; 64 * 1024][..],
                Endless::Trickle => b" ",
            };
            while wire.write_all(block).await.is_ok() {
                written.fetch_add(block.len(), Ordering::SeqCst);
                if let Endless::Trickle = how {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        })
        .await
    }

    async fn start<F>(
        serve: impl Fn(TcpStream, String, Arc<AtomicUsize>) -> F + Send + Sync + 'static,
    ) -> RawPeer
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, written) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (counted, body) = (Arc::clone(&requests), Arc::clone(&written));
        let serve = Arc::new(serve);
        tokio::spawn(async move {
            while let Ok((mut wire, _)) = listener.accept().await {
                let (serve, counted, body) =
                    (Arc::clone(&serve), Arc::clone(&counted), Arc::clone(&body));
                tokio::spawn(async move {
                    let request = read_request(&mut wire).await;
                    counted.fetch_add(1, Ordering::SeqCst);
                    serve(wire, request, body).await;
                });
            }
        });
        RawPeer {
            url,
            requests,
            written,
        }
    }
}

/// An answer that ends with its body.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Reads a request to the end that its head tells.
async fn read_request(wire: &mut TcpStream) -> String {
    let (mut bytes, mut block) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
            let whole = match length {
                Some(length) => body.len() >= length,
                None => !head.contains("chunked") || body.ends_with("0\r\n\r\n"),
            };
            if whole {
                return text.into_owned();
            }
        }
        match wire.read(&mut block).await {
            Ok(read @ 1..) => bytes.extend_from_slice(&block[..read]),
            _ => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}
