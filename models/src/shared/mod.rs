//! Pieces that several protocols are made of, each written once.

pub mod locks;
pub mod sessions;
