//! What several protocols are built from.

pub mod sessions;
