//! A map in which the last writer of each field wins, whether it wrote a value or took it away.
//!
//! Shapiro et al. 2011 (RR-7506), Specification 8, a register for each field; Johnson & Thomas, RFC 677
//! (1975), for deletions that keep their stamp. Stamps must be unique, and later than all that was
//! seen where they are given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lattice::Lattice;
use crate::{
    service::objects::{Field, Value},
    shared::hybrid_clock::{Stamp, Timestamp},
};

/// Each field with the stamp of its last write, and what that put there, if anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LwwMap(BTreeMap<Field, (Stamp, Option<Value>)>);

impl LwwMap {
    /// Puts a value under a field, or takes away what is there, and says what has changed.
    pub fn put(&mut self, field: Field, stamp: Stamp, value: Option<Value>) -> LwwMap {
        let delta = LwwMap([(field, (stamp, value))].into());
        self.join(&delta);
        delta
    }

    /// The fields that have a value.
    pub fn fields(&self) -> BTreeMap<Field, Value> {
        let has_value = |(field, (_, value)): (&Field, &(Stamp, Option<Value>))| {
            value.map(|value| (*field, value))
        };
        self.0.iter().filter_map(has_value).collect()
    }

    /// The latest time of any write.
    pub fn latest(&self) -> Timestamp {
        let times = self.0.values().map(|(stamp, _)| stamp.time);
        times.max().unwrap_or_default()
    }

    /// Forgets the fields that have no value, and so that they were deleted: a bug.
    pub(super) fn forget_deletes(&mut self) {
        self.0.retain(|_, (_, value)| value.is_some());
    }
}

impl Lattice for LwwMap {
    fn join(&mut self, other: &LwwMap) {
        for (field, write) in &other.0 {
            match self.0.get(field) {
                Some((held, _)) if *held >= write.0 => {}
                _ => {
                    self.0.insert(*field, *write);
                }
            }
        }
    }
}
