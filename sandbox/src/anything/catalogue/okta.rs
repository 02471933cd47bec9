//! Odd answers of the System Log.
//!
//! None of them is a lie that nobody could tell from the truth: no valid page leads past events that
//! it does not hold.

use super::super::odd::{Call, Change, Content, Damage, End, EventsChange, LinkChange, Odd, Reply};
use super::answers::{
    HTML, RETRY_AFTER, huge, one, proxy_answer, redirect, silence, text, throttled,
};
use super::kind::Kind;

const PAGE: &[Call] = &[Call::Page];

const fn kind(name: &'static str, draw: super::kind::Draw) -> Kind {
    Kind {
        name,
        end: End::Okta,
        calls: PAGE,
        odd_page: false,
        draw,
    }
}

const fn odd_page(name: &'static str, draw: super::kind::Draw) -> Kind {
    Kind {
        odd_page: true,
        ..kind(name, draw)
    }
}

const ERRORS: &[(u16, &str)] = &[
    (400, "E0000001"),
    (400, "E0000031"),
    (401, "E0000011"),
    (401, "E0000015"),
    (403, "E0000006"),
    (404, "E0000007"),
    (405, "E0000022"),
    (409, "E0000112"),
    (410, "E0000074"),
    (500, "E0000009"),
    (503, "E0000010"),
];

