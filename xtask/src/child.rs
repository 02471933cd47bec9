//! What a process used, as Linux counts it. Elsewhere there is nothing to read, and no figure.

use std::fs;
use std::time::Duration;

/// `USER_HZ`: the unit of times in `/proc`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// The most memory that process `pid` had at once, in bytes; `None` once it has ended.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Processor time of children of this process that have ended and been waited for. Taken before
/// and after one child, the difference is that child's, whole and without a race.
pub(crate) fn processor_time() -> Option<ProcessorTime> {
    children(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// User and system time; the kernel rounds each to 10 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ProcessorTime {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl ProcessorTime {
    /// What came on top of `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }

    /// Both together.
    pub(crate) fn total(self) -> Duration {
        self.user + self.system
    }
}

fn children(stat: &str) -> Option<ProcessorTime> {
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let time = |field: usize| {
        let ticks: u32 = fields.split_whitespace().nth(field - 3)?.parse().ok()?;
        Some(Duration::from_secs_f64(f64::from(ticks) / TICKS_PER_SECOND))
    };
    // Fields 16 and 17 of proc(5): cutime and cstime.
    Some(ProcessorTime {
        user: time(16)?,
        system: time(17)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_children_are_read_behind_any_name() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 150 25 20 0";
        let expected = ProcessorTime {
            user: Duration::from_millis(1500),
            system: Duration::from_millis(250),
        };
        assert_eq!(children(stat), Some(expected));
        assert_eq!(children("7 (x"), None);
    }

    #[test]
    fn this_process_has_had_some_memory_and_none_has_had_it_after_its_end() {
        if cfg!(target_os = "linux") {
            assert!(peak_memory(std::process::id()).is_some_and(|bytes| bytes > 100_000));
            let mut child = std::process::Command::new("true").spawn().unwrap();
            child.wait().unwrap();
            assert_eq!(peak_memory(child.id()), None);
        }
    }
}
