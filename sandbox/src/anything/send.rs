//! Odd answers as bytes. Each function returns whether the connection can be used again; `Ok(false)`
//! keeps it open and silent, and an error closes it.

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::http::{Answer, write_header};
use super::odd::{Change, Content, Length, Reply, Whole};

/// From one byte of a trickle to the next.
const TRICKLE: Duration = Duration::from_millis(20);
/// Bytes that are written at once where a body is long.
const PIECE: usize = 64 << 10;

/// A service's own answer.
pub(super) async fn plain(
    stream: &mut TcpStream,
    answer: &Answer,
    bodiless: bool,
) -> io::Result<bool> {
    stream.write_all(&head_of(answer, bodiless)).await?;
    stream.write_all(&answer.body).await?;
    Ok(true)
}

/// An answer of the end's own.
pub(super) async fn reply(stream: &mut TcpStream, reply: &Reply) -> io::Result<bool> {
    match reply {
        Reply::Silence => Ok(false),
        Reply::HeadAlone { status } => {
            let head = format!("HTTP/1.1 {status} Odd\r\nContent-Length: 100\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            Ok(false)
        }
        Reply::Reset => {
            stream.set_zero_linger()?;
            Err(closed())
        }
        Reply::Closed => Err(closed()),
        Reply::NoHttp => {
            stream
                .write_all(b"\x16\x03\x01 SSH-2.0-odd\r\n\r\n")
                .await?;
            Err(closed())
        }
        Reply::Whole(answer) => whole(stream, answer).await,
    }
}

async fn whole(stream: &mut TcpStream, answer: &Whole) -> io::Result<bool> {
    let size = size(&answer.body);
    let mut head = format!("HTTP/1.1 {} Odd\r\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        write_header(&mut head, name, value.as_bytes());
    }
    let said = match answer.length {
        Length::True => Some(size),
        Length::Missing => None,
        Length::TooLong => Some(size + 100),
        Length::TooShort => Some(size / 2),
    };
    if let Some(said) = said {
        write_header(&mut head, "Content-Length", said.to_string().as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head).await?;
    content(stream, &answer.body, answer.trickles).await?;
    match answer.length {
        Length::True | Length::TooShort => Ok(true),
        Length::Missing | Length::TooLong => Err(closed()),
    }
}

fn size(body: &Content) -> usize {
    match body {
        Content::Text(text) => text.len(),
        Content::Bytes(bytes) => bytes.len(),
        Content::Repeated {
            before,
            piece,
            bytes,
            after,
        } => before.len() + bytes / piece.len() * piece.len() + after.len(),
    }
}

async fn content(stream: &mut TcpStream, body: &Content, trickles: bool) -> io::Result<()> {
    match body {
        Content::Text(text) if trickles => trickle(stream, text.as_bytes()).await,
        Content::Text(text) => stream.write_all(text.as_bytes()).await,
        Content::Bytes(bytes) => stream.write_all(bytes).await,
        Content::Repeated {
            before,
            piece,
            bytes,
            after,
        } => {
            stream.write_all(before.as_bytes()).await?;
            let pieces = PIECE / piece.len();
            let block = piece.repeat(pieces);
            let mut left = bytes / piece.len() * piece.len();
            while left > 0 {
                let part = block.as_bytes().get(..left.min(block.len()));
                let part = part.unwrap_or_default();
                stream.write_all(part).await?;
                left -= part.len();
            }
            stream.write_all(after.as_bytes()).await
        }
    }
}

/// A service's answer after `change`; changes of a page are in its body already.
pub(super) async fn changed(
    stream: &mut TcpStream,
    mut answer: Answer,
    change: &Change,
    bodiless: bool,
    accepts_gzip: bool,
) -> io::Result<bool> {
    match change {
        Change::Status(status) => answer.status = *status,
        Change::Interim(status) => {
            let interim = format!("HTTP/1.1 {status} Odd\r\nLink: </odd>; rel=preload\r\n\r\n");
            stream.write_all(interim.as_bytes()).await?;
        }
        Change::Without(name) => answer.remove(name),
        Change::With(name, value) => answer.set(name, value),
        Change::Beside(name, value) => answer.headers.push(((*name).to_owned(), value.clone())),
        Change::ManyHeaders(bytes) => {
            let value = vec![b'x'; 1_000];
            let many = std::iter::repeat_n(("X-Many".to_owned(), value), bytes.div_ceil(1_000));
            answer.headers.extend(many);
        }
        Change::HalfBody => answer.body.truncate(answer.body.len() / 2),
        Change::CutHalfWay | Change::SilentHalfWay | Change::ResetHalfWay => {
            stream.write_all(&head_of(&answer, bodiless)).await?;
            let half = answer.body.get(..answer.body.len() / 2).unwrap_or_default();
            stream.write_all(half).await?;
            return match change {
                Change::SilentHalfWay => Ok(false),
                Change::CutHalfWay => Err(closed()),
                _ => {
                    // The kernel drops what the peer has not read yet.
                    stream.set_zero_linger()?;
                    Err(closed())
                }
            };
        }
        Change::Trickle => {
            stream.write_all(&head_of(&answer, bodiless)).await?;
            trickle(stream, &answer.body).await?;
            return Ok(true);
        }
        Change::Chunked => {
            let mut head = head_lines(&answer);
            write_header(&mut head, "Transfer-Encoding", b"chunked");
            head.extend_from_slice(b"\r\n");
            stream.write_all(&head).await?;
            for chunk in answer.body.chunks(1_000) {
                stream
                    .write_all(format!("{:x};odd=1\r\n", chunk.len()).as_bytes())
                    .await?;
                stream.write_all(chunk).await?;
                stream.write_all(b"\r\n").await?;
            }
            stream.write_all(b"0\r\nX-Odd: trailer\r\n\r\n").await?;
            return Ok(true);
        }
        Change::Field(name, value) => field(&mut answer.body, name, *value),
        Change::Body(body) => {
            let mut head = head_lines(&answer);
            write_header(
                &mut head,
                "Content-Length",
                size(body).to_string().as_bytes(),
            );
            head.extend_from_slice(b"\r\n");
            stream.write_all(&head).await?;
            content(stream, body, false).await?;
            return Ok(true);
        }
        Change::GzipDamaged => {
            answer.body = gzip(&answer.body);
            let middle = answer.body.len() / 2;
            if let Some(byte) = answer.body.get_mut(middle) {
                *byte ^= 0x55;
            }
            answer.set("Content-Encoding", b"gzip");
        }
        Change::GzipInNameOnly => answer.set("Content-Encoding", b"gzip"),
        Change::GzipBomb(megabytes) => {
            answer.body = bomb(*megabytes);
            answer.set("Content-Encoding", b"gzip");
        }
        Change::Events(_) | Change::Link(_) => {
            if accepts_gzip {
                answer.body = gzip(&answer.body);
                answer.set("Content-Encoding", b"gzip");
            }
        }
    }
    plain(stream, &answer, bodiless).await
}

async fn trickle(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(std::slice::from_ref(byte)).await?;
        tokio::time::sleep(TRICKLE).await;
    }
    Ok(())
}

/// The status line and the headers, those about the body's framing aside.
fn head_lines(answer: &Answer) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Odd\r\n", answer.status).into_bytes();
    let framing = ["connection", "content-length", "transfer-encoding"];
    for (name, value) in &answer.headers {
        if !framing
            .iter()
            .any(|framing| name.eq_ignore_ascii_case(framing))
        {
            write_header(&mut head, name, value);
        }
    }
    head
}

fn head_of(answer: &Answer, bodiless: bool) -> Vec<u8> {
    let mut head = head_lines(answer);
    let length = match bodiless {
        true => answer.header("content-length"),
        false if matches!(answer.status, 204 | 304) => None,
        false => Some(answer.body.len().to_string()),
    };
    if let Some(length) = length {
        write_header(&mut head, "Content-Length", length.as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default()
}

fn bomb(megabytes: usize) -> Vec<u8> {
    let spaces = vec![b' '; 1_000_000];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..megabytes {
        let _ = encoder.write_all(&spaces);
    }
    encoder.finish().unwrap_or_default()
}

/// Sets one field of a JSON object, or leaves it out.
fn field(body: &mut Vec<u8>, name: &str, value: Option<&str>) {
    let object: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_slice(body);
    let Ok(mut object) = object else {
        return;
    };
    object.remove(name);
    let mut text = serde_json::to_string(&object).unwrap_or_default();
    if let Some(value) = value {
        text.pop();
        let comma = if object.is_empty() { "" } else { "," };
        text.push_str(&format!("{comma}\"{name}\":{value}}}"));
    }
    *body = text.into_bytes();
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "closed by the plan")
}
