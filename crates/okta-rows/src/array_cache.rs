//! Skeletons of arrays and objects that are read as one value: the keys and brackets from one
//! text or number to the next.
//!
//! An array of an event, its targets or the addresses of its client, has the same skeletons as
//! that of the event before.

use crate::brackets::{BracketChange, BracketStack};
use crate::predictor::Predictor;
use crate::row_buffer::PaddedText;
use crate::scanner::Scanner;
use crate::text::escaped;

/// The most skeletons that are kept.
const MOST_SKELETONS: usize = 256;

/// The most skeletons that are tried at one place.
const MOST_CANDIDATES: usize = 8;

/// The most skeletons that one value may teach: each is compared with all that are kept, so that
/// an unfamiliar value would cost the square of its length.
const MOST_LEARNED: u32 = 100;

/// The longest skeleton that is kept, in bytes.
const LONGEST_SKELETON: usize = 64;

/// A value's beginning, before its first skeleton.
pub(crate) const START: usize = 0;

/// After a skeleton that is not kept.
const UNKNOWN: usize = usize::MAX;

/// What follows a skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextToken {
    /// A string, whose quotation mark is the skeleton's last byte.
    Text,
    /// A number.
    Number,
    /// None: the skeleton ends the value.
    End,
}

/// The bytes between two texts or numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Skeleton {
    pub(crate) length: usize,
    /// Its bytes as the inside of a string.
    pub(crate) escaped: PaddedText,
    change: BracketChange,
    pub(crate) next: NextToken,
    /// The state after it.
    pub(crate) state: usize,
}

/// What is known of arrays and objects, and the brackets of the one that is being read.
#[derive(Debug)]
pub(crate) struct ArrayCache {
    pub(crate) brackets: BracketStack,
    predictor: Predictor<Skeleton>,
    /// All skeletons; the state after one is its index here, plus one.
    skeletons: Vec<(String, BracketChange, NextToken)>,
    /// How many this value may still teach.
    left: u32,
}

impl ArrayCache {
    pub(crate) fn new() -> ArrayCache {
        ArrayCache {
            brackets: BracketStack::default(),
            predictor: Predictor::new(MOST_CANDIDATES),
            skeletons: Vec::new(),
            left: 0,
        }
    }

    /// A value begins.
    pub(crate) fn begin(&mut self) {
        self.brackets.clear();
        self.left = MOST_LEARNED;
    }

    /// The skeleton that follows, if it is known in this state and these brackets; its brackets
    /// are then open or closed.
    #[inline(always)]
    pub(crate) fn predict(&mut self, scanner: &Scanner<'_>, state: usize) -> Option<&Skeleton> {
        let ArrayCache {
            predictor,
            brackets,
            ..
        } = self;
        predictor.predict(state, scanner.lookahead()?, |skeleton| {
            // Where a number stood, a `null` may stand another time.
            (skeleton.next != NextToken::Number || scanner.is_number_at(skeleton.length))
                && brackets.apply(&skeleton.change, skeleton.next == NextToken::End)
        })
    }

    /// Keeps a skeleton that was read; returns the state after it.
    pub(crate) fn learn(&mut self, state: usize, text: &str, next: NextToken) -> usize {
        if text.len() > LONGEST_SKELETON || self.left == 0 {
            return UNKNOWN;
        }
        let escaped = PaddedText::of(&escaped(text));
        let (Some(change), Some(escaped)) = (self.brackets.change(), escaped) else {
            return UNKNOWN;
        };
        self.left -= 1;
        let is_same = |(known, its_change, its_next): &(String, BracketChange, NextToken)| {
            known == text && (*its_change, *its_next) == (change, next)
        };
        let after = match self.skeletons.iter().position(is_same) {
            Some(index) => index + 1,
            None if self.skeletons.len() < MOST_SKELETONS => {
                self.skeletons.push((text.to_owned(), change, next));
                self.skeletons.len()
            }
            None => return UNKNOWN,
        };
        if state != UNKNOWN {
            let length = text.len();
            let skeleton = Skeleton {
                length,
                escaped,
                change,
                next,
                state: after,
            };
            self.predictor.learn(state, text.as_bytes(), skeleton);
        }
        after
    }
}
