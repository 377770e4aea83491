//! The log of one partition. Pure: knows no node, no message and no disk.

use murphy_sim::CallId;

use super::message::{Entry, Epoch, Payload};
use crate::{
    service::log::{Offset, Value},
    shared::sessions::{Asked, Sessions},
};

/// Entries, and the last message of each producer among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log {
    entries: Vec<Entry>,
    producers: Sessions<Offset>,
}

impl Log {
    /// How many entries there are: the offset of the next.
    pub const fn length(&self) -> Offset {
        self.entries.len() as Offset
    }

    /// The entries from one offset to before another.
    pub fn slice(&self, from: Offset, to: Offset) -> &[Entry] {
        &self.entries[from as usize..to as usize]
    }

    /// The epoch of the last of the first `length` entries; zero when there is none.
    pub fn epoch_before(&self, length: Offset) -> Epoch {
        let entry = (length as usize).checked_sub(1);
        entry
            .and_then(|i| self.entries.get(i))
            .map_or(Epoch(0), |entry| entry.epoch)
    }

    /// Where the entries of this epoch and of those before it end.
    pub fn end_of(&self, epoch: Epoch) -> Offset {
        self.entries.partition_point(|entry| entry.epoch <= epoch) as Offset
    }

    /// The message that this call sent, if it is its producer's last (KIP-98: the broker keeps the
    /// last sequence number of each producer id).
    pub(super) fn look(&self, call: CallId) -> Asked<&Offset> {
        self.producers.look(call)
    }

    pub(super) fn push(&mut self, entry: Entry) {
        assert!(
            entry.epoch >= self.epoch_before(self.length()),
            "epochs in a log never fall"
        );
        if let Payload::Message { call, .. } = entry.payload {
            self.producers.remember(call, self.length());
        }
        self.entries.push(entry);
    }

    /// Forgets all but the first `keep` entries.
    pub(super) fn cut(&mut self, keep: Offset) {
        let mut kept = std::mem::take(self);
        kept.entries.truncate(keep as usize);
        kept.entries.into_iter().for_each(|entry| self.push(entry));
    }

    /// The messages from one offset to before another.
    pub(super) fn values(&self, from: Offset, to: Offset) -> Vec<Value> {
        let value = |entry: &Entry| match entry.payload {
            Payload::Message { value, .. } => Some(value),
            Payload::Group { .. } | Payload::Commit { .. } => None,
        };
        let to = to.min(self.length());
        self.slice(from.min(to), to)
            .iter()
            .filter_map(value)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use murphy_sim::ClientId;

    use super::*;

    fn call(number: u32) -> CallId {
        CallId {
            client: ClientId(1),
            number,
        }
    }

    fn log(epochs: &[u32]) -> Log {
        let mut log = Log::default();
        for (number, epoch) in (0..).zip(epochs) {
            log.push(Entry {
                epoch: Epoch(*epoch),
                payload: Payload::Message {
                    call: call(number),
                    value: u64::from(number),
                },
            });
        }
        log
    }

    #[test]
    fn an_epoch_ends_where_the_next_one_in_the_log_begins() {
        let log = log(&[1, 1, 3, 3, 3]);
        let ends = [0, 1, 2, 3, 9].map(|epoch| log.end_of(Epoch(epoch)));
        assert_eq!(ends, [0, 2, 2, 5, 5]);
        assert_eq!(log.epoch_before(0), Epoch(0));
        assert_eq!(log.epoch_before(3), Epoch(3));
    }

    #[test]
    fn a_cut_takes_the_producers_with_it() {
        let mut log = log(&[1, 1, 1]);
        assert_eq!(log.look(call(2)), Asked::Again(&2));
        log.cut(2);
        assert_eq!(log.look(call(2)), Asked::New);
        assert_eq!(log.look(call(1)), Asked::Again(&1));
        assert_eq!(log.values(1, 9), [1]);
    }
}
