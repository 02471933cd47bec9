//! A list of event ids in a document: base64 of 16 bytes each, since `cursor.json` may hold
//! thousands while a backlog is under way. A list of texts, as formats 1 and 2 have it, is read, too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use okta_rows::EventId;
use serde::{Deserialize, Deserializer, Serializer, de};

#[derive(Deserialize)]
#[serde(untagged)]
enum IdList {
    Bytes(String),
    Texts(Vec<EventId>),
}

pub(super) fn serialize<S: Serializer>(ids: &[EventId], serializer: S) -> Result<S::Ok, S::Error> {
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| *id.as_bytes()).collect();
    serializer.serialize_str(&STANDARD.encode(ids.as_flattened()))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<EventId>, D::Error> {
    let text = match IdList::deserialize(deserializer)? {
        IdList::Bytes(text) => text,
        IdList::Texts(ids) => return Ok(ids),
    };
    let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
    let (ids, rest) = bytes.as_chunks();
    match rest {
        [] => Ok(ids.iter().copied().map(EventId::from_bytes).collect()),
        _ => Err(de::Error::custom("an event id has 16 bytes")),
    }
}
