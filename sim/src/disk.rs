//! A node's disk: a typed log whose tail is volatile until a sync completes.
//!
//! The disk is honest: what a crash keeps of the unsynced tail is a prefix, drawn from the node's
//! stream, and a record that was torn or has rotted is found by its checksum and never read.

use serde::{Deserialize, Serialize};

use crate::{id::LogIndex, latency::Latency, stream::Stream, time::Span};

/// How fast the disks of a cluster are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DiskModel {
    /// From a sync until it is done; syncs of one node are done one after the other.
    pub sync: Latency,
}

impl Default for DiskModel {
    /// A solid-state disk with a cache that is not trusted: 0.2 ms to 1 ms for a sync.
    fn default() -> DiskModel {
        DiskModel {
            sync: Latency::Uniform {
                min: Span::micros(200),
                max: Span::millis(1),
            },
        }
    }
}

/// What became of a disk before its node started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DiskState {
    /// Nothing was ever written.
    #[default]
    Fresh,
    /// All that had been synced is there.
    Clean,
    /// All that had been synced is there; a record of the tail was torn and dropped.
    Torn,
    /// A synced record had rotted: it and all after it are gone.
    Damaged,
    /// All is gone.
    Lost,
}

/// What a crash does to a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DiskFate {
    /// A prefix of the unsynced tail survives, drawn; one time in four the next record is torn.
    #[default]
    Drawn,
    /// Everything that was appended survives.
    KeepUnsynced,
    /// Nothing of the unsynced tail survives.
    LoseUnsynced,
    /// A prefix of the unsynced tail survives and the record after it is torn.
    Torn,
    /// The disk is lost.
    Lost,
}

/// What a crash cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) records: u64,
    pub(crate) torn: bool,
}

/// A log of records.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk<R> {
    state: DiskState,
    /// The index of the last record before the first that is kept.
    base: u64,
    records: Vec<R>,
    durable: u64,
    rotten: Option<u64>,
    /// A sync has failed and the process has not been told.
    failed: bool,
}

impl<R> Default for Disk<R> {
    fn default() -> Disk<R> {
        Disk {
            state: DiskState::Fresh,
            base: 0,
            records: Vec::new(),
            durable: 0,
            rotten: None,
            failed: false,
        }
    }
}

impl<R> Disk<R> {
    /// Every record that is there, durable or not.
    pub fn records(&self) -> &[R] {
        &self.records
    }

    /// The index of the first record that is kept.
    pub const fn start(&self) -> LogIndex {
        LogIndex(self.base + 1)
    }

    /// The index of the last record; zero when there never was one.
    pub const fn end(&self) -> LogIndex {
        LogIndex(self.base + self.records.len() as u64)
    }

    /// The last record that a crash cannot take.
    pub const fn durable(&self) -> LogIndex {
        LogIndex(self.durable)
    }

    /// What became of it before the last start.
    pub const fn state(&self) -> DiskState {
        self.state
    }

    pub(crate) fn append(&mut self, record: R) {
        self.records.push(record);
    }

    pub(crate) fn synced(&mut self, upto: LogIndex) {
        assert!(!self.failed, "after a failed sync none succeeds unseen");
        let upto = upto.0.min(self.end().0);
        self.durable = self.durable.max(upto);
    }

    pub(crate) fn truncate(&mut self, before: LogIndex) {
        assert!(
            before.0 <= self.durable + 1,
            "a process forgets records before {} but only those up to {} are durable",
            before.0,
            self.durable
        );
        let gone = before
            .0
            .saturating_sub(self.base + 1)
            .min(self.records.len() as u64);
        self.records.drain(..gone as usize);
        self.base += gone;
    }

    /// A sync failed: what is not durable is lost, with all that is written until the process has
    /// been told, which goes on counting its records as if nothing had happened.
    pub(crate) fn fail(&mut self) {
        self.failed = true;
    }

    /// Whether a sync has failed that the process does not know of.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// The process is told that a sync has failed.
    pub(crate) fn failure_told(&mut self) {
        self.records.truncate((self.durable - self.base) as usize);
        self.failed = false;
    }

    /// Rots one durable record, drawn; it is found at the next start. False when there is none.
    pub(crate) fn rot(&mut self, stream: &mut Stream) -> bool {
        let synced = self.durable - self.base;
        if synced == 0 {
            return false;
        }
        let index = self.base + 1 + stream.below(synced);
        self.rotten = Some(self.rotten.map_or(index, |rotten| rotten.min(index)));
        true
    }

