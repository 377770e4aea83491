//! The scenarios that come with murphy, as they were when it was built.

/// Where the catalogue is, from the root of murphy's repository.
pub const FOLDER: &str = "scenarios/catalog";

/// Name and text of every file of the catalogue, in order of their names.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
