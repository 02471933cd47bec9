//! What an end may answer in place of, or after, the service's own answer.

/// One of the four services that the program talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// Okta's System Log.
    Okta,
    /// Either ingestion API.
    Workspace,
    /// The managed identity's token endpoint.
    Identity,
    /// Blob storage.
    Storage,
}

/// A kind of call to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// A page of the System Log.
    Page,
    /// A post of events.
    Post,
    /// A post of the run's health row.
    HealthPost,
    /// A token of the identity.
    Token,
    /// Create Container.
    CreateContainer,
    /// Lease Blob: acquire.
    AcquireLease,
    /// Lease Blob: renew.
    RenewLease,
    /// Lease Blob: release.
    ReleaseLease,
    /// Get Blob.
    Read,
    /// List Blobs.
    List,
    /// Put Blob of the cursor.
    SaveCursor,
    /// Put Blob of anything else.
    SaveOther,
    /// Any other call.
    Other,
}

/// One odd answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Odd {
    /// The service is not asked; this is the answer.
    Instead(Reply),
    /// The service does as asked; this is the answer.
    After(Reply),
    /// The service does as asked; its answer is changed.
    Changed(Change),
    /// The service is asked after the lease on the cursor was broken.
    LeaseBrokenFirst,
    /// Connections are refused for the whole run.
    Refused,
    /// This event, by its place in the log, is damaged whenever it is served, also after the healing.
    EventDamaged {
        /// The place: the remainder by the count of events.
        event: usize,
        /// How.
        damage: Damage,
    },
    /// The workspace refuses the row of this event, by its place in the log, until it heals.
    RowRefused {
        /// The place: the remainder by the count of events.
        event: usize,
    },
}

impl Odd {
    /// Whether it answers single calls; the others are there from the start.
    pub(super) fn is_of_a_call(&self) -> bool {
        !matches!(
            self,
            Odd::Refused | Odd::EventDamaged { .. } | Odd::RowRefused { .. }
        )
    }
}

/// An answer of the end's own.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing, until the client gives up.
    Silence,
    /// A head that promises a body, and then nothing.
    HeadAlone {
        /// Its status.
        status: u16,
    },
    /// A TCP reset.
    Reset,
    /// The connection is closed without a word.
    Closed,
    /// Bytes that are no HTTP.
    NoHttp,
    /// A whole answer.
    Whole(Whole),
}

/// A status, headers and a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// The status.
    pub status: u16,
    /// Headers, `Content-Length` aside.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Content,
    /// What `Content-Length` says.
    pub length: Length,
    /// Whether the body comes a byte at a time.
    pub trickles: bool,
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// This text.
    Text(String),
    /// These bytes.
    Bytes(Vec<u8>),
    /// `before`, then `piece` until there are about `bytes` bytes, then `after`.
    Repeated {
        /// The start.
        before: &'static str,
        /// What is repeated.
        piece: &'static str,
        /// Size in bytes.
        bytes: usize,
        /// The end.
        after: &'static str,
    },
}

/// What `Content-Length` says of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The truth.
    True,
    /// Nothing: the body ends with the connection.
    Missing,
    /// More than comes before the connection is closed.
    TooLong,
    /// Half: the rest of the body is no part of the answer.
    TooShort,
}

/// A change of a service's own answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Another status.
    Status(u16),
    /// An interim answer of this status comes first.
    Interim(u16),
    /// Every header of this name is left out.
    Without(&'static str),
    /// This header in place of those of its name.
    With(&'static str, Vec<u8>),
    /// This header beside those of its name.
    Beside(&'static str, Vec<u8>),
    /// So many bytes of headers beside.
    ManyHeaders(usize),
    /// Half of the body, as if it were all.
    HalfBody,
    /// Half of the body, then the connection is closed.
    CutHalfWay,
    /// Half of the body, then nothing.
    SilentHalfWay,
    /// Half of the body, then a reset.
    ResetHalfWay,
    /// A byte at a time, a fiftieth of a second each.
    Trickle,
    /// In chunks.
    Chunked,
    /// Another value of this field of a JSON object, as JSON; `None` leaves the field out.
    Field(&'static str, Option<&'static str>),
    /// Another body under the answer's own headers.
    Body(Content),
    /// Compressed, and then damaged in the middle.
    GzipDamaged,
    /// A compressed body that inflates to so many megabytes of spaces.
    GzipBomb(usize),
    /// A plain body that is said to be compressed.
    GzipInNameOnly,
    /// A change of a page's events.
    Events(EventsChange),
    /// A change of the link to the next page.
    Link(LinkChange),
}

/// A change of the events on a page. `at` chooses the event: the remainder by their count.
#[derive(Clone, Debug, PartialEq)]
pub enum EventsChange {
    /// One event is changed.
    Damage {
        /// Which.
        at: usize,
        /// How.
        damage: Damage,
    },
    /// A value that is no event comes before one.
    Stranger {
        /// Where.
        at: usize,
        /// The value.
        json: &'static str,
    },
    /// Another order, by this seed.
    Shuffled(u64),
    /// The newest first.
    Reversed,
    /// One event stands on the page twice.
    Twice {
        /// Which.
        at: usize,
    },
    /// Events of the page before this one, of the same run, come first.
    EarlierToo,
    /// The page before this one, of the same run, comes again with its own link.
    PageAgain,
}

/// Damage of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A byte in a string that is not UTF-8.
    NotUtf8,
    /// A raw control character in a string.
    ControlCharacter,
    /// Half of a surrogate pair, escaped.
    LoneSurrogate,
    /// No JSON any more; the brackets still match.
    BareWord,
    /// A value nested so deep.
    Deep(usize),
    /// An array of so many numbers.
    SmallValues(usize),
    /// A string of so many bytes.
    LongString(usize),
    /// A name that stands in the object twice.
    NameTwice,
    /// A number that no float can hold.
    HugeNumber,
    /// Known fields of other types.
    OtherTypes,
}

/// What becomes of the link to the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// It is left out.
    Missing,
    /// It leads to the request itself.
    Same,
    /// It leads to the first page of the run.
    Circle,
    /// It leads to another host.
    OtherHost,
    /// It leads to another path.
    OtherPath,
    /// It has an `until` in the past.
    Until,
    /// It asks for the newest first.
    Descending,
    /// It is longer than any server takes.
    Long(usize),
    /// It has a byte beyond ASCII.
    NotAscii,
    /// It has an `after` that Okta does not know.
    UnknownAfter,
    /// It is written in another way that means the same.
    OtherSpelling,
    /// It is no link.
    NoLink,
    /// There are two, and they differ.
    Two,
}
