//! Faults in words, the same in every format.

use crate::record::FaultRecord;
use crate::text;

/// `3.000s to 7.000s`, `3.000s to the end`, `never`.
pub(crate) fn span(fault: &FaultRecord) -> String {
    match (fault.from, fault.until) {
        (None, _) => "never".to_owned(),
        (Some(from), Some(until)) if until <= from => text::moment(from),
        (Some(from), Some(until)) => format!("{} to {}", text::moment(from), text::moment(until)),
        (Some(from), None) => format!("{} to the end", text::moment(from)),
    }
}

/// `hit 48`, `hit nothing`, `never came`.
pub(crate) fn hits(fault: &FaultRecord) -> String {
    match (fault.from, fault.hits) {
        (None, _) => "never came".to_owned(),
        (Some(_), 0) => "hit nothing".to_owned(),
        (Some(_), hits) => format!("hit {}", text::count(hits)),
    }
}
