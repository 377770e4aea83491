//! Parts that several protocols are built of.

pub mod locks;
