//! Pieces that several protocols are made of, each written once.

pub mod commit_log;
pub(crate) mod derived;
pub mod events;
pub mod gate;
pub(crate) mod group_commit;
pub(crate) mod history;
pub mod hybrid_clock;
pub(crate) mod journal;
pub mod lease;
pub mod locks;
pub mod log;
pub mod materialised;
pub mod merkle;
pub(crate) mod news;
pub(crate) mod peers;
pub mod sessions;
pub mod siblings;
pub mod transactions;
pub mod version_vector;
