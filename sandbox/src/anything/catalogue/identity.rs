//! Odd answers of the managed identity's token endpoint.

use super::super::odd::{Call, Change, Content, End, Odd, Reply};
use super::answers::{HTML, huge, one, proxy_answer, redirect, silence, text, throttled, whole};
use super::kind::Kind;

const fn kind(name: &'static str, draw: super::kind::Draw) -> Kind {
    Kind {
        name,
        end: End::Identity,
        calls: &[Call::Token],
        odd_page: false,
        draw,
    }
}

pub(super) const KINDS: &[Kind] = &[
    kind("identity-status", |random, _| {
        let status = one(random, &[400, 401, 403, 404, 405, 410, 429, 500, 501, 503]);
        let body = one(
            random,
            &[
                "",
                "{}",
                "{\"statusCode\":400,\"message\":\"No MSI found\"}",
                "{\"error\":",
                HTML,
            ],
        );
        Odd::Instead(Reply::Whole(text(status, "application/json", body)))
    }),
    kind("identity-proxy", |random, _| {
        Odd::Instead(Reply::Whole(proxy_answer(random)))
    }),
    kind("identity-redirect", |random, _| {
        Odd::Instead(Reply::Whole(redirect(random)))
    }),
    kind("identity-throttled", |random, _| {
        Odd::Instead(Reply::Whole(throttled(random, "application/json", "{}")))
    }),
    kind("identity-body", |random, _| {
        let body = one(
            random,
            &[
                "",
                HTML,
                "{}",
                "[]",
                "null",
                "7",
                "{\"access_token\":",
                "{\"access_token\":null}",
                "{\"access_token\":7,\"expires_on\":\"4102444800\"}",
                "\0",
                "{\"error\":\"invalid_scope\"}",
            ],
        );
        Odd::Instead(Reply::Whole(text(
            one(random, &[200, 202]),
            "application/json",
            body,
        )))
    }),
    kind("identity-token", |random, _| {
        // Each is JSON; none opens the rule.
        let token = one(
            random,
            &[
                "\"\"",
                "\" \"",
                "\"a b\"",
                "\"\\u0000\"",
                "\"\\r\\nX: y\"",
                "\"\u{fc}\"",
                "\"wrong\"",
                "[\"a\"]",
                "true",
            ],
        );
        Odd::Changed(Change::Field("access_token", Some(token)))
    }),
    kind("identity-expires-on", |random, _| {
        let expires = one(
            random,
            &[
                None,
                Some("null"),
                Some("\"\""),
                Some("4102444800"),
                Some("\"4102444800\""),
                Some("4102444800.5"),
                Some("\"2199-01-01T00:00:00Z\""),
                Some("\"11/28/2036 00:00:00 +00:00\""),
                Some("\"0\""),
                Some("-1"),
                Some("\"1\""),
                Some("99999999999999999999"),
                Some("\"99999999999999999999\""),
                Some("\"soon\""),
                Some("[]"),
            ],
        );
        Odd::Changed(Change::Field("expires_on", expires))
    }),
    kind("identity-type", |random, _| {
        let (field, value) = one(
            random,
            &[
                ("token_type", Some("\"MAC\"")),
                ("token_type", None),
                ("token_type", Some("7")),
                ("resource", Some("\"https://elsewhere.invalid\"")),
                ("client_id", None),
            ],
        );
        Odd::Changed(Change::Field(field, value))
    }),
    kind("identity-headers", |random, _| {
        Odd::Changed(one(
            random,
            &[
                Change::Without("Content-Type"),
                Change::With("Content-Type", b"text/html".to_vec()),
                Change::Beside("X-Odd", vec![0xff]),
                Change::ManyHeaders(200_000),
                Change::Interim(103),
                Change::Status(201),
                Change::Status(206),
            ],
        ))
    }),
    kind("identity-cut", |random, _| {
        Odd::Changed(one(
            random,
            &[Change::HalfBody, Change::CutHalfWay, Change::ResetHalfWay],
        ))
    }),
    kind("identity-silence", |random, _| match random.u8(..3) {
        0 => Odd::Changed(Change::SilentHalfWay),
        _ => Odd::Instead(silence(random)),
    }),
    kind("identity-trickle", |_, _| Odd::Changed(Change::Trickle)),
    kind("identity-huge", |random, _| {
        Odd::Instead(Reply::Whole(match random.bool() {
            true => huge(one(random, &[200, 400, 500])),
            false => whole(
                200,
                "application/json",
                Content::Repeated {
                    before: "{\"expires_on\":\"4102444800\",\"access_token\":\"",
                    piece: "0123456789abcdef",
                    bytes: 300_000,
                    after: "\"}",
                },
            ),
        }))
    }),
    kind("identity-refused", |_, _| Odd::Refused),
];
