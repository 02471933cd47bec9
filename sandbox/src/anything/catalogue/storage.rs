//! Odd answers of Blob storage.
//!
//! Kept out: an answer that denies a cursor which is there. Storage that denies what it holds asks
//! for a first run, and nobody can tell.

use fastrand::Rng;

use super::super::odd::{Call, Change, Content, End, Odd, Reply, Whole};
use super::answers::{HTML, huge, one, proxy_answer, redirect, silence, text, throttled};
use super::kind::Kind;

/// Every call, those of a usual run more often.
const ALL: &[Call] = &[
    Call::AcquireLease,
    Call::AcquireLease,
    Call::RenewLease,
    Call::ReleaseLease,
    Call::Read,
    Call::List,
    Call::SaveCursor,
    Call::SaveCursor,
    Call::SaveCursor,
    Call::SaveOther,
    Call::CreateContainer,
];
const SAVES: &[Call] = &[Call::SaveCursor, Call::SaveCursor, Call::SaveOther];
const READS: &[Call] = &[Call::Read];

const fn kind(name: &'static str, calls: &'static [Call], draw: super::kind::Draw) -> Kind {
    Kind {
        name,
        end: End::Storage,
        calls,
        odd_page: false,
        draw,
    }
}

const ERRORS: &[(u16, &str)] = &[
    (400, "InvalidHeaderValue"),
    (403, "AuthenticationFailed"),
    (403, "AuthorizationFailure"),
    (403, "AccountIsDisabled"),
    (409, "LeaseAlreadyPresent"),
    (409, "LeaseIdMismatchWithLeaseOperation"),
    (409, "ContainerBeingDeleted"),
    (409, "BlobImmutableDueToPolicy"),
    (412, "ConditionNotMet"),
    (412, "LeaseIdMismatchWithBlobOperation"),
    (412, "LeaseIdMissing"),
    (412, "LeaseLost"),
    (413, "RequestBodyTooLarge"),
    (429, "TooManyRequests"),
    (500, "InternalError"),
    (500, "OperationTimedOut"),
    (501, "NotImplemented"),
    (503, "ServerBusy"),
];

fn error(random: &mut Rng) -> Whole {
    let (status, code) = one(random, ERRORS);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code>\
         <Message>odd</Message></Error>"
    );
    let mut answer = text(status, "application/xml", &body);
    answer.headers.push(("x-ms-error-code", code.to_owned()));
    answer
}

pub(super) const KINDS: &[Kind] = &[
    kind("storage-status", ALL, |random, _| {
        Odd::Instead(Reply::Whole(error(random)))
    }),
    kind("storage-proxy", ALL, |random, _| {
        Odd::Instead(Reply::Whole(proxy_answer(random)))
    }),
    kind("storage-redirect", ALL, |random, _| {
        Odd::Instead(Reply::Whole(redirect(random)))
    }),
    kind("storage-throttled", ALL, |random, _| {
        Odd::Instead(Reply::Whole(throttled(random, "application/xml", "")))
    }),
    kind("storage-no-container", SAVES, |_, _| {
        let mut answer = text(404, "application/xml", "");
        answer
            .headers
            .push(("x-ms-error-code", "ContainerNotFound".to_owned()));
        Odd::Instead(Reply::Whole(answer))
    }),
    kind("storage-silence", ALL, |random, _| {
        Odd::Instead(silence(random))
    }),
    kind("storage-done-untold", ALL, |random, _| {
        Odd::After(match random.u8(..3) {
            0 => silence(random),
            1 => Reply::Whole(error(random)),
            _ => Reply::Whole(proxy_answer(random)),
        })
    }),
    kind("storage-other-2xx", SAVES, |random, _| {
        Odd::Instead(Reply::Whole(text(
            one(random, &[200, 202, 204, 206]),
            "text/html",
            HTML,
        )))
    }),
    kind("storage-lease-lost", SAVES, |_, _| Odd::LeaseBrokenFirst),
    kind("storage-cut-read", READS, |random, _| {
        Odd::Changed(one(
            random,
            &[
                Change::HalfBody,
                Change::CutHalfWay,
                Change::ResetHalfWay,
                Change::SilentHalfWay,
                Change::Body(Content::Text(HTML.to_owned())),
                Change::Body(Content::Bytes(vec![0xff; 64])),
            ],
        ))
    }),
    kind("storage-headers", ALL, |random, _| {
        Odd::Changed(one(
            random,
            &[
                Change::Without("ETag"),
                Change::With("ETag", b"\"0x0\"".to_vec()),
                Change::With("ETag", vec![0xff]),
                Change::Without("x-ms-lease-id"),
                Change::Without("Last-Modified"),
                Change::With("Last-Modified", b"yesterday".to_vec()),
                Change::With("Content-Type", b"text/html".to_vec()),
                Change::Beside("X-Odd", vec![0xff]),
                Change::Interim(103),
                Change::Interim(100),
                Change::ManyHeaders(200_000),
            ],
        ))
    }),
    kind("storage-list", &[Call::List], |random, _| {
        let body = one(
            random,
            &[
                "",
                HTML,
                "<EnumerationResults/>",
                "<EnumerationResults>",
                "{}",
            ],
        );
        Odd::Instead(Reply::Whole(text(200, "application/xml", body)))
    }),
    kind("storage-trickle", ALL, |random, _| {
        let mut answer = error(random);
        answer.trickles = true;
        Odd::Instead(Reply::Whole(answer))
    }),
    kind("storage-huge", ALL, |random, _| {
        Odd::Instead(Reply::Whole(huge(one(random, &[200, 400, 500]))))
    }),
    kind("storage-refused", ALL, |_, _| Odd::Refused),
];
