//! A database as a log sees it: every change of every row in the order of commitment, how much of it
//! is durable, and what the rows were after any prefix. Pure: knows no node, no message and no disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::service::events::{EventId, Key, View};

/// One committed change: an event was added to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    /// Its place among all changes, from 1.
    pub position: u64,
    /// The row.
    pub key: Key,
    /// The event.
    pub event: EventId,
}

impl Change {
    /// Adds it to what a reader sees.
    pub fn apply(self, view: &mut View) {
        view.entry(self.key).or_default().push(self.event);
    }
}

/// All changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CommitLog {
    changes: Vec<Change>,
    durable: u64,
    /// Where each event is, so that it is committed at most once.
    positions: BTreeMap<EventId, u64>,
    /// The rows as the durable changes have made them.
    view: View,
}

impl CommitLog {
    /// Adds a change, which is not durable yet.
    pub fn push(&mut self, key: Key, event: EventId) -> Change {
        let position = self.changes.len() as u64 + 1;
        let change = Change {
            position,
            key,
            event,
        };
        self.changes.push(change);
        self.positions.insert(event, position);
        change
    }

    /// Where this event is, durable or not.
    pub fn position_of(&self, event: EventId) -> Option<u64> {
        self.positions.get(&event).copied()
    }

    /// How many changes are durable.
    pub const fn durable(&self) -> u64 {
        self.durable
    }

    /// How many changes there are.
    pub const fn length(&self) -> u64 {
        self.changes.len() as u64
    }

    /// So many changes are durable now.
    pub fn make_durable(&mut self, upto: u64) {
        assert!(upto <= self.length(), "only what was written is synced");
        for change in self.durable..upto {
            self.changes[change as usize].apply(&mut self.view);
        }
        self.durable = self.durable.max(upto);
    }

    /// The changes after one position, up to and with another.
    pub fn slice(&self, after: u64, upto: u64) -> &[Change] {
        let upto = upto.min(self.length());
        &self.changes[after.min(upto) as usize..upto as usize]
    }

    /// The rows as the durable changes have made them.
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// The rows as the first so many changes made them.
    pub fn view_at(&self, position: u64) -> View {
        let mut view = View::new();
        for change in self.slice(0, position) {
            change.apply(&mut view);
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_what_is_durable_and_a_snapshot_what_was_there() {
        let mut log = CommitLog::default();
        for event in 1..=3 {
            log.push((event % 2) as Key, 100 + event);
        }
        assert_eq!(log.view(), &View::new());
        log.make_durable(2);
        assert_eq!(log.view(), &[(1, vec![101]), (0, vec![102])].into());
        assert_eq!(log.view_at(3), [(1, vec![101, 103]), (0, vec![102])].into());
        assert_eq!(log.position_of(103), Some(3));
        assert_eq!(log.slice(2, 9).len(), 1);
    }
}
