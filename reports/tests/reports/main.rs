//! What a reader of a report sees, format by format, and what no record can do to a report.

mod directory;
mod hostile;
mod html;
mod json;
mod junit;
mod markdown;
mod page;
mod sample;
mod terminal;
