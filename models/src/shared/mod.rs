//! Pieces that several protocols are made of, each written once.

pub(crate) mod journal;
pub mod locks;
pub mod log;
pub mod sessions;
pub mod version_vector;
