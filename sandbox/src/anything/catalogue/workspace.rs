//! Odd answers of either ingestion API.

use fastrand::Rng;

use super::super::odd::{Call, Change, Content, End, Odd, Reply, Whole};
use super::answers::{HTML, huge, one, proxy_answer, redirect, silence, text, throttled, whole};
use super::kind::{Api, Kind};

const POSTS: &[Call] = &[Call::Post, Call::Post, Call::Post, Call::HealthPost];

const fn kind(name: &'static str, draw: super::kind::Draw) -> Kind {
    Kind {
        name,
        end: End::Workspace,
        calls: POSTS,
        odd_page: false,
        draw,
    }
}

const ERRORS: &[(u16, &str)] = &[
    (400, "InvalidDataFormat"),
    (400, "InactiveCustomer"),
    (400, "InvalidCustomerId"),
    (400, "InvalidLogType"),
    (400, "UnsupportedContentType"),
    (400, "InvalidRecord"),
    (400, "InvalidStream"),
    (400, ""),
    (401, "InvalidToken"),
    (403, "InvalidAuthorization"),
    (403, "OperationFailed"),
    (404, "NotFound"),
    (404, ""),
    (408, ""),
    (409, "Conflict"),
    (412, ""),
    (413, "ContentLengthLimitExceeded"),
    (415, ""),
    (429, "TooManyRequests"),
    (500, "UnspecifiedError"),
    (501, ""),
    (503, "ServiceUnavailable"),
    (504, ""),
];

fn refusal(random: &mut Rng, api: Api) -> Whole {
    let (status, code) = one(random, ERRORS);
    let words = "odd\\u001b[31m\\nerror: forged";
    let body = match (api, code) {
        (_, "") => String::new(),
        (Api::DataCollector, _) => format!("{{\"Error\":\"{code}\",\"Message\":\"{words}\"}}"),
        (Api::LogsIngestion, _) => {
            format!("{{\"error\":{{\"code\":\"{code}\",\"message\":\"{words}\"}}}}")
        }
    };
    text(status, "application/json", &body)
}

/// A 2xx that the API does not give: 200 with an empty body is the Data Collector's, 204 a rule's.
fn other_success(random: &mut Rng, api: Api) -> Whole {
    let mut answers = vec![
        text(200, "text/html; charset=utf-8", HTML),
        text(
            200,
            "application/json",
            "{\"error\":{\"code\":\"InvalidStream\"}}",
        ),
        text(200, "application/json", "{\"Error\":\"InvalidDataFormat\"}"),
        text(201, "application/json", ""),
        text(202, "text/plain", ""),
        text(203, "text/html", HTML),
        text(206, "application/json", "{}"),
        text(226, "text/plain", ""),
        text(299, "text/plain", ""),
    ];
    answers.push(match api {
        Api::DataCollector => text(204, "text/plain", ""),
        Api::LogsIngestion => text(200, "text/plain", ""),
    });
    one(random, &answers)
}

fn unlucky(random: &mut Rng, api: Api) -> Reply {
    match random.u8(..4) {
        0 => silence(random),
        1 => Reply::Whole(refusal(random, api)),
        2 => Reply::Whole(other_success(random, api)),
        _ => Reply::Whole(proxy_answer(random)),
    }
}

pub(super) const KINDS: &[Kind] = &[
    kind("workspace-status", |random, api| {
        Odd::Instead(Reply::Whole(refusal(random, api)))
    }),
    kind("workspace-proxy", |random, _| {
        Odd::Instead(Reply::Whole(proxy_answer(random)))
    }),
    kind("workspace-redirect", |random, _| {
        Odd::Instead(Reply::Whole(redirect(random)))
    }),
    kind("workspace-throttled", |random, _| {
        let body = "{\"Error\":\"TooManyRequests\",\"Message\":\"odd\"}";
        Odd::Instead(Reply::Whole(throttled(random, "application/json", body)))
    }),
    kind("workspace-other-2xx", |random, api| {
        Odd::Instead(Reply::Whole(other_success(random, api)))
    }),
    kind("workspace-taken-untold", |random, api| {
        Odd::After(unlucky(random, api))
    }),
    kind("workspace-headers", |random, _| {
        Odd::Changed(one(
            random,
            &[
                Change::Without("Date"),
                Change::Interim(100),
                Change::Interim(103),
                Change::Beside("X-Odd", vec![0xff, 0xfe]),
                Change::ManyHeaders(8_000),
            ],
        ))
    }),
    kind("workspace-silence", |random, _| {
        Odd::Instead(silence(random))
    }),
    kind("workspace-trickle", |random, _| {
        let mut answer = text(one(random, &[200, 400, 503]), "text/html", HTML);
        answer.trickles = true;
        Odd::Instead(Reply::Whole(answer))
    }),
    kind("workspace-huge", |random, _| {
        Odd::Instead(Reply::Whole(match random.bool() {
            true => huge(one(random, &[400, 403, 413, 500, 503])),
            false => whole(
                one(random, &[400, 403, 500]),
                "text/plain",
                Content::Bytes(vec![b'x'; 70_000]),
            ),
        }))
    }),
    kind("workspace-refused", |_, _| Odd::Refused),
    Kind {
        calls: &[Call::Post],
        ..kind("workspace-row-refused", |random, _| Odd::RowRefused {
            event: random.usize(..1_000),
        })
    },
];
