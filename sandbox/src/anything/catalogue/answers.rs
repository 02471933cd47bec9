//! Odd answers that more than one end gives.

use fastrand::Rng;

use super::super::odd::{Content, Length, Reply, Whole};

/// One of them. The slices here are constants and never empty.
pub(super) fn one<T: Clone>(random: &mut Rng, of: &[T]) -> T {
    #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
    of[random.usize(..of.len())].clone()
}

pub(super) const HTML: &str = "<html><head><title>Access denied</title></head><body><h1>It works!</h1>\
                    \u{1b}[31mred\u{1b}[0m</body></html>";

/// A whole answer with a true length, at once.
pub(super) fn whole(status: u16, content_type: &str, body: Content) -> Whole {
    Whole {
        status,
        headers: vec![("Content-Type", content_type.to_owned())],
        body,
        length: Length::True,
        trickles: false,
    }
}

pub(super) fn text(status: u16, content_type: &str, body: &str) -> Whole {
    whole(status, content_type, Content::Text(body.to_owned()))
}

/// A body of about 200 MB.
pub(super) fn huge(status: u16) -> Whole {
    let body = Content::Repeated {
        before: "{\"access_token\":\"",
        piece: "0123456789abcdef",
        bytes: 200_000_000,
        after: "\"}",
    };
    whole(status, "application/json", body)
}

/// Answers that leave the client without a whole one.
pub(super) fn silence(random: &mut Rng) -> Reply {
    // A 204 has no body: its head alone is a whole answer.
    let status = one(random, &[200, 206, 429, 500]);
    one(
        random,
        &[
            Reply::Silence,
            Reply::Silence,
            Reply::HeadAlone { status },
            Reply::Reset,
            Reply::Closed,
            Reply::NoHttp,
        ],
    )
}

/// What a proxy on the way answers in the place of any service.
pub(super) fn proxy_answer(random: &mut Rng) -> Whole {
    let status = one(
        random,
        &[
            403, 407, 408, 409, 412, 415, 500, 501, 502, 503, 504, 511, 599,
        ],
    );
    let html = "text/html; charset=utf-8";
    let mut answer = one(
        random,
        &[
            text(status, html, HTML),
            text(status, html, ""),
            text(status, "application/json", "{\"error\":"),
            whole(
                status,
                html,
                Content::Bytes(vec![0xff, 0xfe, 0x00, 0x1b, 0x9b]),
            ),
        ],
    );
    if random.u8(..) < 40 {
        answer.length = one(
            random,
            &[Length::Missing, Length::TooLong, Length::TooShort],
        );
    }
    answer
}

/// A redirect to where nobody listens, or to where a credential must not go.
pub(super) fn redirect(random: &mut Rng) -> Whole {
    let status = one(random, &[301, 302, 303, 307, 308]);
    let location = one(
        random,
        &[
            "http://127.0.0.1:9/",
            "https://elsewhere.invalid/",
            "/other",
            "::",
            "",
        ],
    );
    let mut answer = text(status, "text/html", "");
    answer.headers.push(("Location", location.to_owned()));
    answer
}

/// Values of `Retry-After` that servers and proxies send.
pub(super) const RETRY_AFTER: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "",
    "soon",
    "3600",
    "99999999999999999999",
    "Fri, 31 Dec 1999 23:59:59 GMT",
    "Fri, 31 Dec 2199 23:59:59 GMT",
    "\u{fc}",
];

/// A 429 or 503 with an odd `Retry-After`, or none.
pub(super) fn throttled(random: &mut Rng, content_type: &str, body: &str) -> Whole {
    let mut answer = text(one(random, &[429, 503]), content_type, body);
    if random.u8(..) < 200 {
        let after = one(random, RETRY_AFTER);
        answer.headers.push(("Retry-After", after.to_owned()));
    }
    answer
}
