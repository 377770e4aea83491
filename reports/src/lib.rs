//! Run records in; terminal, HTML, JSON, JUnit and Markdown out.
//!
//! This crate knows nothing about how a run is made: it sees strings, times, numbers and verdicts.
//! One format is one module with one entry for a suite, and one for a single run where a person
//! replays it. Everything in a record may come from a scenario that somebody else wrote, so every
//! format escapes all of it, and no format panics on what it is given.
//!
//! ```
//! use murphy_reports::record::{RUN_SCHEMA, SuiteOutcome, SuiteRecord};
//! use murphy_reports::{json, terminal};
//!
//! let suite = SuiteRecord {
//!     schema: RUN_SCHEMA.to_owned(),
//!     version: "0.1.0".to_owned(),
//!     outcome: SuiteOutcome::AsExpected,
//!     runs: 0,
//!     events: 0,
//!     wall_seconds: 0.0,
//!     interrupted: false,
//!     scenarios: Vec::new(),
//! };
//! let mut text = Vec::new();
//! terminal::render(&suite, &terminal::Options::default(), &mut text)?;
//! assert!(String::from_utf8_lossy(&text).contains("no scenario was run"));
//!
//! let mut document = Vec::new();
//! json::write(&suite, json::Shown::LeftOut, &mut document)?;
//! assert!(document.ends_with(b"}\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod record;

pub mod directory;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod terminal;

mod diagram;
mod evidence;
mod plan;
mod standing;
mod text;
