//! The bytes that usually come next, learned from what came before.
//!
//! Keys and brackets recur from event to event. What followed a state is kept with its meaning;
//! where the same bytes follow again, they are compared and not parsed.

use std::cmp::Reverse;

use crate::simd_literal::{Chunk, Literal};

/// For each state the texts that followed it, the most used first.
#[derive(Debug)]
pub(crate) struct Predictor<T> {
    states: Vec<Vec<Candidate<T>>>,
    /// The most candidates of one state.
    most: usize,
}

#[derive(Debug)]
struct Candidate<T> {
    text: Literal,
    meaning: T,
    hits: u32,
}

impl<T: PartialEq> Predictor<T> {
    pub(crate) fn new(most: usize) -> Predictor<T> {
        let states = Vec::new();
        Predictor { states, most }
    }

    /// The meaning of the text that follows, if it followed this state before; of several, the
    /// first that `applies`. The page goes on with `first` and `after`.
    #[inline(always)]
    pub(crate) fn predict(
        &mut self,
        state: usize,
        (first, after): (&Chunk, &[u8]),
        mut applies: impl FnMut(&T) -> bool,
    ) -> Option<&T> {
        for candidate in self.states.get_mut(state)? {
            if candidate.text.is_next(first, after) && applies(&candidate.meaning) {
                candidate.hits = candidate.hits.wrapping_add(1);
                return Some(&candidate.meaning);
            }
        }
        None
    }

    /// Keeps a text that followed `state`, in the place of the least used.
    pub(crate) fn learn(&mut self, state: usize, text: &[u8], meaning: T) {
        if state >= self.states.len() {
            self.states.resize_with(state + 1, Vec::new);
        }
        let Some(candidates) = self.states.get_mut(state) else {
            unreachable!("the state has been added");
        };
        let text = Literal::of(text);
        // It may be known: near the page's end nothing is predicted.
        candidates.retain(|known| known.text != text || known.meaning != meaning);
        candidates.sort_by_key(|known| Reverse(known.hits));
        candidates.truncate(self.most - 1);
        // Halved, so that what is used no more ends as the least used.
        for known in candidates.iter_mut() {
            known.hits /= 2;
        }
        let hits = 0;
        candidates.push(Candidate {
            text,
            meaning,
            hits,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predicted(predictor: &mut Predictor<u8>, text: &[u8]) -> Option<u8> {
        let page = [text, &[b' '; 64]].concat();
        let ahead = page.split_first_chunk().unwrap();
        predictor
            .predict(3, ahead, |meaning| *meaning != 9)
            .copied()
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_makes_room() {
        let mut predictor = Predictor::new(2);
        predictor.learn(3, b"one", 1);
        assert_eq!(predicted(&mut predictor, b"one"), Some(1));
        predictor.learn(3, b"two", 2);
        predictor.learn(3, b"three", 3);
        assert_eq!(predicted(&mut predictor, b"one"), Some(1));
        assert_eq!(predicted(&mut predictor, b"two"), None);
        assert_eq!(predicted(&mut predictor, b"three"), Some(3));
        assert_eq!(predictor.predict(4, (&[0; 32], &[]), |_| true), None);
    }

    #[test]
    fn a_text_may_have_several_meanings_of_which_the_first_that_applies_counts() {
        let mut predictor = Predictor::new(3);
        predictor.learn(3, b"one", 9);
        predictor.learn(3, b"one", 1);
        assert_eq!(predicted(&mut predictor, b"one"), Some(1));
    }
}
