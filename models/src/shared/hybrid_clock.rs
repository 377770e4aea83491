//! Hybrid logical clocks: close to wall clocks, and never behind what is known.
//!
//! Kulkarni et al., Logical Physical Clocks (OPODIS 2014), Figure 5. If one event could have caused
//! another, its timestamp is smaller, however far wall clocks are off; and a timestamp is ahead of the
//! wall clock of its node only by as much as another node's was.

use murphy_sim::{NodeId, Span};
use serde::{Deserialize, Serialize};

/// Wall clocks are read in this unit where writes are stamped.
pub const STAMP_UNIT: Span = Span::millis(1);

/// A moment by a hybrid clock: the paper's `l` and `c`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp {
    /// The highest wall clock heard of, in whatever unit the clocks are read in.
    pub physical: u64,
    /// Tells moments of one physical time apart.
    pub logical: u32,
}

/// What decides between two writes. No two writes have the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// By the clock of the node where it was made.
    pub time: Timestamp,
    /// That node: breaks ties (Thomas, A Majority Consensus Approach, TODS 1979).
    pub node: NodeId,
}

/// The clock of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HybridClock {
    last: Timestamp,
}

impl HybridClock {
    /// Something happens here, or is sent from here, while the wall clock reads `wall`.
    pub fn tick(&mut self, wall: u64) -> Timestamp {
        self.last = if wall > self.last.physical {
            Timestamp {
                physical: wall,
                logical: 0,
            }
        } else {
            Timestamp {
                logical: self.last.logical + 1,
                ..self.last
            }
        };
        self.last
    }

    /// A message with this timestamp comes while the wall clock reads `wall`.
    pub fn receive(&mut self, wall: u64, theirs: Timestamp) -> Timestamp {
        self.last = self.last.max(theirs);
        self.tick(wall)
    }

    /// Back from a crash: all that this node had made known bears timestamps up to this one.
    pub fn restore(&mut self, upto: Timestamp) {
        self.last = self.last.max(upto);
    }

    /// The last timestamp that it gave.
    pub const fn last(&self) -> Timestamp {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(physical: u64, logical: u32) -> Timestamp {
        Timestamp { physical, logical }
    }

    /// A message from a node whose wall clock is far ahead carries its time along.
    #[test]
    fn a_clock_is_never_behind_what_it_has_heard() {
        let mut clocks = [HybridClock::default(); 4];
        let sent = clocks[0].tick(10);
        assert_eq!(sent, at(10, 0));
        let second = clocks[1].receive(1, sent);
        assert_eq!(second, at(10, 1));
        let sent = clocks[1].tick(2);
        assert_eq!(sent, at(10, 2));
        assert_eq!(clocks[2].receive(0, sent), at(10, 3));
        assert_eq!(clocks[2].tick(2), at(10, 4));
        assert_eq!(clocks[2].tick(13), at(13, 0), "the wall clock caught up");
    }

    #[test]
    fn a_wall_clock_that_goes_back_does_not_take_the_clock_along() {
        let mut clock = HybridClock::default();
        let before = clock.tick(100);
        assert!(clock.tick(3) > before);
        assert!(clock.receive(3, at(50, 7)) > before);
        let mut restarted = HybridClock::default();
        restarted.restore(clock.last());
        assert!(restarted.tick(3) > clock.last());
    }
}
