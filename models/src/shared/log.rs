//! A replica's log and what follows from it: the registers and the answers, up to what is committed.
//! Pure: knows no node, no message and no disk.

use murphy_sim::CallId;
use serde::{Deserialize, Serialize};

use crate::{
    service::kv,
    shared::sessions::{Asked, Sessions},
};

/// The how-manieth configuration. In each of them one node alone appends entries of its own.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// How far a log goes, and the epoch of its last entry. Of two logs the later position has more of
/// what was acknowledged (as in Raft, section 5.4.1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// The epoch of the last entry; zero where there is none.
    pub epoch: Epoch,
    /// How many entries.
    pub length: u64,
}

/// One entry of a replicated log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The epoch in which it was appended.
    pub epoch: Epoch,
    /// The update and the call it came with. None in an entry with which whoever leads an epoch
    /// makes sure of all that it inherits, and cuts off every tail that it does not.
    pub update: Option<(CallId, kv::Request)>,
}

/// Entries, and the state after the first `applied` of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Log {
    entries: Vec<Entry>,
    applied: u64,
    registers: kv::View,
    answers: Sessions<kv::Response>,
}

impl Log {
    /// How many entries there are.
    pub(crate) const fn length(&self) -> u64 {
        self.entries.len() as u64
    }

    /// How many entries are applied, from the first.
    pub(crate) const fn applied(&self) -> u64 {
        self.applied
    }

    /// What the applied entries have made of the registers.
    pub(crate) const fn registers(&self) -> &kv::View {
        &self.registers
    }

    /// The entries after the first `from` and up to and with number `upto`.
    pub(crate) fn slice(&self, from: u64, upto: u64) -> &[Entry] {
        &self.entries[from as usize..upto as usize]
    }

    /// The epoch of entry number `length`; zero before the first and after the last.
    pub(crate) fn epoch_at(&self, length: u64) -> Epoch {
        let entry = (length as usize).checked_sub(1);
        entry
            .and_then(|i| self.entries.get(i))
            .map_or(Epoch(0), |entry| entry.epoch)
    }

    /// The position after the first `length` entries.
    pub(crate) fn position(&self, length: u64) -> Position {
        Position {
            epoch: self.epoch_at(length),
            length,
        }
    }

    /// How many entries can still agree with a log that does not agree with this one at `length`:
    /// everything before the epoch that is there (Raft, section 5.3, the optimisation).
    pub(crate) fn before_mismatch(&self, length: u64) -> u64 {
        if length > self.length() {
            return self.length();
        }
        let epoch = self.epoch_at(length);
        self.entries.partition_point(|entry| entry.epoch < epoch) as u64
    }

    /// Grows by one.
    pub(crate) fn push(&mut self, entry: Entry) {
        assert!(
            entry.epoch >= self.epoch_at(self.length()),
            "epochs in a log never fall"
        );
        self.entries.push(entry);
    }

    /// Forgets all but the first `keep` entries; what was applied of the others is undone.
    pub(crate) fn cut(&mut self, keep: u64) {
        self.entries.truncate(keep as usize);
        if keep < self.applied {
            self.applied = 0;
            self.registers = kv::View::new();
            self.answers = Sessions::default();
            self.apply(keep);
        }
    }

    /// Applies what is not yet applied of the first `upto` entries, each call at most once.
    pub(crate) fn apply(&mut self, upto: u64) {
        assert!(upto <= self.length(), "only what is there can be applied");
        while self.applied < upto {
            let entry = &self.entries[self.applied as usize];
            self.applied += 1;
            let Some((call, request)) = &entry.update else {
                continue;
            };
            if self.answers.look(*call) == Asked::New {
                let response = request.apply(&mut self.registers);
                self.answers.remember(*call, response);
            }
        }
    }

    /// Forgets which calls were applied: each that comes again is applied again.
    pub(crate) fn forget_calls(&mut self) {
        self.answers = Sessions::default();
    }

    /// What an applied call was answered, if it is its client's last.
    pub(crate) fn answer(&self, call: CallId) -> Option<&kv::Response> {
        match self.answers.look(call) {
            Asked::Again(response) => Some(response),
            Asked::New | Asked::Late => None,
        }
    }

    /// The last call of each client in the whole log, applied or not, and its entry's number.
    pub(crate) fn calls(&self) -> Sessions<u64> {
        let mut calls = Sessions::default();
        for (i, entry) in self.entries.iter().enumerate() {
            if let Some((call, _)) = &entry.update
                && calls.look(*call) == Asked::New
            {
                calls.remember(*call, i as u64 + 1);
            }
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use murphy_sim::ClientId;

    fn write(epoch: u64, number: u32, value: u64) -> Entry {
        let call = CallId {
            client: ClientId(0),
            number,
        };
        Entry {
            epoch: Epoch(epoch),
            update: Some((call, kv::Request::Write { key: 1, value })),
        }
    }

    fn log(entries: &[Entry]) -> Log {
        let mut log = Log::default();
        entries.iter().cloned().for_each(|entry| log.push(entry));
        log
    }

    #[test]
    fn a_cut_below_what_is_applied_undoes_it() {
        let mut log = log(&[write(1, 0, 10), write(1, 1, 11), write(1, 2, 12)]);
        log.apply(3);
        assert_eq!(log.registers()[&1], 12);
        log.cut(1);
        assert_eq!((log.applied(), log.registers()[&1]), (1, 10));
    }

    #[test]
    fn a_call_that_is_in_the_log_twice_is_applied_once() {
        let mut log = log(&[write(1, 0, 10), write(1, 1, 11), write(1, 0, 10)]);
        log.apply(3);
        assert_eq!(log.registers()[&1], 11);
    }

    #[test]
    fn a_mismatch_goes_back_an_epoch_at_a_time() {
        let log = log(&[write(1, 0, 1), write(2, 1, 2), write(2, 2, 3)]);
        assert_eq!(log.before_mismatch(9), 3, "the log is shorter than that");
        assert_eq!(log.before_mismatch(3), 1);
        assert_eq!(log.before_mismatch(1), 0);
    }
}
