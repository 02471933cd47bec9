//! The brackets that are open in an array or object, however deep: a level costs a bit.

/// Open brackets.
#[derive(Debug, Default)]
pub(crate) struct BracketStack {
    /// The innermost ones, the last lowest: 1 for an object.
    inner: u64,
    /// How many those are.
    depth: u32,
    /// Further out, 64 each.
    outer: Vec<u64>,
    /// The fewest of the innermost that were open since the last snapshot, one that was looked at
    /// counted as closed.
    lowest: u32,
    /// Since the last snapshot brackets went to `outer` or came from there.
    spilled: bool,
}

/// The innermost brackets at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    inner: u64,
    depth: u32,
}

/// What a text does to the innermost brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BracketChange {
    /// Those it needs, how many, and the bits that these are.
    before: u64,
    before_depth: u32,
    mask: u64,
    /// Those it leaves in their place, and how many.
    after: u64,
    after_depth: u32,
}

impl BracketStack {
    pub(crate) fn clear(&mut self) {
        self.depth = 0;
        self.outer.clear();
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.depth == 0 && self.outer.is_empty()
    }

    /// Whether the innermost bracket is an object's.
    pub(crate) fn is_in_object(&mut self) -> bool {
        self.lowest = self.lowest.min(self.depth.saturating_sub(1));
        self.inner & 1 == 1
    }

    pub(crate) fn push(&mut self, is_object: bool) {
        if self.depth == u64::BITS {
            self.outer.push(self.inner);
            (self.depth, self.spilled) = (0, true);
        }
        self.inner = self.inner << 1 | u64::from(is_object);
        self.depth += 1;
    }

    /// Closes the innermost bracket. One must be open.
    pub(crate) fn pop(&mut self) {
        self.inner >>= 1;
        self.depth -= 1;
        self.lowest = self.lowest.min(self.depth);
        if self.depth == 0
            && let Some(outer) = self.outer.pop()
        {
            (self.inner, self.depth, self.spilled) = (outer, u64::BITS, true);
        }
    }

    /// From here on a change may be taken.
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        (self.lowest, self.spilled) = (self.depth, false);
        Snapshot {
            inner: self.inner,
            depth: self.depth,
        }
    }

    /// What happened since the last snapshot; `None` if it cannot be told by the innermost.
    pub(crate) fn change_since(&self, snapshot: Snapshot) -> Option<BracketChange> {
        let before_depth = snapshot.depth - self.lowest;
        let after_depth = self.depth.checked_sub(self.lowest)?;
        let is_short = before_depth < u64::BITS && after_depth < u64::BITS;
        (is_short && !self.spilled).then(|| BracketChange {
            before: snapshot.inner & low_bits(before_depth),
            before_depth,
            mask: low_bits(before_depth),
            after: self.inner & low_bits(after_depth),
            after_depth,
        })
    }

    /// Does the change and returns true, if the innermost brackets are those it needs and, where
    /// it `closes_all`, no other is open.
    #[inline(always)]
    pub(crate) fn apply(&mut self, change: &BracketChange, closes_all: bool) -> bool {
        let applies = change.before_depth <= self.depth
            && (self.inner ^ change.before) & change.mask == 0
            && self.depth - change.before_depth + change.after_depth < u64::BITS
            && (!closes_all || self.depth == change.before_depth && self.outer.is_empty());
        if applies {
            self.inner = self.inner >> change.before_depth << change.after_depth | change.after;
            self.depth = self.depth - change.before_depth + change.after_depth;
        }
        applies
    }
}

/// The lowest `count` bits, of which there are fewer than 64.
fn low_bits(count: u32) -> u64 {
    (1 << count) - 1
}
