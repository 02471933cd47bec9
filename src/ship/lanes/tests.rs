//! What the lanes make of events that nobody can tell apart.

use chrono::{DateTime, TimeDelta};

use super::*;

fn cursor(at: u32) -> Cursor {
    let url = format!("https://acme.okta.com/api/v1/logs?after={at}");
    Cursor::new(url.parse().unwrap())
}

/// A page of one event, from which nothing leads on.
fn page(id: EventId, has_uuid: bool) -> PageRead {
    PageRead {
        ids: vec![id],
        rows: vec![id],
        without_uuid: if has_uuid { Vec::new() } else { vec![id] },
        has_other_content: false,
        date: DateTime::UNIX_EPOCH,
        has_link: false,
        next: None,
        newest: None,
        reached: Reached::End,
    }
}

#[test]
fn an_event_without_uuid_does_not_tell_that_the_lanes_meet() {
    for has_uuid in [true, false] {
        let since = DateTime::UNIX_EPOCH;
        let mut place = Place::of_one_lane(Lane::begin(cursor(2), since + TimeDelta::days(7)));
        place.backfill = Some(Backfill {
            lane: Lane::begin(cursor(1), since),
            overlap_ids: Vec::new(),
        });
        let mut lanes = Lanes::new(place, &IdSet::default(), cursor(0));
        let id = EventId::digest(b"[]");
        // What something on the way sends in the place of every page.
        lanes.page_read(
            LaneName::Main,
            page(EventId::digest(b"1"), true),
            (),
            Instant::now(),
        );
        lanes.page_read(LaneName::Main, page(id, has_uuid), (), Instant::now());
        let read = lanes.page_read(LaneName::Backfill, page(id, has_uuid), (), Instant::now());
        let joins: Vec<bool> = read.iter().map(|delivery| delivery.joins).collect();
        assert_eq!(joins, [has_uuid]);
    }
}
