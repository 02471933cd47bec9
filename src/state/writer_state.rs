//! `cursor.json` as bytes, and what a writer knows of it: the same in every store.

use bytes::Bytes;
use serde::Deserialize;

use super::checkpoint::{Checkpoint, FORMAT};
use super::store::{OrgState, StoreError};

/// The document of the place, beside which everything else is kept.
pub(super) const CURSOR: &str = "cursor.json";
/// The document of the ids that were accepted lately.
pub(super) const RECENT_IDS: &str = "recent-ids";
/// The folder of what the workspace refused.
pub(super) const DEAD_LETTERS: &str = "dead-letters";
/// Where a document goes that cannot be read and must make room.
pub(super) const QUARANTINED: &str = "cursor.json.unreadable";
/// A document before the first checkpoint.
pub(super) const NOTHING_YET: &[u8] = b"{}\n";

/// What one writer knows of the document: the last one it saw there, and those it sent since
/// whose answers it never got.
#[derive(Debug, Default)]
pub(super) struct WriterState {
    saved: Option<Checkpoint>,
    sequence: u64,
    in_doubt: Vec<(Checkpoint, Bytes)>,
}

#[derive(Deserialize)]
struct Header {
    version: Option<u32>,
    #[serde(default)]
    sequence: u64,
    moved_to: Option<String>,
}

impl WriterState {
    /// Reads the document found at `place`.
    pub(super) fn open(place: &str, document: &[u8]) -> Result<WriterState, StoreError> {
        let unreadable = |problem: String| StoreError::Unreadable {
            place: place.to_owned(),
            problem,
        };
        let header: Header = serde_json::from_slice(document)
            .map_err(|problem| unreadable(format!("not the JSON it should be: {problem}")))?;
        if let Some(to) = header.moved_to {
            let place = place.to_owned();
            return Err(StoreError::Moved { place, to });
        }
        match header.version {
            None if document.trim_ascii() == NOTHING_YET.trim_ascii() => Ok(WriterState::default()),
            None => Err(unreadable("it names no format version".to_owned())),
            Some(1..=FORMAT) => {
                let saved: Checkpoint = serde_json::from_slice(document)
                    .map_err(|problem| unreadable(problem.to_string()))?;
                Ok(WriterState {
                    sequence: saved.sequence,
                    saved: Some(saved),
                    in_doubt: Vec::new(),
                })
            }
            Some(other) => Err(unreadable(format!(
                "it is of format {other}, this version reads formats up to {FORMAT}"
            ))),
        }
    }

    /// Starts over in place of a document that holds no place of this org, above its number where it has one.
    pub(super) fn afresh(document: &[u8]) -> WriterState {
        let header: Option<Header> = serde_json::from_slice(document).ok();
        WriterState {
            sequence: header.map_or(0, |found| found.sequence),
            ..WriterState::default()
        }
    }

    pub(super) fn saved(&self) -> Option<&Checkpoint> {
        self.saved.as_ref()
    }

    /// Numbers `checkpoint`, and remembers that this document may reach the store from now on.
    pub(super) fn draft(
        &mut self,
        place: &str,
        checkpoint: &Checkpoint,
    ) -> Result<Bytes, StoreError> {
        let checkpoint = Checkpoint {
            sequence: self.sequence.saturating_add(1),
            ..checkpoint.clone()
        };
        let mut json = serde_json::to_vec_pretty(&checkpoint).map_err(|problem| {
            let problem = format!("the checkpoint has no JSON form: {problem}");
            StoreError::unavailable(place, problem, "report this as a bug")
        })?;
        json.push(b'\n');
        let document = Bytes::from(json);
        self.in_doubt.push((checkpoint, document.clone()));
        Ok(document)
    }

    /// The document in place of a checkpoint that is kept under the host `to` now. Its sequence
    /// number stays: should the state come back, the number rises on.
    pub(super) fn moved(&self, to: &str) -> Bytes {
        let mark = serde_json::json!({ "moved_to": to, "sequence": self.sequence });
        Bytes::from(format!("{mark}\n"))
    }

    /// Takes the document that the store `holds` for the saved one, if this writer sent it since
    /// the last: its answer may have got lost. False where it is somebody else's.
    pub(super) fn settle(&mut self, holds: &[u8]) -> bool {
        let sent = self
            .in_doubt
            .iter()
            .position(|(_, document)| document == holds);
        let Some(sent) = sent else {
            return false;
        };
        let (checkpoint, _) = self.in_doubt.swap_remove(sent);
        self.in_doubt.clear();
        self.sequence = checkpoint.sequence;
        self.saved = Some(checkpoint);
        true
    }
}

