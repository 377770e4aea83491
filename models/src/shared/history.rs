//! One history: what one replica has committed at a place of its log, every replica that has
//! committed so far has there too. For the invariants of protocols that replicate a log.

use murphy_sim::{Breach, NodeId};

use super::log::{Entry, Log};

/// All that was committed, by anyone.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) committed: Vec<Entry>,
    /// How far each node has been compared.
    compared: Vec<u64>,
}

impl History {
    /// Compares what this node has committed since it was last seen. A node without a log is down.
    pub(crate) fn check(
        &mut self,
        touched: NodeId,
        nodes: usize,
        log: Option<&Log>,
    ) -> Result<(), Breach> {
        self.compared.resize(nodes, 0);
        let compared = &mut self.compared[touched.index()];
        let Some(log) = log else {
            *compared = 0;
            return Ok(());
        };
        let applied = log.applied();
        // It has started again, or has undone something, or has put another log in the place of
        // its own: all is compared anew.
        let goes_on = (*compared as usize).checked_sub(1).is_none_or(|last| {
            applied >= *compared && log.slice(*compared - 1, *compared)[0] == self.committed[last]
        });
        *compared = if goes_on { *compared } else { 0 };
        for (i, entry) in (*compared..).zip(log.slice(*compared, applied)) {
            match self.committed.get(i as usize) {
                None => self.committed.push(entry.clone()),
                Some(known) if known == entry => {}
                Some(known) => {
                    return Err(Breach {
                        anomaly: "committed-entries-differ",
                        told: format!(
                            "{touched} has committed {entry:?} as entry {}, which was {known:?}",
                            i + 1
                        ),
                    });
                }
            }
        }
        *compared = applied;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use murphy_sim::{CallId, ClientId};

    use super::{super::log::Epoch, *};
    use crate::service::kv::Request;

    const NODE: NodeId = NodeId(0);

    /// A log of such values, all of them committed.
    fn log(values: &[u64]) -> Log {
        let mut log = Log::default();
        for (number, value) in (0..).zip(values) {
            let client = ClientId(0);
            let (key, value) = (7, *value);
            log.push(Entry {
                epoch: Epoch(1),
                update: Some((CallId { client, number }, Request::Write { key, value })),
            });
        }
        log.apply(values.len() as u64);
        log
    }

    #[test]
    fn another_log_in_the_place_of_what_was_compared_is_found() {
        let mut history = History::default();
        assert_eq!(history.check(NODE, 1, Some(&log(&[1, 2]))), Ok(()));
        assert_eq!(history.check(NODE, 1, Some(&log(&[1, 2, 3]))), Ok(()));
        for other in [&[1, 2, 4][..], &[1, 4, 5, 6], &[4]] {
            let breach = history.check(NODE, 1, Some(&log(other))).unwrap_err();
            assert_eq!(breach.anomaly, "committed-entries-differ", "{other:?}");
        }
    }

    #[test]
    fn a_node_that_starts_again_may_have_committed_less() {
        let mut history = History::default();
        for log in [Some(log(&[1, 2])), None, Some(log(&[])), Some(log(&[1]))] {
            assert_eq!(history.check(NODE, 1, log.as_ref()), Ok(()));
        }
    }
}