    pub(crate) fn crash(&mut self, fate: DiskFate, stream: &mut Stream) -> Loss {
        if self.failed {
            self.failure_told();
        }
        let unsynced = self.end().0 - self.durable;
        let draw = stream.bits();
        let kept = match fate {
            DiskFate::KeepUnsynced => unsynced,
            DiskFate::LoseUnsynced => 0,
            DiskFate::Drawn => crate::stream::scale(draw, unsynced + 1),
            DiskFate::Torn => crate::stream::scale(draw, unsynced),
            DiskFate::Lost => return self.lose(),
        };
        let tears = match fate {
            DiskFate::Torn => true,
            DiskFate::Drawn => draw.is_multiple_of(4),
            _ => false,
        };
        let torn = tears && kept < unsynced;
        self.durable += kept;
        self.records.truncate((self.durable - self.base) as usize);
        self.state = if torn {
            DiskState::Torn
        } else {
            DiskState::Clean
        };
        Loss {
            records: unsynced - kept,
            torn,
        }
    }

    fn lose(&mut self) -> Loss {
        let records = self.records.len() as u64;
        *self = Disk {
            state: DiskState::Lost,
            ..Disk::default()
        };
        Loss {
            records,
            torn: false,
        }
    }

    /// Reads the disk as a start does: checksums find what has rotted.
    pub(crate) fn recover(&mut self) {
        if let Some(rotten) = self.rotten.take()
            && rotten > self.base
        {
            self.records.truncate((rotten - self.base - 1) as usize);
            self.durable = self.end().0;
            self.state = DiskState::Damaged;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(synced: u64, unsynced: u64) -> Disk<u64> {
        let mut disk = Disk::default();
        for record in 1..=synced {
            disk.append(record);
        }
        disk.synced(LogIndex(synced));
        for record in synced + 1..=synced + unsynced {
            disk.append(record);
        }
        disk
    }

    #[test]
    fn a_crash_keeps_all_that_was_synced_and_a_prefix_of_the_rest() {
        let mut kept_counts = [false; 4];
        for seed in 0..200 {
            let mut disk = log(2, 3);
            let loss = disk.crash(DiskFate::Drawn, &mut Stream::named(seed, "disk"));
            let kept = disk.records().len();
            assert_eq!(disk.records(), &[1, 2, 3, 4, 5][..kept]);
            assert_eq!(loss.records as usize, 5 - kept);
            kept_counts[kept - 2] = true;
        }
        assert_eq!(kept_counts, [true; 4], "every prefix happens");
    }

    #[test]
    fn what_is_written_after_a_failed_sync_that_nobody_was_told_of_is_lost() {
        let mut disk = log(2, 1);
        disk.fail();
        disk.append(4);
        disk.crash(DiskFate::KeepUnsynced, &mut Stream::named(1, "disk"));
        assert_eq!(
            disk.records(),
            [1, 2],
            "a record after a hole would pass for the third"
        );
        disk.fail();
        disk.append(3);
        disk.failure_told();
        disk.append(5);
        disk.synced(disk.end());
        assert_eq!(disk.records(), [1, 2, 5]);
    }

    #[test]
    fn each_fate_does_what_its_name_says() {
        let mut stream = Stream::named(1, "disk");
        let after = |fate, stream: &mut Stream| {
            let mut disk = log(2, 3);
            disk.crash(fate, stream);
            disk
        };
        assert_eq!(
            after(DiskFate::KeepUnsynced, &mut stream).records().len(),
            5
        );
        assert_eq!(
            after(DiskFate::LoseUnsynced, &mut stream).records().len(),
            2
        );
        let torn = after(DiskFate::Torn, &mut stream);
        assert!(torn.records().len() < 5 && torn.state() == DiskState::Torn);
        let lost = after(DiskFate::Lost, &mut stream);
        assert!(lost.records().is_empty() && lost.state() == DiskState::Lost);
    }

    #[test]
    fn a_rotten_record_takes_all_after_it_when_it_is_found() {
        let mut disk = log(5, 0);
        assert!(disk.rot(&mut Stream::named(3, "disk")));
        assert_eq!(disk.records().len(), 5, "nobody has read it yet");
        disk.recover();
        assert!(disk.records().len() < 5);
        assert_eq!(disk.state(), DiskState::Damaged);
        assert_eq!(disk.durable(), disk.end());
        assert!(
            !log(0, 3).rot(&mut Stream::named(3, "disk")),
            "only what was synced can rot"
        );
    }

    #[test]
    fn truncating_keeps_indices() {
        let mut disk = log(5, 1);
        disk.truncate(LogIndex(4));
        assert_eq!((disk.start(), disk.end()), (LogIndex(4), LogIndex(6)));
        assert_eq!(disk.records(), [4, 5, 6]);
        disk.crash(DiskFate::LoseUnsynced, &mut Stream::named(1, "disk"));
        assert_eq!(disk.records(), [4, 5]);
    }

    #[test]
    #[should_panic(expected = "only those up to 2 are durable")]
    fn forgetting_what_is_not_durable_is_a_bug() {
        log(2, 3).truncate(LogIndex(5));
    }
}