/// What the document of the org `key` says, if anything is saved there.
pub(super) fn org_state(key: &str, document: &[u8]) -> Option<OrgState> {
    let header: Option<Header> = serde_json::from_slice(document).ok();
    let key = key.to_owned();
    let moved_to = header.and_then(|header| header.moved_to);
    (document.trim_ascii() != NOTHING_YET.trim_ascii()).then_some(OrgState { key, moved_to })
}

/// Refuses a name that would lead out of its folder.
pub(super) fn check_name(place: &str, name: &str) -> Result<(), StoreError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(plain) {
        return Ok(());
    }
    Err(StoreError::unavailable(
        place,
        format!("{name:?} is no name for a document"),
        "use letters, digits, `-`, `_` and `.`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::log::cursor::Cursor;
    use crate::state::checkpoint::{Backfill, Lane, Place};
    use chrono::Utc;
    use proptest::prelude::*;

    fn checkpoint(sequence: u64) -> Checkpoint {
        let next = "https://acme.okta.com/api/v1/logs?after=1_2&limit=1000";
        Checkpoint {
            version: FORMAT,
            sequence,
            place: Place::of_one_lane(Lane {
                newest_published: Some("2026-11-21T12:04:58Z".parse().unwrap()),
                since: None,
                ..Lane::begin(Cursor::new(next.parse().unwrap()), Utc::now())
            }),
            filter: None,
            saved_at: "2026-11-21T12:05:01Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_person_can_read_the_document() {
        let draft = WriterState::default().draft("p", &checkpoint(0)).unwrap();
        let text = String::from_utf8(draft.to_vec()).unwrap();
        assert!(
            text.starts_with("{\n  \"version\": 3,\n  \"sequence\": 1,\n"),
            "{text}"
        );
        assert!(text.ends_with("}\n") && text.len() < 400, "{text}");
    }

    #[test]
    fn the_main_lane_stands_where_the_only_one_stood() {
        let former =
            br#"{"version": 1, "sequence": 9, "cursor": "https://a.okta.com/api/v1/logs?after=1",
            "accepted_beyond": ["2a992f80d1ad4f62900e8c68bb72a21b"], "rereading": true,
            "saved_at": "2026-11-21T12:05:01Z"}"#;
        let state = WriterState::open("p", former).unwrap();
        let read = state.saved().unwrap();
        let main = &read.place.main;
        assert_eq!((read.sequence, main.accepted_beyond.len()), (9, 1));
        assert!(main.rereading && read.place.backfill.is_none());

        let mut two = read.clone();
        two.place.backfill = Some(Backfill {
            lane: main.clone(),
            overlap_ids: main.accepted_beyond.clone(),
        });
        let draft = WriterState::default().draft("p", &two).unwrap();
        let state = WriterState::open("p", &draft).unwrap();
        assert_eq!(state.saved().unwrap().place, two.place);
        let json: serde_json::Value = serde_json::from_slice(&draft).unwrap();
        assert_eq!(json["cursor"], json["backfill"]["cursor"]);
    }

    #[test]
    fn a_draft_whose_answer_was_lost_is_known_again_and_a_strangers_is_not() {
        let mut state = WriterState::default();
        let first = state.draft("p", &checkpoint(0)).unwrap();
        let second = state.draft(
            "p",
            &Checkpoint {
                filter: Some("x".into()),
                ..checkpoint(0)
            },
        );
        let second = second.unwrap();
        assert!(!state.settle(NOTHING_YET));
        assert!(state.settle(&first));
        assert_eq!(state.saved().unwrap().filter, None);
        assert!(!state.settle(&second), "sent before the last one");
        let third = state.draft("p", &checkpoint(0)).unwrap();
        assert!(state.settle(&third));
        assert_eq!(state.saved().unwrap().sequence, 2);
    }

    #[test]
    fn starting_over_goes_on_above_the_number_of_a_newer_format() {
        let newer = br#"{"version": 7, "sequence": 41, "place": {}}"#;
        assert!(WriterState::open("p", newer).is_err());
        let mut state = WriterState::afresh(newer);
        let draft = state.draft("p", &checkpoint(3)).unwrap();
        assert!(state.settle(&draft));
        assert_eq!(state.saved().unwrap().sequence, 42);
    }

    #[test]
    fn names_cannot_lead_out_of_their_folder() {
        for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a\0"] {
            assert!(check_name("p", name).is_err(), "{name:?}");
        }
        for name in [
            "acme.okta.com",
            "127.0.0.1:8080",
            "2026-11-21T12:04:58Z.json",
        ] {
            assert!(check_name("p", name).is_ok(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_document_makes_reading_panic(bytes: Vec<u8>) {
            let _ = WriterState::open("p", &bytes);
            let _ = WriterState::afresh(&bytes);
        }
    }
}
