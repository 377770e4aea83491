//! What a history in a file may be about, by name: one list for the command line and the judge.

use crate::registers;
use crate::transactions::{self, Level};
use std::str::FromStr;

macro_rules! models {
    ($($variant:ident = $name:literal, $meaning:literal;)+) => {
        /// What a history is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Model {
            $(#[doc = $meaning] $variant,)+
        }

        impl Model {
            /// Every model.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The spelling, as on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence that says what it is.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

models! {
    Register = "register", "Registers that are read and written, one for each key.";
    CasRegister = "cas-register", "Registers with compare-and-set, one for each key.";
    MultiRegister = "multi-register", "Registers that are read and written several at once.";
    Kv = "kv", "Strings that are got, put and appended to, one for each key.";
    Set = "set", "A set: add, remove, read of all.";
    Counter = "counter", "A counter: add and read.";
    Queue = "queue", "A queue: enqueue and dequeue.";
    Stack = "stack", "A stack: push and pop.";
    Lock = "lock", "A lock: acquire and release.";
    ListAppend = "list-append", "Transactions that append to lists and read them.";
    RwRegister = "rw-register", "Transactions that read and write registers.";
    Bank = "bank", "Accounts whose sum stays the same.";
    SetFull = "set-full", "A set that only grows: lost, stale and phantom elements.";
    LongFork = "long-fork", "Writes of single keys and reads of several: opposite orders.";
    UniqueIds = "unique-ids", "Ids that are given out once.";
    Log = "log", "Partitioned logs that are sent to and polled, as in Jepsen's Kafka workload.";
    TotalQueue = "total-queue", "A queue in which everything put is taken once, in any order.";
}

impl Model {
    /// The levels that it is judged at, the strongest first; none where it has checks of its own.
    pub fn levels(self) -> Vec<Level> {
        match self {
            Self::Register | Self::CasRegister => registers::LEVELS.to_vec(),
            Self::MultiRegister
            | Self::Kv
            | Self::Set
            | Self::Counter
            | Self::Queue
            | Self::Stack
            | Self::Lock => vec![Level::Linearizable, Level::Sequential],
            Self::ListAppend | Self::RwRegister => {
                let mut levels: Vec<Level> = Level::ALL.to_vec();
                levels.retain(|level| transactions::is_judged(*level));
                // More is forbidden by what is stronger.
                levels.sort_by_key(|level| std::cmp::Reverse(level.implied().len()));
                levels
            }
            Self::Bank
            | Self::SetFull
            | Self::LongFork
            | Self::UniqueIds
            | Self::Log
            | Self::TotalQueue => Vec::new(),
        }
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|model| model.as_str() == name)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.iter().map(|model| model.as_str()).collect();
                format!(
                    "there is no model `{name}`; models are {}",
                    names.join(", ")
                )
            })
    }
}
