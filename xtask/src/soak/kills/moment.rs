//! When a run is killed: drawn beforehand, whatever the run then does.

use std::time::Duration;

use sandbox::workspace::Workspace;
use tokio::time::Instant;

/// From the start of the process to its first post, with room.
const START: Duration = Duration::from_millis(150);
/// From one post to the next, its save included, with room.
const ROUND: Duration = Duration::from_millis(40);
/// Within this after a post's verdict its answer is read and the save begins.
const SAVE: Duration = Duration::from_millis(6);
/// Tokio's timers are no finer.
const TIMER: Duration = Duration::from_millis(1);

/// A moment in the life of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Posts of this run that have their verdict.
    posts: usize,
    /// The time since the last of them, or since the start.
    then: Duration,
}

/// One moment after the other, without end.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    random: fastrand::Rng,
    most_posts: usize,
}

impl Moments {
    /// Moments that spread `kills` over about as many posts as there are `pages`, but let no run
    /// alone for more than three.
    pub(super) fn new(seed: u64, kills: u32, pages: u64) -> Moments {
        let a_kill = pages.saturating_mul(3) / 2 / u64::from(kills.max(1));
        Moments {
            random: fastrand::Rng::with_seed(seed),
            most_posts: usize::try_from(a_kill.clamp(1, 3)).unwrap_or(1),
        }
    }

    /// The next one.
    pub(super) fn draw(&mut self) -> Moment {
        // Half of all moments lie about a save, where a kill can do the most harm.
        let about_a_save = self.random.bool();
        let posts = match about_a_save {
            true => self.random.usize(1..=self.most_posts),
            false => self.random.usize(0..=self.most_posts),
        };
        let most = match (about_a_save, posts) {
            (true, _) => SAVE,
            (false, 0) => START,
            (false, _) => ROUND,
        };
        let micros = self.random.u64(0..=most.as_micros() as u64);
        Moment {
            posts,
            then: Duration::from_micros(micros),
        }
    }
}

impl Moment {
    /// Resolves at the moment of a run that starts now.
    pub(super) async fn reached(self, workspace: &Workspace) {
        let before = workspace.posts().len();
        workspace.wait_for_posts(before + self.posts).await;
        let at = Instant::now() + self.then;
        if let Some(early) = at.checked_sub(TIMER * 2) {
            tokio::time::sleep_until(early).await;
        }
        while Instant::now() < at {
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(mut moments: Moments) -> Vec<Moment> {
        (0..1_000).map(|_| moments.draw()).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_moments() {
        let drawn = |seed| drawn(Moments::new(seed, 200, 300));
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn moments_meet_the_start_the_posts_and_the_saves() {
        let moments = drawn(Moments::new(1, 1_000, 1_334));
        let count = |met: fn(&Moment) -> bool| moments.iter().filter(|moment| met(moment)).count();
        assert!(count(|moment| moment.posts == 0) > 100);
        assert!(count(|moment| moment.posts > 0 && moment.then < SAVE) > 400);
        assert!(count(|moment| moment.then > SAVE) > 300);
        assert!(moments.iter().all(|moment| moment.posts <= 3));
    }
}
