//! HTTP/1.1 by hand, because a library would correct what the host leaves wrong.

use std::io;
use std::net::Ipv4Addr;

use bytes::Bytes;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;

/// Longest line of a head, and most lines in one.
const LINE_LIMIT: u64 = 64 * 1024;
const HEADER_LIMIT: usize = 256;
/// Size of the pieces that a body is sent in.
const CHUNK: usize = 4096;

/// An answer in full.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reason: String,
    headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Answer {
    /// The value of a header, asked for in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// `GET path`, without a body.
pub(super) async fn get(port: u16, path: &str) -> io::Result<Answer> {
    let mut stream = connect(port).await?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    receive(stream).await
}

/// `POST path` with a chunked body and no length, as the host sends it.
pub(super) async fn post(
    port: u16,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = connect(port).await?;
    let mut head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("Transfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    for chunk in body.chunks(CHUNK) {
        stream
            .write_all(format!("{:X}\r\n", chunk.len()).as_bytes())
            .await?;
        stream.write_all(chunk).await?;
        stream.write_all(b"\r\n").await?;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    receive(stream).await
}

async fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    // Nobody listens, yet the kernel may pick the wanted port for our own end and connect it to
    // itself; left open, it would also keep the handler from binding.
    if stream.local_addr()? == stream.peer_addr()? {
        stream.set_zero_linger()?;
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn receive(stream: TcpStream) -> io::Result<Answer> {
    let mut reader = BufReader::new(stream);
    loop {
        let (status, reason) = status_line(&line(&mut reader).await?)?;
        let headers = headers(&mut reader).await?;
        if (100..200).contains(&status) {
            continue;
        }
        let body = body(&mut reader, status, &headers).await?.into();
        return Ok(Answer {
            status,
            reason,
            headers,
            body,
        });
    }
}

fn status_line(line: &str) -> io::Result<(u16, String)> {
    let mut words = line.splitn(3, ' ');
    let version = words
        .next()
        .filter(|version| version.starts_with("HTTP/1."));
    let status = words.next().and_then(|status| status.parse().ok());
    let (Some(_), Some(status)) = (version, status) else {
        return Err(malformed("the answer has no HTTP status line"));
    };
    Ok((status, words.next().unwrap_or_default().to_owned()))
}

async fn headers(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    while headers.len() < HEADER_LIMIT {
        let line = line(reader).await?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| malformed("a header has no colon"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Err(malformed("the answer has too many headers"))
}

async fn body(
    reader: &mut (impl AsyncBufRead + Unpin),
    status: u16,
    headers: &[(String, String)],
) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if status == 204 || status == 304 {
        return Ok(body);
    }
    let coding = find(headers, "transfer-encoding").unwrap_or_default();
    if coding.eq_ignore_ascii_case("chunked") {
        while let size @ 1.. = chunk_size(&line(reader).await?)? {
            exactly(reader, size, &mut body).await?;
            if !line(reader).await?.is_empty() {
                return Err(malformed("a chunk is longer than it says"));
            }
        }
        while !line(reader).await?.is_empty() {}
    } else if let Some(length) = find(headers, "content-length") {
        let length = length
            .parse()
            .map_err(|_| malformed("Content-Length is no number"))?;
        exactly(reader, length, &mut body).await?;
    } else {
        reader.read_to_end(&mut body).await?;
    }
    Ok(body)
}

fn chunk_size(line: &str) -> io::Result<u64> {
    let size = line.split(';').next().unwrap_or_default().trim();
    u64::from_str_radix(size, 16).map_err(|_| malformed("a chunk has no size"))
}

async fn exactly(
    reader: &mut (impl AsyncBufRead + Unpin),
    length: u64,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    if reader.take(length).read_to_end(body).await? as u64 == length {
        return Ok(());
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(LINE_LIMIT).read_until(b'\n', &mut line).await?;
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8(line.to_vec()).map_err(|_| malformed("the head is not text"))
}

fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(header, _)| header == name)
        .map(|(_, value)| value.as_str())
}

fn malformed(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
