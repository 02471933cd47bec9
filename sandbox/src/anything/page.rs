//! Changes of a page of the System Log.

use fastrand::Rng;
use serde_json::value::RawValue;

use super::http::Answer;
use super::odd::{Damage, EventsChange, LinkChange};

/// A page that was answered in this run: its events and its link.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// The request's path and query.
    pub(super) target: String,
    /// The text of each event.
    pub(super) events: Vec<Vec<u8>>,
    /// The links of the answer.
    pub(super) links: Vec<Vec<u8>>,
}

impl Page {
    pub(super) fn of(target: &str, answer: &Answer) -> Page {
        let events: Vec<&RawValue> = serde_json::from_slice(&answer.body).unwrap_or_default();
        let links = answer.headers.iter();
        let links = links.filter(|(name, _)| name.eq_ignore_ascii_case("link"));
        Page {
            target: target.to_owned(),
            events: events
                .iter()
                .map(|event| event.get().as_bytes().to_vec())
                .collect(),
            links: links.map(|(_, value)| value.clone()).collect(),
        }
    }

    /// The ids of its events.
    pub(super) fn ids(&self) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|event| id_of(event))
            .collect()
    }

    /// Whether its next page is the one at `target`.
    fn leads_to(&self, target: &str) -> bool {
        let target = format!("{target}>");
        let mut links = self.links.iter().map(|link| String::from_utf8_lossy(link));
        links.any(|link| link.contains(&target) && link.contains("next"))
    }

    pub(super) fn write(&self, answer: &mut Answer) {
        answer.remove("link");
        for link in &self.links {
            answer.headers.push(("Link".to_owned(), link.clone()));
        }
        answer.body = [b"[", self.events.join(&b","[..]).as_slice(), b"]"].concat();
    }
}

/// The `uuid` of an event.
pub(super) fn id_of(event: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Identified {
        uuid: String,
    }
    let event: Identified = serde_json::from_slice(event).ok()?;
    Some(event.uuid)
}

/// Changes `page`; returns the ids of the events whose text was damaged.
pub(super) fn change_events(
    page: &mut Page,
    change: &EventsChange,
    earlier: &[Page],
) -> Vec<String> {
    let count = page.events.len();
    let place = |at: &usize| at.checked_rem(count);
    // The page of the same lane: that of another one in its place nobody could tell from the truth.
    let before = earlier
        .iter()
        .rev()
        .find(|before| before.leads_to(&page.target));
    match change {
        EventsChange::Damage { at, damage } => {
            let event = place(at).and_then(|place| page.events.get_mut(place));
            return event.map_or_else(Vec::new, |event| {
                let id = id_of(event);
                self::damage_event(event, *damage);
                id.into_iter().collect()
            });
        }
        EventsChange::Stranger { at, json } => {
            page.events
                .insert(place(at).unwrap_or(0), json.as_bytes().to_vec());
        }
        EventsChange::Shuffled(seed) => Rng::with_seed(*seed).shuffle(&mut page.events),
        EventsChange::Reversed => page.events.reverse(),
        EventsChange::Twice { at } => {
            let event = place(at).and_then(|place| page.events.get(place)).cloned();
            page.events.extend(event);
        }
        EventsChange::EarlierToo => {
            if let Some(before) = before {
                page.events.splice(0..0, before.events.iter().cloned());
            }
        }
        EventsChange::PageAgain => {
            if let Some(before) = before {
                page.events.clone_from(&before.events);
                page.links.clone_from(&before.links);
            }
        }
    }
    Vec::new()
}

/// Damages the text of one event; its `uuid` stays where it was.
pub(super) fn damage_event(event: &mut Vec<u8>, damage: Damage) {
    let member = |value: &[u8]| [b",\"odd\":".as_slice(), value].concat();
    let added = match damage {
        Damage::NotUtf8 => member(b"\"a\xffb\xc3(\""),
        Damage::ControlCharacter => member(b"\"a\x01\x1b[2J\nb\""),
        Damage::LoneSurrogate => member(b"\"\\ud800 \\udc00\\ud800\""),
        Damage::BareWord => member(b"bare"),
        Damage::Deep(levels) => member(&[vec![b'['; levels], vec![b']'; levels]].concat()),
        Damage::SmallValues(count) => {
            let values = b"0,".repeat(count);
            member(&[b"[".as_slice(), &values, b"0]"].concat())
        }
        Damage::LongString(bytes) => {
            member(&[b"\"", b"x".repeat(bytes).as_slice(), b"\""].concat())
        }
        Damage::NameTwice => b",\"displayMessage\":\"again\",\"actor\":{\"id\":\"again\"}".to_vec(),
        Damage::HugeNumber => member(b"1e999999"),
        Damage::OtherTypes => {
            b",\"actor\":[],\"target\":7,\"client\":\"text\",\"debugContext\":null,\"outcome\":[[]]"
                .to_vec()
        }
    };
    // Before the brace that closes the event.
    let end = event
        .iter()
        .rposition(|byte| *byte == b'}')
        .unwrap_or(event.len());
    event.splice(end..end, added);
}

/// Changes the `next` link among the page's links. `base` is this end's own address.
pub(super) fn change_link(page: &mut Page, change: LinkChange, base: &str, first: &str) {
    let is_next = |link: &Vec<u8>| String::from_utf8_lossy(link).contains("rel=\"next\"");
    let Some(at) = page.links.iter().position(is_next) else {
        return;
    };
    let next = page.links.remove(at);
    let next = String::from_utf8_lossy(&next).into_owned();
    let url = next.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
    let itself = format!("{base}{}", page.target);
    let link = |url: &str| format!("<{url}>; rel=\"next\"").into_bytes();
    let without_order = url
        .replace("sortOrder=ASCENDING&", "")
        .replace("&sortOrder=ASCENDING", "");
    let links = match change {
        LinkChange::Missing => vec![],
        LinkChange::Same => vec![link(&itself)],
        LinkChange::Circle => vec![link(&format!("{base}{first}"))],
        LinkChange::OtherHost => vec![link(&url.replacen(base, "http://127.0.0.1:9", 1))],
        LinkChange::OtherPath => vec![link(&url.replacen("/api/v1/logs", "/api/v1/users", 1))],
        LinkChange::Until => vec![link(&format!("{url}&until=2020-01-01T00%3A00%3A00Z"))],
        LinkChange::Descending => vec![link(&format!("{without_order}&sortOrder=DESCENDING"))],
        LinkChange::Long(bytes) => vec![link(&format!("{url}&odd={}", "x".repeat(bytes)))],
        LinkChange::NotAscii => vec![[link(&url), vec![b';', b' ', b't', b'=', 0xfc]].concat()],
        LinkChange::UnknownAfter => {
            vec![link(&format!(
                "{base}/api/v1/logs?after=unknown&limit=1000&sortOrder=ASCENDING"
            ))]
        }
        LinkChange::OtherSpelling => vec![format!("<{url}>;title=\"a, b\"; REL=next").into_bytes()],
        LinkChange::NoLink => vec![b"<>; rel=\"next\"".to_vec(), b"next".to_vec()],
        LinkChange::Two => vec![
            link(&format!(
                "{base}/api/v1/logs?after=unknown&limit=1000&sortOrder=ASCENDING"
            )),
            link(&url),
        ],
    };
    page.links.extend(links);
}
