//! The brackets that are open in a value, and what usually comes between its texts.
//!
//! An array of an event, its targets or the addresses it came through, has the same keys and
//! brackets as that of the event before. So the bytes from one text or number to the next are
//! remembered: where they come again, they are compared and not read.

use std::cmp::Reverse;

use crate::chunk::Literal;
use crate::ink::Prefix;
use crate::scan::Scan;
use crate::text::push_escaped;

/// Most ways that are remembered.
const MOST_WAYS: usize = 256;

/// Most ways from one place that are tried.
const MOST_TRIED: usize = 8;

/// Most ways that one value may teach: one that is all new shall not be compared with all that is
/// known, again and again.
const MOST_LEARNED: u32 = 100;

/// Longest way that is remembered, in bytes.
const LONGEST_WAY: usize = 64;

/// A value's beginning, before its first way.
pub(super) const START: usize = 0;

/// After a way that is not remembered.
pub(super) const NOWHERE: usize = usize::MAX;

/// What a way leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// A string, whose quotation mark was read.
    Text,
    /// A number, if it is one.
    Number,
    /// Nothing: the value has ended.
    End,
}

/// Bytes between two texts or numbers.
#[derive(Debug)]
pub(super) struct Way {
    bytes: Literal,
    /// The same as the inside of a string.
    pub(super) escaped: Prefix,
    /// The innermost brackets that it needs, as [`Nest`] has them, and how many.
    needs: (u64, u32),
    /// The bits of those.
    mask: u64,
    /// Those it puts in their place.
    leaves: (u64, u32),
    pub(super) then: Then,
}

/// A way that was taken after another.
#[derive(Debug)]
struct Known {
    way: usize,
    taken: u32,
}

/// Open brackets, however deep; depth costs a bit.
#[derive(Debug)]
pub(super) struct Nest {
    /// The innermost brackets, the last one lowest: 1 for an object.
    inner: u64,
    /// How many of them there are.
    count: u32,
    /// Further out, 64 each.
    outer: Vec<u64>,
    ways: Vec<Way>,
    /// For each way those that were taken after it, those first that were taken most.
    after: Vec<Vec<Known>>,
    /// Ways of this value that may still be learned.
    left: u32,
}

/// Where a way began, to remember it by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    inner: u64,
    count: u32,
    /// The fewest brackets that were open since, counting one that was only looked at as closed.
    least: u32,
    /// Brackets further out were touched, or pushed there.
    lost: bool,
}

impl Way {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl Nest {
    pub(super) fn new() -> Nest {
        let start = Way {
            bytes: Literal::of(b""),
            escaped: Prefix::default(),
            needs: (0, 0),
            mask: 0,
            leaves: (0, 0),
            then: Then::End,
        };
        Nest {
            inner: 0,
            count: 0,
            outer: Vec::new(),
            ways: vec![start],
            after: vec![Vec::new()],
            left: 0,
        }
    }

    /// A value begins.
    pub(super) fn clear(&mut self) {
        (self.inner, self.count, self.left) = (0, 0, MOST_LEARNED);
        self.outer.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            inner: self.inner,
            count: self.count,
            least: self.count,
            lost: false,
        }
    }

    /// Whether the innermost bracket is an object's.
    pub(super) fn in_object(&self, mark: &mut Mark) -> bool {
        mark.least = mark.least.min(self.count.saturating_sub(1));
        self.inner & 1 == 1
    }

    pub(super) fn push(&mut self, object: bool, mark: &mut Mark) {
        if self.count == u64::BITS {
            self.outer.push(self.inner);
            self.count = 0;
            mark.lost = true;
        }
        self.inner = self.inner << 1 | u64::from(object);
        self.count += 1;
    }

    pub(super) fn pop(&mut self, mark: &mut Mark) {
        self.inner >>= 1;
        self.count = self.count.saturating_sub(1);
        if self.count == 0
            && let Some(outer) = self.outer.pop()
        {
            (self.inner, self.count) = (outer, u64::BITS);
            mark.lost = true;
        }
    }

    /// The way that comes next, if it was taken before from there in the same brackets;
    /// it is taken now.
    #[inline(always)]
    pub(super) fn take_way(&mut self, scan: &Scan<'_>, from: usize) -> Option<(usize, &Way)> {
        let (first, rest) = scan.ahead()?;
        let Nest {
            inner,
            count,
            outer,
            ways,
            after,
            ..
        } = self;
        for known in after.get_mut(from)? {
            let way = ways.get(known.way)?;
            let ((brackets, needs), (left, leaves)) = (way.needs, way.leaves);
            let fits = way.bytes.begins(first, rest)
                && needs <= *count
                && (*inner ^ brackets) & way.mask == 0
                && *count - needs + leaves < u64::BITS
                && (way.then != Then::End || *count == needs && outer.is_empty());
            if fits {
                *inner = *inner >> needs << leaves | left;
                *count = *count - needs + leaves;
                known.taken = known.taken.wrapping_add(1);
                return Some((known.way, way));
            }
        }
        None
    }

    /// Forgets that a way came after another: what it led to was not there this time, and would hide
    /// the way to what was.
    pub(super) fn forget(&mut self, from: usize, way: usize) {
        if let Some(after) = self.after.get_mut(from) {
            after.retain(|known| known.way != way);
        }
    }

    /// Remembers a way that was read; returns its index, or [`NOWHERE`].
    pub(super) fn remember(&mut self, from: usize, bytes: &[u8], then: Then, mark: Mark) -> usize {
        let (needs, leaves) = (
            mark.count - mark.least,
            self.count.saturating_sub(mark.least),
        );
        // Where an array begins with a number, an empty one may stand another time.
        let may_end = then == Then::Number && bytes.trim_ascii_end().ends_with(b"[");
        if mark.lost || may_end || needs >= u64::BITS || leaves >= u64::BITS {
            return NOWHERE;
        }
        if bytes.len() > LONGEST_WAY || self.left == 0 {
            return NOWHERE;
        }
        self.left -= 1;
        let needs = (mark.inner & low(needs), needs);
        let leaves = (self.inner & low(leaves), leaves);
        let same = |way: &Way| {
            (way.needs, way.leaves, way.then) == (needs, leaves, then) && way.bytes.is(bytes)
        };
        let index = match self.ways.iter().position(same) {
            Some(known) => known,
            None if self.ways.len() < MOST_WAYS => {
                let Some(escaped) = escaped(bytes) else {
                    return NOWHERE;
                };
                self.ways.push(Way {
                    bytes: Literal::of(bytes),
                    escaped,
                    needs,
                    mask: low(needs.1),
                    leaves,
                    then,
                });
                self.after.push(Vec::new());
                self.ways.len() - 1
            }
            None => return NOWHERE,
        };
        if let Some(after) = self.after.get_mut(from) {
            after.retain(|known| known.way != index);
            after.sort_by_key(|known| Reverse(known.taken));
            after.truncate(MOST_TRIED - 1);
            // What is taken no more makes room in the end.
            for known in after.iter_mut() {
                known.taken /= 2;
            }
            after.push(Known {
                way: index,
                taken: 0,
            });
        }
        index
    }
}

/// A way's form inside a string, unless that is too long.
fn escaped(bytes: &[u8]) -> Option<Prefix> {
    let mut escaped = Vec::new();
    push_escaped(&mut escaped, bytes);
    Prefix::of(&escaped)
}

/// The lowest `count` bits.
fn low(count: u32) -> u64 {
    !(u64::MAX.checked_shl(count).unwrap_or(0))
}