pub(super) const KINDS: &[Kind] = &[
    kind("okta-status", |random, _| {
        let (status, code) = one(random, ERRORS);
        let body = format!(
            "{{\"errorCode\":\"{code}\",\"errorSummary\":\"odd\\u001b[31m\\nerror: forged\",\
             \"errorCauses\":[]}}"
        );
        Odd::Instead(Reply::Whole(text(status, "application/json", &body)))
    }),
    kind("okta-proxy", |random, _| {
        Odd::Instead(Reply::Whole(proxy_answer(random)))
    }),
    kind("okta-redirect", |random, _| {
        Odd::Instead(Reply::Whole(redirect(random)))
    }),
    kind("okta-throttled", |random, _| {
        let body = "{\"errorCode\":\"E0000047\",\"errorSummary\":\"too many requests\"}";
        let mut answer = throttled(random, "application/json", body);
        let rate = |random: &mut _| one(random, RATE).to_owned();
        answer.headers.push(("X-Rate-Limit-Limit", rate(random)));
        answer
            .headers
            .push(("X-Rate-Limit-Remaining", rate(random)));
        answer.headers.push(("X-Rate-Limit-Reset", rate(random)));
        Odd::Instead(Reply::Whole(answer))
    }),
    kind("okta-rate-headers", |random, _| {
        let names = [
            "X-Rate-Limit-Limit",
            "X-Rate-Limit-Remaining",
            "X-Rate-Limit-Reset",
        ];
        let name = one(random, &names);
        let value = one(random, RATE).as_bytes().to_vec();
        Odd::Changed(one(
            random,
            &[
                Change::Without(name),
                Change::With(name, value.clone()),
                Change::Beside(name, value),
                Change::With("Retry-After", one(&mut random.clone(), RETRY_AFTER).into()),
            ],
        ))
    }),
    kind("okta-headers", |random, _| {
        Odd::Changed(one(
            random,
            &[
                Change::Without("Content-Type"),
                Change::With("Content-Type", b"text/html".to_vec()),
                Change::Beside("Content-Type", b"text/plain; charset=utf-16".to_vec()),
                Change::With("Content-Type", vec![0xe4, 0xf6]),
                Change::Beside("X-Odd", vec![0xff, 0xfe, 0x80]),
                Change::Beside("Set-Cookie", b"sid=1; path=/".to_vec()),
                Change::ManyHeaders(8_000),
                Change::ManyHeaders(200_000),
                Change::Interim(100),
                Change::Interim(103),
                Change::Chunked,
                Change::With("Content-Encoding", b"br".to_vec()),
                Change::With("Content-Encoding", b"identity".to_vec()),
                Change::With("Content-Language", b"\"".to_vec()),
            ],
        ))
    }),
    kind("okta-date", |random, _| {
        Odd::Changed(one(
            random,
            &[
                Change::Without("Date"),
                Change::With("Date", b"Fri, 31 Dec 1999 23:59:59 GMT".to_vec()),
                Change::With("Date", b"Wed, 31 Dec 2199 23:59:59 GMT".to_vec()),
                Change::With("Date", b"2026-11-21T12:04:58Z".to_vec()),
                Change::With("Date", b"0".to_vec()),
                Change::With("Date", vec![0xfc]),
                Change::Beside("Date", b"Fri, 31 Dec 1999 23:59:59 GMT".to_vec()),
            ],
        ))
    }),
    kind("okta-page-status", |random, _| {
        Odd::Changed(Change::Status(one(
            random,
            &[201, 202, 203, 204, 205, 206, 226, 304, 500],
        )))
    }),
    kind("okta-body", |random, _| {
        let no_list = [
            "",
            " ",
            HTML,
            "{}",
            "null",
            "true",
            "7",
            "\"text\"",
            "{\"events\":[]}",
            "\0",
            "{\"errorCode\":\"E0000009\",\"errorSummary\":\"inside a 200\"}",
        ];
        let list = [
            "[",
            "]",
            "[}",
            "[,]",
            "[{]",
            "[[]]",
            "[{},",
            "[{\"uuid\":\"1\"}] trailing",
            "\u{feff}[]",
            "[] []",
            "[{}]",
            "[{\"uuid\":7}]",
        ];
        // A list with the page's own link would be a lie that nobody can tell from the truth.
        match random.u8(..3) {
            0 => Odd::Changed(Change::Body(Content::Text(
                one(random, &no_list).to_owned(),
            ))),
            1 => Odd::Changed(Change::Body(Content::Bytes(vec![0xff; 300]))),
            _ => {
                let body = one(random, &list);
                Odd::Instead(Reply::Whole(text(200, "application/json", body)))
            }
        }
    }),
    kind("okta-empty-page", |random, _| {
        let body = one(random, &["[]", " [ ] ", "\n[\t]\r\n"]);
        Odd::Instead(Reply::Whole(text(200, "application/json", body)))
    }),
    kind("okta-cut", |random, _| {
        Odd::Changed(one(
            random,
            &[Change::HalfBody, Change::CutHalfWay, Change::ResetHalfWay],
        ))
    }),
    kind("okta-silence", |random, _| match random.u8(..3) {
        0 => Odd::Changed(Change::SilentHalfWay),
        _ => Odd::Instead(silence(random)),
    }),
    kind("okta-trickle", |_, _| Odd::Changed(Change::Trickle)),
    kind("okta-refused", |_, _| Odd::Refused),
    kind("okta-gzip", |random, _| {
        Odd::Changed(one(random, &[Change::GzipDamaged, Change::GzipInNameOnly]))
    }),
    kind("okta-order", |random, _| {
        let at = random.usize(..100);
        let seed = random.u64(..1_000);
        Odd::Changed(Change::Events(one(
            random,
            &[
                EventsChange::Shuffled(seed),
                EventsChange::Reversed,
                EventsChange::Twice { at },
                EventsChange::EarlierToo,
                EventsChange::PageAgain,
            ],
        )))
    }),
    kind("okta-event", |random, _| {
        let at = random.usize(..100);
        let damage = one(
            random,
            &[
                Damage::NotUtf8,
                Damage::ControlCharacter,
                Damage::LoneSurrogate,
                Damage::BareWord,
                Damage::Deep(100),
                Damage::SmallValues(1_000),
                Damage::LongString(100_000),
                Damage::NameTwice,
                Damage::HugeNumber,
                Damage::OtherTypes,
            ],
        );
        Odd::Changed(Change::Events(EventsChange::Damage { at, damage }))
    }),
    kind("okta-event-stays", |random, _| Odd::EventDamaged {
        event: random.usize(..1_000),
        damage: one(
            random,
            &[
                Damage::NotUtf8,
                Damage::ControlCharacter,
                Damage::LoneSurrogate,
                Damage::BareWord,
                Damage::Deep(100),
                Damage::LongString(100_000),
                Damage::NameTwice,
                Damage::HugeNumber,
                Damage::OtherTypes,
            ],
        ),
    }),
    odd_page("okta-odd-event-stays", |random, _| Odd::EventDamaged {
        event: random.usize(..1_000),
        damage: one(
            random,
            &[
                Damage::Deep(100_000),
                Damage::SmallValues(1_000_000),
                Damage::LongString(7_000_000),
                Damage::LongString(9_000_000),
            ],
        ),
    }),
    kind("okta-stranger", |random, _| {
        let at = random.usize(..100);
        let json = one(
            random,
            &["null", "7", "\"text\"", "[]", "true", "[{\"uuid\":\"x\"}]"],
        );
        Odd::Changed(Change::Events(EventsChange::Stranger { at, json }))
    }),
    kind("okta-links", |random, _| {
        Odd::Changed(Change::Link(one(
            random,
            &[
                LinkChange::Missing,
                LinkChange::Same,
                LinkChange::Circle,
                LinkChange::OtherHost,
                LinkChange::OtherPath,
                LinkChange::Until,
                LinkChange::Descending,
                LinkChange::Long(70_000),
                LinkChange::Long(9_000),
                LinkChange::NotAscii,
                LinkChange::UnknownAfter,
                LinkChange::OtherSpelling,
                LinkChange::NoLink,
                LinkChange::Two,
            ],
        )))
    }),
    odd_page("okta-odd-page", |random, _| {
        let at = random.usize(..100);
        let damage = one(
            random,
            &[
                Damage::Deep(100_000),
                Damage::SmallValues(1_000_000),
                Damage::LongString(7_000_000),
                Damage::LongString(9_000_000),
            ],
        );
        Odd::Changed(Change::Events(EventsChange::Damage { at, damage }))
    }),
    // More values than were asked for: no page, whatever its link.
    odd_page("okta-many-values", |random, _| {
        let (before, piece, after) = one(
            random,
            &[
                ("[{}", ",{}", "]"),
                ("[0", ",0", "]"),
                ("[\"\"", ",\"\"", "]"),
            ],
        );
        Odd::Changed(Change::Body(Content::Repeated {
            before,
            piece,
            bytes: 7_500_000,
            after,
        }))
    }),
    odd_page("okta-bomb", |random, _| {
        Odd::Changed(Change::GzipBomb(one(random, &[20, 200, 1_000])))
    }),
    odd_page("okta-huge", |random, _| match random.bool() {
        true => Odd::Instead(Reply::Whole(huge(one(random, &[200, 400, 403, 500])))),
        false => Odd::Changed(Change::Body(Content::Repeated {
            before: "[",
            piece: "                ",
            bytes: 200_000_000,
            after: "]",
        })),
    }),
];

/// Values of the rate limit's headers.
const RATE: &[&str] = &[
    "0",
    "1",
    "60",
    "600",
    "-1",
    "1.5",
    "",
    "many",
    "1e9",
    "4294967296",
    "99999999999999999999",
    "1700000000",
    "4102444800",
    "60, 60",
    "\u{fc}",
];
