//! How much a checker may spend: steps and bytes, both counted, so that the answer is the same on
//! every machine. A wall clock enters only through a closure that the caller gives.

use crate::verdict::Reason;
use serde::{Deserialize, Serialize};

/// The most a checker may spend before it answers unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Steps of search; each is some tens of nanoseconds to a microsecond of work.
    pub steps_max: u64,
    /// Bytes remembered by a search, beyond what grows linearly with the history.
    pub bytes_max: u64,
}

impl Default for Budget {
    /// Twenty million steps and one gibibyte: seconds, not minutes.
    fn default() -> Self {
        Self {
            steps_max: 20_000_000,
            bytes_max: 1 << 30,
        }
    }
}

impl Budget {
    /// No bound at all: a search may then take longer than anyone lives.
    pub const UNBOUNDED: Self = Self {
        steps_max: u64::MAX,
        bytes_max: u64::MAX,
    };

    /// A budget of so many steps, with the usual memory.
    pub fn steps(steps_max: u64) -> Self {
        Self {
            steps_max,
            ..Self::default()
        }
    }
}

/// Counts what is spent of a budget.
pub struct Meter<'a> {
    budget: Budget,
    steps: u64,
    bytes: u64,
    bytes_peak: u64,
    deadline: Option<Box<dyn FnMut() -> bool + 'a>>,
}

/// Steps between two questions to the caller's clock.
const STEPS_PER_LOOK: u64 = 4096;

impl Default for Meter<'_> {
    fn default() -> Self {
        Self::new(Budget::default())
    }
}

impl std::fmt::Debug for Meter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter")
            .field("budget", &self.budget)
            .field("steps", &self.steps)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl<'a> Meter<'a> {
    /// A meter at zero.
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            steps: 0,
            bytes: 0,
            bytes_peak: 0,
            deadline: None,
        }
    }

    /// Ask this closure from time to time; once it says true, the time is up.
    ///
    /// With a closure that looks at a wall clock, whether the answer is unknown depends on the
    /// machine; every other answer does not.
    pub fn with_deadline(mut self, passed: impl FnMut() -> bool + 'a) -> Self {
        self.deadline = Some(Box::new(passed));
        self
    }

    /// Spend one step.
    pub fn step(&mut self) -> Result<(), Reason> {
        self.steps += 1;
        if self.steps > self.budget.steps_max {
            return Err(Reason::StepsSpent {
                steps: self.budget.steps_max,
            });
        }
        if self.steps.is_multiple_of(STEPS_PER_LOOK)
            && let Some(passed) = &mut self.deadline
            && passed()
        {
            return Err(Reason::DeadlinePassed { steps: self.steps });
        }
        Ok(())
    }

    /// Spend several steps at once.
    pub fn spend(&mut self, steps: u64) -> Result<(), Reason> {
        let looks = (self.steps + steps) / STEPS_PER_LOOK > self.steps / STEPS_PER_LOOK;
        self.steps = self.steps.saturating_add(steps);
        if self.steps > self.budget.steps_max {
            return Err(Reason::StepsSpent {
                steps: self.budget.steps_max,
            });
        }
        if looks
            && let Some(passed) = &mut self.deadline
            && passed()
        {
            return Err(Reason::DeadlinePassed { steps: self.steps });
        }
        Ok(())
    }

    /// Remember some more bytes.
    pub fn take_bytes(&mut self, bytes: u64) -> Result<(), Reason> {
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes_peak = self.bytes_peak.max(self.bytes);
        if self.bytes > self.budget.bytes_max {
            return Err(Reason::MemorySpent {
                bytes: self.budget.bytes_max,
            });
        }
        Ok(())
    }

    /// Forget some bytes.
    pub fn give_bytes(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Steps spent so far.
    pub fn steps_spent(&self) -> u64 {
        self.steps
    }

    /// The most bytes that were remembered at once.
    pub fn bytes_peak(&self) -> u64 {
        self.bytes_peak
    }

    /// Steps still to spend.
    pub fn steps_left(&self) -> u64 {
        self.budget.steps_max.saturating_sub(self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_bytes_run_out() {
        let mut meter = Meter::new(Budget {
            steps_max: 2,
            bytes_max: 10,
        });
        assert_eq!(meter.step(), Ok(()));
        assert_eq!(meter.step(), Ok(()));
        assert_eq!(meter.step(), Err(Reason::StepsSpent { steps: 2 }));
        assert_eq!(meter.take_bytes(10), Ok(()));
        meter.give_bytes(5);
        assert_eq!(meter.take_bytes(6), Err(Reason::MemorySpent { bytes: 10 }));
        assert_eq!(meter.bytes_peak(), 11);
    }

    #[test]
    fn a_deadline_is_the_callers() {
        let mut looks = 0;
        let mut meter = Meter::new(Budget::UNBOUNDED).with_deadline(|| {
            looks += 1;
            looks == 2
        });
        let spent = (1..).find(|_| meter.step().is_err());
        assert_eq!(spent, Some(2 * STEPS_PER_LOOK));
    }
}
