//! Run records in; terminal, HTML, JSON, JUnit and Markdown out.
//!
//! This crate knows nothing about how a run is made: it sees strings, times, numbers and verdicts.

pub mod record;
