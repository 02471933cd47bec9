//! Maps an event's number to a session and a step of that session.
//!
//! A session has several events, and the events of concurrent sessions interleave. The log has
//! [`OPEN`] tracks. Each round of [`OPEN`] events takes one from every track, in a shuffled order.
//! On a track one session follows the other. It is all arithmetic on the number; nothing is stored.

use super::flows::{Flow, FlowEvent};
use super::rng::{Rng, mix};

/// Sessions open at a time: an org of ten events a second (a million a day), five events to a
/// session, four seconds from its first to its last.
const OPEN: u64 = 8;

/// How many events the sessions of a track have, in turn; then again from the start.
const LENGTHS: [u64; 8] = [8, 3, 6, 1, 5, 2, 4, 3];

/// Events of a track until its lengths repeat.
const ROUND: u64 = 32;

/// How many events each track is ahead of the one before, so that sessions do not start together.
const LEAD: u64 = 5;

/// One event's place in its session.
#[derive(Debug)]
pub(super) struct Step {
    /// Differs from session to session and from seed to seed.
    pub(super) session: u64,
    pub(super) flow: &'static Flow,
    pub(super) event: FlowEvent,
}

impl Step {
    pub(super) fn of(seed: u64, number: u64) -> Self {
        let (track, along) = track(seed, number);
        let (round, mut at) = (along / ROUND, along % ROUND);
        for (turn, length) in (0..).zip(LENGTHS) {
            if at < length {
                let which = (round * LENGTHS.len() as u64 + turn) * OPEN + track;
                let mut rng = Rng::new(mix(seed ^ 0x7365_7373), which);
                let flow = Flow::of(length, &mut rng);
                return Self {
                    session: rng.next_u64(),
                    flow,
                    event: flow.at(at),
                };
            }
            at -= length;
        }
        // Not reached while the lengths of a round add up to it, as the compiler checks below.
        let flow = Flow::of(1, &mut Rng::new(seed, number));
        Self {
            session: mix(number),
            flow,
            event: flow.at(0),
        }
    }

    /// A seed for request number `request` of the session: its events have it in common.
    pub(super) fn request(&self, request: u64) -> u64 {
        mix(self.session ^ mix(request))
    }
}

/// The track that gives event `number`, and which of the track's events it is.
fn track(seed: u64, number: u64) -> (u64, u64) {
    let (row, within) = (number / OPEN, number % OPEN);
    let order = Rng::new(mix(seed ^ 0x6f72_6465), row).next_u64();
    // An odd factor and any shift permute the tracks of a row.
    let track = (within * (order >> 32 | 1)).wrapping_add(order) % OPEN;
    (track, row + track * LEAD)
}

const _: () = {
    let [a, b, c, d, e, f, g, h] = LENGTHS;
    assert!(a + b + c + d + e + f + g + h == ROUND);
    assert!(OPEN.is_power_of_two());
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_session_is_told_whole_in_order_and_among_others() {
        for seed in [0, 9, u64::MAX] {
            let mut sessions = HashMap::<u64, Vec<(u64, Step)>>::new();
            for number in 0..20_000 {
                let step = Step::of(seed, number);
                sessions
                    .entry(step.session)
                    .or_default()
                    .push((number, step));
            }
            let (mut near, mut steps) = (0, 0);
            for steps_of_one in sessions.values() {
                let (first, last) = (steps_of_one[0].0, steps_of_one.last().unwrap().0);
                let flow = steps_of_one[0].1.flow;
                let whole = first > 20 * OPEN && last < 20_000 - 20 * OPEN;
                assert!(!whole || steps_of_one.len() as u64 == flow.length());
                for (at, (_, step)) in (0..).zip(steps_of_one).filter(|_| whole) {
                    assert_eq!(step.event, flow.at(at), "seed {seed}");
                }
                for two in steps_of_one.windows(2) {
                    assert!(two[1].0 - two[0].0 < 2 * OPEN, "a session is torn apart");
                    steps += 1;
                    near += u64::from(two[1].0 - two[0].0 == 1);
                }
            }
            assert!(near * 10 < steps, "{near} of {steps} steps follow at once");
        }
    }
}
