//! What must hold in the pipeline after every event.

mod stream_is_committed;
mod view_is_a_prefix;
mod views_rise;

use murphy_sim::{Invariant, NodeId};

use super::{CAPTURE, Capture, ChangeDataCapture, DATABASE, Database};
use crate::shared::materialised::State;

pub(super) fn all() -> Vec<Box<dyn Invariant<ChangeDataCapture>>> {
    vec![
        Box::new(stream_is_committed::StreamIsCommitted::default()),
        Box::new(view_is_a_prefix::ViewIsAPrefix::default()),
        Box::new(views_rise::ViewsRise::default()),
    ]
}

fn database(processes: &[Option<ChangeDataCapture>]) -> Option<&Database> {
    match processes[DATABASE.index()].as_ref()? {
        ChangeDataCapture::Database(database) => Some(database),
        other => unreachable!(
            "the database's node is a {}",
            murphy_sim::Process::role(other)
        ),
    }
}

fn capture(processes: &[Option<ChangeDataCapture>]) -> Option<&Capture> {
    match processes[CAPTURE.index()].as_ref()? {
        ChangeDataCapture::Capture(capture) => Some(capture),
        other => unreachable!(
            "the capture's node is a {}",
            murphy_sim::Process::role(other)
        ),
    }
}

/// What a reader of this node sees; none when it is down, and when there is no view.
fn view(processes: &[Option<ChangeDataCapture>], node: NodeId) -> Option<&State> {
    match processes[node.index()].as_ref()? {
        ChangeDataCapture::View(view) => Some(view.shown()),
        ChangeDataCapture::Database(_) | ChangeDataCapture::Capture(_) => None,
    }
}
