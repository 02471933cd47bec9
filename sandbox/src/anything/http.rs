//! HTTP/1.1 by hand: the ends answer with bytes that no HTTP library would send.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;

/// Largest body that is read from the program or from a service.
const MAX_BODY: usize = 64 << 20;
/// Largest head.
const MAX_HEAD: u64 = 256 << 10;

/// A header's name and its value, which need not be text.
pub(super) type Header = (String, Vec<u8>);

/// A request of the program.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<Header>,
    pub(super) body: Vec<u8>,
}

/// The answer of a service.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<Header>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// A request of the sandbox's own.
    pub(super) fn new(method: &str, target: String) -> Request {
        Request {
            method: method.to_owned(),
            target,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        text_of(&self.headers, name)
    }

    /// The path without the query. The storage SDK encodes the slashes in a blob's name.
    pub(super) fn path(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        path.replace("%2F", "/")
    }

    /// Whether the query has this pair.
    pub(super) fn asks(&self, pair: &str) -> bool {
        let query = self.target.split_once('?').map(|(_, query)| query);
        query.is_some_and(|query| query.split('&').any(|known| known == pair))
    }

    /// Reads the next request of a connection; `None` when the client has closed it.
    pub(super) async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
        let Some((first, headers)) = read_head(stream).await? else {
            return Ok(None);
        };
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(invalid("no request line"));
        };
        let body = match framing(&headers) {
            Framing::ToTheEnd => Vec::new(),
            framing => read_body(stream, framing).await?,
        };
        Ok(Some(Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body,
        }))
    }

    /// Sends it to a service of this machine and reads the whole answer.
    pub(super) async fn send(&self, service: SocketAddr) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(service).await?;
        stream.set_nodelay(true)?;
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let own = [
            "connection",
            "content-length",
            "transfer-encoding",
            "expect",
        ];
        for (name, value) in &self.headers {
            if !own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                write_header(&mut head, name, value);
            }
        }
        if self.header("host").is_none() {
            write_header(&mut head, "Host", service.to_string().as_bytes());
        }
        if !self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT") {
            write_header(
                &mut head,
                "Content-Length",
                self.body.len().to_string().as_bytes(),
            );
        }
        head.extend_from_slice(b"Connection: close\r\n\r\n");
        stream.write_all(&head).await?;
        stream.write_all(&self.body).await?;
        Answer::read(&mut BufReader::new(stream), self.method == "HEAD").await
    }
}

impl Answer {
    async fn read(stream: &mut BufReader<TcpStream>, bodiless: bool) -> io::Result<Answer> {
        loop {
            let (first, headers) = read_head(stream)
                .await?
                .ok_or_else(|| invalid("the service closed the connection"))?;
            let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
            let status: u16 = status.ok_or_else(|| invalid("no status line"))?;
            if status < 200 {
                continue;
            }
            let body = match bodiless || matches!(status, 204 | 304) {
                true => Vec::new(),
                false => read_body(stream, framing(&headers)).await?,
            };
            return Ok(Answer {
                status,
                headers,
                body,
            });
        }
    }

    /// The first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        text_of(&self.headers, name)
    }

    /// Drops every header of this name.
    pub(super) fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Replaces every header of this name.
    pub(super) fn set(&mut self, name: &str, value: &[u8]) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

/// Adds a header line.
pub(super) fn write_header(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// Where a body ends.
enum Framing {
    Length(usize),
    Chunked,
    ToTheEnd,
}

fn framing(headers: &[Header]) -> Framing {
    if text_of(headers, "transfer-encoding").is_some() {
        return Framing::Chunked;
    }
    let length = text_of(headers, "content-length").and_then(|value| value.trim().parse().ok());
    length.map_or(Framing::ToTheEnd, Framing::Length)
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<Header>)>> {
    let mut limited = stream.take(MAX_HEAD);
    let Some(first) = read_line(&mut limited).await? else {
        return Ok(None);
    };
    let mut headers = Vec::new();
    loop {
        let line = read_line(&mut limited).await?;
        let line = line.ok_or_else(|| invalid("the head is cut off"))?;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.ok_or_else(|| invalid("no header"))?);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        headers.push((String::from_utf8_lossy(name).into_owned(), value.to_owned()));
    }
    Ok(Some((
        String::from_utf8_lossy(&first).into_owned(),
        headers,
    )))
}

/// A line without its end; `None` at the end of the stream.
async fn read_line(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(line))
}

async fn read_body(stream: &mut BufReader<TcpStream>, framing: Framing) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match framing {
        Framing::Length(length) if length > MAX_BODY => return Err(invalid("a body too large")),
        Framing::Length(length) => {
            body.resize(length, 0);
            stream.read_exact(&mut body).await?;
        }
        Framing::ToTheEnd => {
            stream.take(MAX_BODY as u64).read_to_end(&mut body).await?;
        }
        Framing::Chunked => loop {
            let line = read_line(stream).await?.unwrap_or_default();
            let size = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
            let size = size.map_err(|_| invalid("no size of a chunk"))?;
            if body.len() + size > MAX_BODY {
                return Err(invalid("a body too large"));
            }
            let before = body.len();
            body.resize(before + size, 0);
            stream
                .read_exact(body.get_mut(before..).unwrap_or_default())
                .await?;
            read_line(stream).await?;
            if size == 0 {
                break;
            }
        },
    }
    Ok(body)
}

fn text_of(headers: &[Header], name: &str) -> Option<String> {
    let found = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A service at this port of the loopback.
pub(super) fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
