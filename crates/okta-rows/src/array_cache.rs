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

/// States: after a skeleton a hash of its text. Two that share one share their candidates.
const STATES: usize = 256;

/// A value's beginning, before its first skeleton.
pub(crate) const START: usize = STATES;

/// The most skeletons that one value may teach, lest an unfamiliar one costs time and what is known.
const MOST_LEARNED: u32 = 100;

/// The longest skeleton that may fit into a [`PaddedText`].
const LONGEST_SKELETON: usize = 64;

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
    pub(crate) state_after: usize,
}

/// What is known of arrays and objects, and the brackets of the one that is being read.
#[derive(Debug, Default)]
pub(crate) struct ArrayCache {
    pub(crate) brackets: BracketStack,
    predictor: Predictor<Skeleton>,
    /// How many this value may still teach.
    left: u32,
}

impl ArrayCache {
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
        predictor.predict(state, scanner.rest(), |skeleton| {
            // Where a number stood, a `null` may stand another time.
            (skeleton.next != NextToken::Number || scanner.is_number_at(skeleton.length))
                && brackets.apply(&skeleton.change, skeleton.next == NextToken::End)
        })
    }

    /// Keeps a skeleton that was read, the brackets' last change; returns the state after it.
    pub(crate) fn learn(&mut self, state: usize, text: &str, next: NextToken) -> usize {
        let hash = text.bytes().fold(0, |hash: usize, byte| {
            hash.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        let state_after = hash % STATES;
        if self.left > 0
            && text.len() <= LONGEST_SKELETON
            && let Some(change) = self.brackets.change()
            && let Some(escaped) = PaddedText::of(&escaped(text))
        {
            self.left -= 1;
            let length = text.len();
            let skeleton = Skeleton {
                length,
                escaped,
                change,
                next,
                state_after,
            };
            self.predictor.learn(state, text.as_bytes(), skeleton);
        }
        state_after
    }
}
