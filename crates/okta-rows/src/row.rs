//! One event in, one row out, without a tree of values.
//!
//! Known keys are written to the row as they are met, their values copied from the page as they
//! stand. What has no column goes to a catch-all: keys of `debugData` to
//! `debugContext_debugData`, the rest to `additionalFields` in the event's own nesting. `null`
//! and `{}` hold nothing and are left out; but for the ends of values that are too long, nothing else
//! is dropped.

use crate::event_id::EventId;
use crate::ink::Ink;
use crate::layout::{ColumnNaming, Layout};
use crate::marks::Marks;
use crate::nest::Nest;
use crate::scan::{Malformed, Scan};
use crate::text::push_quoted;
use crate::vocabulary::Vocabulary;
use crate::walk::{Stumble, walk};
use crate::writer::{Parts, RowWriter};

/// What the encoder learned of an event while writing its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'page> {
    /// The event's identity.
    pub id: EventId,
    /// Whether it has a `uuid`, be it one that does not read as a UUID.
    pub has_uuid: bool,
    /// `published` as Okta wrote it, if it is a time.
    pub published: Option<&'page str>,
    /// Bytes cut from values that were too long.
    pub truncated: usize,
}

/// Writes rows; its buffers, and what it learns of one event's shape, serve for the next.
#[derive(Debug)]
pub struct RowEncoder {
    layout: Layout,
    /// What every row begins with.
    opening: Vec<u8>,
    vocabulary: Vocabulary,
    nest: Nest,
    rooms: Rooms,
    /// Those of the page that was read last.
    pub(super) marks: Marks,
}

/// Room for a row and its catch-alls, as large as the largest of each so far.
#[derive(Debug)]
struct Rooms {
    row: Vec<u8>,
    debug_data: Vec<u8>,
    additional: Vec<u8>,
}

/// Room at first, in bytes: ten times a usual row.
const ROOM: usize = 32 * 1024;

/// How much each part of a row takes, if there was too little room for one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needed {
    pub(super) row: usize,
    pub(super) debug_data: usize,
    pub(super) additional: usize,
}

impl RowEncoder {
    /// An encoder for events of the org at `host`.
    pub fn new(naming: ColumnNaming, host: &str) -> RowEncoder {
        let layout = Layout::new(naming);
        let mut opening = vec![b'{'];
        opening.extend(layout.domain.bytes().skip(1));
        push_quoted(&mut opening, host);
        RowEncoder {
            vocabulary: Vocabulary::new(&layout),
            layout,
            opening,
            nest: Nest::new(),
            marks: Marks::default(),
            rooms: Rooms {
                row: vec![0; ROOM],
                debug_data: vec![0; ROOM],
                additional: vec![0; ROOM],
            },
        }
    }

    /// Reads one event and appends its row to `out`. An event is any JSON value: none is without
    /// a row.
    ///
    /// # Errors
    /// The page goes wrong within the event.
    pub(super) fn encode<'page>(
        &mut self,
        scan: &mut Scan<'page>,
        out: &mut Vec<u8>,
    ) -> Result<Row<'page>, Malformed> {
        let event = *scan;
        let mut may_be_walked = true;
        loop {
            *scan = event;
            let mut writer = self.writer();
            let read = match may_be_walked {
                true => walk(&mut writer, scan),
                false => writer.whole(scan),
            };
            match read {
                Ok(()) => {}
                Err(Stumble::Impassable) if may_be_walked => {
                    may_be_walked = false;
                    continue;
                }
                Err(_) => return Err(Malformed),
            }
            match writer.finish() {
                Ok((row, json)) => {
                    out.extend_from_slice(json);
                    return Ok(row);
                }
                Err(needed) => self.rooms.make(needed),
            }
        }
    }

    fn writer<'a, 'de>(&'a mut self) -> RowWriter<'a, 'de> {
        let mut row = Ink::new(&mut self.rooms.row);
        row.text(&self.opening);
        RowWriter::new(Parts {
            layout: &self.layout,
            vocabulary: &mut self.vocabulary,
            nest: &mut self.nest,
            row,
            debug_data: Ink::new(&mut self.rooms.debug_data),
            additional: Ink::new(&mut self.rooms.additional),
        })
    }
}

impl Rooms {
    fn make(&mut self, needed: Needed) {
        for (room, length) in [
            (&mut self.row, needed.row),
            (&mut self.debug_data, needed.debug_data),
            (&mut self.additional, needed.additional),
        ] {
            let length = Ink::room_for(length);
            if length > room.len() {
                room.resize(length, 0);
            }
        }
    }
}
