//! A zip archive whose bytes depend on its contents alone: entries in the order of their names, one
//! time for all, modes as given, nothing of the machine.
//!
//! What Azure mounts must keep the binary's executable bit, which most tools that write zip files
//! lose. The format is APPNOTE 6.3.3, without any of its extensions.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Mode of a file that is run.
pub(crate) const PROGRAM: u32 = 0o755;
/// Mode of a file that is read.
pub(crate) const DOCUMENT: u32 = 0o644;

/// Files by their names inside the archive.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    files: BTreeMap<String, (u32, Vec<u8>)>,
}

impl Archive {
    /// Adds a file under a name with `/` between its parts.
    pub(crate) fn add(&mut self, name: &str, mode: u32, contents: Vec<u8>) {
        self.files.insert(name.to_owned(), (mode, contents));
    }

    /// The archive's bytes.
    ///
    /// # Errors
    /// A file or all of them are beyond the 4 GB of the format.
    pub(crate) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut directory = Vec::new();
        for (name, (mode, contents)) in &self.files {
            let offset = size(bytes.len())?;
            let packed = deflated(contents)?;
            let entry = Entry {
                name,
                checksum: checksum(contents),
                packed: size(packed.len())?,
                unpacked: size(contents.len())?,
            };
            entry.write_before_data(&mut bytes)?;
            bytes.extend_from_slice(&packed);
            entry.write_to_directory(&mut directory, *mode, offset)?;
        }
        let start = size(bytes.len())?;
        bytes.extend_from_slice(&directory);
        end(&mut bytes, self.files.len(), size(directory.len())?, start)?;
        Ok(bytes)
    }
}

struct Entry<'a> {
    name: &'a str,
    checksum: u32,
    packed: u32,
    unpacked: u32,
}

impl Entry<'_> {
    fn write_before_data(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.write_all(b"PK\x03\x04")?;
        self.write_shared(bytes)?;
        put_u16(bytes, 0)?; // no extra field
        bytes.write_all(self.name.as_bytes())
    }

    fn write_to_directory(&self, bytes: &mut Vec<u8>, mode: u32, offset: u32) -> io::Result<()> {
        bytes.write_all(b"PK\x01\x02")?;
        put_u16(bytes, MADE_BY_UNIX)?;
        self.write_shared(bytes)?;
        // No extra field, no comment, the first disk, no internal attributes.
        for nothing in [0, 0, 0, 0] {
            put_u16(bytes, nothing)?;
        }
        put_u32(bytes, (REGULAR_FILE | mode) << 16)?;
        put_u32(bytes, offset)?;
        bytes.write_all(self.name.as_bytes())
    }

    /// What an entry and its line of the directory have in common.
    fn write_shared(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        for field in [VERSION, NAMES_ARE_UTF8, DEFLATED, MIDNIGHT, DAY] {
            put_u16(bytes, field)?;
        }
        for field in [self.checksum, self.packed, self.unpacked] {
            put_u32(bytes, field)?;
        }
        let length = u16::try_from(self.name.len()).map_err(io::Error::other)?;
        put_u16(bytes, length)
    }
}

const VERSION: u16 = 20;
const MADE_BY_UNIX: u16 = 3 << 8 | VERSION;
const NAMES_ARE_UTF8: u16 = 1 << 11;
const DEFLATED: u16 = 8;
const REGULAR_FILE: u32 = 0o100_000;
/// 1980-01-01 00:00, the first moment that the format knows.
const DAY: u16 = 1 << 5 | 1;
const MIDNIGHT: u16 = 0;

fn end(bytes: &mut Vec<u8>, files: usize, directory: u32, start: u32) -> io::Result<()> {
    let files = u16::try_from(files).map_err(io::Error::other)?;
    bytes.write_all(b"PK\x05\x06")?;
    for field in [0, 0, files, files] {
        put_u16(bytes, field)?;
    }
    put_u32(bytes, directory)?;
    put_u32(bytes, start)?;
    put_u16(bytes, 0)
}

fn deflated(contents: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(contents)?;
    encoder.finish()
}

fn checksum(contents: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(contents);
    crc.sum()
}

fn size(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(io::Error::other)
}

fn put_u16(bytes: &mut Vec<u8>, field: u16) -> io::Result<()> {
    bytes.write_all(&field.to_le_bytes())
}

fn put_u32(bytes: &mut Vec<u8>, field: u32) -> io::Result<()> {
    bytes.write_all(&field.to_le_bytes())
}
