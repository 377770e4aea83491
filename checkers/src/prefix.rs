//! Consistent prefix: whatever a reader is shown is what there was at some time, not more of the
//! later and less of the earlier.
//!
//! Terry, "Replicated Data Consistency Explained Through Baseball", 2013. Plain data in, a verdict
//! out. A view is the set of updates that it shows; it may be as old as it likes.

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What one reader was shown at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The reader, or the replica that showed it.
    pub replica: u32,
    /// When, in nanoseconds.
    pub at: u64,
    /// The updates that it shows the effects of.
    pub updates: BTreeSet<u64>,
    /// The operation of the history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// Findings that are told before the rest is left out.
const TOLD_MAX: usize = 16;

/// Is every view a prefix of this order of updates?
pub fn check(order: &[u64], views: &[View]) -> Verdict {
    let places: BTreeMap<u64, usize> = order.iter().copied().zip(0..).collect();
    let mut found = Vec::new();
    for view in views {
        if found.len() == TOLD_MAX {
            break;
        }
        if let Some(strange) = view
            .updates
            .iter()
            .find(|update| !places.contains_key(update))
        {
            let words = format!(
                "{} shows update {strange}, which is in no order",
                tell(view)
            );
            found.push(
                Anomaly::new(AnomalyName::PhantomEvent, words).with_operations(view.operation),
            );
            continue;
        }
        let Some(last) = view.updates.iter().max_by_key(|update| places[update]) else {
            continue;
        };
        let before = &order[..places[last]];
        if let Some(missing) = before.iter().find(|update| !view.updates.contains(update)) {
            let words = format!(
                "{} shows update {last} without update {missing}, which came before it",
                tell(view)
            );
            let anomaly = Anomaly::new(AnomalyName::BrokenPrefix, words);
            found.push(anomaly.with_operations(view.operation));
        }
    }
    Verdict::from_anomalies(found)
}

/// Is there any order of updates of which every view is a prefix?
///
/// That is so exactly where of every two views one shows all that the other does.
pub fn check_without_order(views: &[View]) -> Verdict {
    let mut by_size: Vec<&View> = views.iter().collect();
    by_size.sort_by_key(|view| view.updates.len());
    let mut found = Vec::new();
    for pair in by_size.windows(2) {
        let [smaller, larger] = pair else {
            unreachable!("windows of two")
        };
        let Some(mine) = smaller.updates.difference(&larger.updates).next() else {
            continue;
        };
        let theirs = larger
            .updates
            .difference(&smaller.updates)
            .next()
            .expect("a view that is not smaller and lacks something has something else");
        let words = format!(
            "{} shows update {mine} without {theirs}, and {} shows {theirs} without {mine}",
            tell(smaller),
            tell(larger)
        );
        let operations = smaller.operation.into_iter().chain(larger.operation);
        found.push(Anomaly::new(AnomalyName::BrokenPrefix, words).with_operations(operations));
        if found.len() == TOLD_MAX {
            break;
        }
    }
    Verdict::from_anomalies(found)
}

fn tell(view: &View) -> String {
    format!("replica {} at {} ns", view.replica, view.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(updates: &[u64]) -> View {
        View {
            replica: 1,
            at: 5,
            updates: updates.iter().copied().collect(),
            operation: Some(updates.len()),
        }
    }

    #[test]
    fn a_view_may_be_old_and_may_not_have_holes() {
        let order = [30, 10, 20];
        let good = [view(&[]), view(&[30, 10]), view(&[30]), view(&[10, 20, 30])];
        assert_eq!(check(&order, &good), Verdict::Holds);
        assert_eq!(check_without_order(&good), Verdict::Holds);
        let verdict = check(&order, &[view(&[10])]);
        assert_eq!(verdict.names(), [AnomalyName::BrokenPrefix]);
        let verdict = check(&order, &[view(&[40])]);
        assert_eq!(verdict.names(), [AnomalyName::PhantomEvent]);
    }

    #[test]
    fn two_views_that_each_lack_the_others_are_of_no_one_order() {
        let verdict = check_without_order(&[view(&[1, 2]), view(&[1, 3]), view(&[1])]);
        assert_eq!(verdict.names(), [AnomalyName::BrokenPrefix]);
    }
}
