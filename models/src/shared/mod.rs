//! Pieces that several protocols are made of, each written once.

pub mod gate;
pub mod hybrid_clock;
pub(crate) mod history;
pub(crate) mod journal;
pub mod lease;
pub mod locks;
pub mod log;
pub mod sessions;
pub mod version_vector;
pub mod transactions;
