//! The bytes that usually come next, learned from what came before.
//!
//! Keys and brackets recur from event to event. What followed a state is kept with its meaning;
//! where the same bytes follow again, they are compared and not parsed.

use std::cmp::Reverse;

use crate::simd_literal::Literal;

/// The most candidates of one state.
const MOST_CANDIDATES: usize = 16;

/// For each state the texts that followed it, the most used first.
#[derive(Debug)]
pub(crate) struct Predictor<T> {
    states: Vec<Vec<Candidate<T>>>,
}

#[derive(Debug)]
struct Candidate<T> {
    text: Literal,
    meaning: T,
    hits: u32,
}

impl<T> Default for Predictor<T> {
    fn default() -> Predictor<T> {
        Predictor { states: Vec::new() }
    }
}

impl<T: PartialEq> Predictor<T> {
    /// The meaning of the text that the page goes on with, if it followed this state before; of
    /// several the first that `applies`. Near the page's end nothing is predicted.
    #[inline(always)]
    pub(crate) fn predict(
        &mut self,
        state: usize,
        rest: &[u8],
        mut applies: impl FnMut(&T) -> bool,
    ) -> Option<&T> {
        let (first, after) = rest.split_first_chunk()?;
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
        // It may be known, from the end of a page.
        candidates.retain(|known| known.text != text || known.meaning != meaning);
        candidates.sort_by_key(|known| Reverse(known.hits));
        candidates.truncate(MOST_CANDIDATES - 1);
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

    fn predicted(predictor: &mut Predictor<usize>, text: &str) -> Option<usize> {
        let page = format!("{text}{}", " ".repeat(64));
        let applies = |meaning: &usize| *meaning != 99;
        predictor.predict(3, page.as_bytes(), applies).copied()
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_makes_room() {
        let mut predictor = Predictor::default();
        predictor.learn(3, b"used", 0);
        for number in 1..=2 * MOST_CANDIDATES {
            let text = format!("text {number}.");
            predictor.learn(3, text.as_bytes(), number);
            assert_eq!(predicted(&mut predictor, "used"), Some(0));
        }
        let newest = 2 * MOST_CANDIDATES;
        let text = format!("text {newest}.");
        assert_eq!(predicted(&mut predictor, &text), Some(newest));
        let least_used = format!("text {}.", newest - 1);
        assert_eq!(predicted(&mut predictor, &least_used), None);
        assert_eq!(predictor.predict(4, text.as_bytes(), |_| true), None);
    }

    #[test]
    fn what_is_used_no_more_makes_room_in_the_end() {
        let mut predictor = Predictor::default();
        predictor.learn(3, b"used", 0);
        for _ in 0..1000 {
            assert_eq!(predicted(&mut predictor, "used"), Some(0));
        }
        for number in 1..=4 * MOST_CANDIDATES {
            let text = format!("text {number}.");
            predictor.learn(3, text.as_bytes(), number);
            predicted(&mut predictor, &text);
        }
        assert_eq!(predicted(&mut predictor, "used"), None);
    }

    #[test]
    fn a_text_may_have_several_meanings_of_which_the_first_that_applies_counts() {
        let mut predictor = Predictor::default();
        predictor.learn(3, b"one", 99);
        predictor.learn(3, b"one", 1);
        assert_eq!(predicted(&mut predictor, "one"), Some(1));
    }
}
