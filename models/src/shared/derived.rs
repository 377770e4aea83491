//! Views that are derived from a log of changes: what each shows is what the changes up to its position
//! come to, and it never goes back. For the invariants of protocols that keep such views.

use std::cmp::Ordering;

use murphy_sim::{Breach, NodeId};

use super::{commit_log::CommitLog, materialised::State};
use crate::service::events::View;

/// What each view shows is what a prefix of the log comes to.
#[derive(Default)]
pub(crate) struct Prefixes {
    /// The position at which each view was looked at last.
    looked: Vec<Option<u64>>,
}

impl Prefixes {
    /// Looks at a view whose position has changed since. Without a view, its node is down; without a
    /// log, it is looked at when that is there again.
    pub(crate) fn check(
        &mut self,
        touched: NodeId,
        nodes: usize,
        shown: Option<&State>,
        log: Option<&CommitLog>,
    ) -> Result<(), Breach> {
        self.looked.resize(nodes, None);
        let looked = &mut self.looked[touched.index()];
        let Some(shown) = shown else {
            *looked = None; // When it is up again, all of it is looked at.
            return Ok(());
        };
        let Some(log) = log.filter(|_| *looked != Some(shown.position)) else {
            return Ok(());
        };
        *looked = Some(shown.position);
        let expected = log.view_at(shown.position);
        if shown.rows == expected {
            return Ok(());
        }
        let count = |rows: &View| rows.values().map(Vec::len).sum::<usize>();
        let (has, should) = (count(&shown.rows), count(&expected));
        Err(Breach {
            anomaly: match has.cmp(&should) {
                Ordering::Less => "lost-event",
                Ordering::Equal => "out-of-order",
                // The log does not reach as far as the view does.
                Ordering::Greater if (should as u64) < shown.position => "phantom-event",
                Ordering::Greater => "duplicate-effect",
            },
            told: format!(
                "{touched} shows {has} changes at position {}, where the log has {should}",
                shown.position
            ),
        })
    }
}

/// No view goes back to an earlier position, not even over a crash: what a reader has seen stays.
#[derive(Default)]
pub(crate) struct Rising {
    /// The highest position that each view has shown.
    shown: Vec<u64>,
}

impl Rising {
    /// Looks at where a view is now; none while its node is down.
    pub(crate) fn check(
        &mut self,
        touched: NodeId,
        nodes: usize,
        shown: Option<&State>,
    ) -> Result<(), Breach> {
        self.shown.resize(nodes, 0);
        let before = &mut self.shown[touched.index()];
        let Some(now) = shown.map(|shown| shown.position) else {
            return Ok(());
        };
        if now < *before {
            return Err(Breach {
                anomaly: "view-went-back",
                told: format!("{touched} was at position {before} and shows position {now}"),
            });
        }
        *before = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(0);

    /// A log of three durable changes of one row.
    fn log() -> CommitLog {
        let mut log = CommitLog::default();
        for event in 101..=103 {
            log.push(7, event);
        }
        log.make_durable(3);
        log
    }

    fn state(position: u64, events: &[u64]) -> State {
        State {
            position,
            rows: [(7, events.to_vec())].into(),
        }
    }

    fn anomaly(position: u64, events: &[u64]) -> Option<&'static str> {
        let shown = state(position, events);
        let checked = Prefixes::default().check(NODE, 1, Some(&shown), Some(&log()));
        checked.err().map(|breach| breach.anomaly)
    }

    #[test]
    fn a_view_that_is_no_prefix_is_told_by_what_it_has_too_much_or_too_little() {
        assert_eq!(anomaly(2, &[101, 102]), None);
        assert_eq!(anomaly(2, &[101]), Some("lost-event"));
        assert_eq!(anomaly(2, &[102, 101]), Some("out-of-order"));
        assert_eq!(anomaly(2, &[101, 101, 102]), Some("duplicate-effect"));
        let beyond = anomaly(4, &[101, 102, 103, 104]);
        assert_eq!(beyond, Some("phantom-event"));
    }

    #[test]
    fn a_view_that_is_at_an_earlier_position_than_before_its_crash_went_back() {
        let mut rising = Rising::default();
        assert_eq!(rising.check(NODE, 1, Some(&state(2, &[101, 102]))), Ok(()));
        assert_eq!(rising.check(NODE, 1, None), Ok(()));
        let breach = rising.check(NODE, 1, Some(&state(1, &[101]))).unwrap_err();
        assert_eq!(breach.anomaly, "view-went-back");
    }
}
