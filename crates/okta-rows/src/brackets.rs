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
    /// What `inner` and `depth` were when the change began.
    before: (u64, u32),
    /// The least depth since then, a bracket that was looked at counted as closed.
    lowest: u32,
    /// Since then brackets went to `outer` or came from there.
    has_spilled: bool,
}

/// What a text does to the innermost brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BracketChange {
    /// Those it needs, and how many.
    needed: u64,
    needed_depth: u32,
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
            (self.depth, self.has_spilled) = (0, true);
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
            (self.inner, self.depth, self.has_spilled) = (outer, u64::BITS, true);
        }
    }

    /// From here on a change is noted.
    pub(crate) fn begin_change(&mut self) {
        self.before = (self.inner, self.depth);
        (self.lowest, self.has_spilled) = (self.depth, false);
    }

    /// What happened since then; `None` if the innermost brackets do not tell it.
    pub(crate) fn change(&self) -> Option<BracketChange> {
        let (inner, depth) = self.before;
        let needed_depth = depth - self.lowest;
        let after_depth = self.depth.checked_sub(self.lowest)?;
        let is_short = needed_depth < u64::BITS && after_depth < u64::BITS;
        (is_short && !self.has_spilled).then(|| BracketChange {
            needed: inner & low_bits(needed_depth),
            needed_depth,
            after: self.inner & low_bits(after_depth),
            after_depth,
        })
    }

    /// Does the change and returns true, if the innermost brackets are those it needs and, where
    /// it `closes_all`, no other is open.
    #[inline(always)]
    pub(crate) fn apply(&mut self, change: &BracketChange, closes_all: bool) -> bool {
        let applies = change.needed_depth <= self.depth
            && (self.inner ^ change.needed) & low_bits(change.needed_depth) == 0
            && self.depth - change.needed_depth + change.after_depth < u64::BITS
            && (!closes_all || self.depth == change.needed_depth && self.outer.is_empty());
        if applies {
            self.inner = self.inner >> change.needed_depth << change.after_depth | change.after;
            self.depth = self.depth - change.needed_depth + change.after_depth;
        }
        applies
    }
}

/// The lowest `count` bits, of which there are fewer than 64.
#[inline(always)]
fn low_bits(count: u32) -> u64 {
    (1 << count) - 1
}
