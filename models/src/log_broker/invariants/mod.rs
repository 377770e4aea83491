//! What must hold after every event.

mod committed_agree;
mod committed_held;
mod high_watermark_rises;
mod offsets_in_bounds;
mod one_leader;
mod one_owner;

use murphy_sim::Invariant;

use super::{
    LogBroker,
    broker::Broker,
    config::{Config, Mode},
    message::Epoch,
};

/// Those of this configuration.
pub(super) fn all(config: &Config) -> Vec<Box<dyn Invariant<LogBroker>>> {
    let mut all: Vec<Box<dyn Invariant<LogBroker>>> = vec![
        Box::new(one_leader::OneLeader::default()),
        Box::new(high_watermark_rises::HighWatermarkRises::default()),
        Box::new(committed_agree::CommittedAgree::default()),
        Box::new(one_owner::OneOwner::default()),
        Box::new(offsets_in_bounds::OffsetsInBounds::default()),
    ];
    if config.mode == Mode::AcksAll {
        all.push(Box::new(committed_held::CommittedHeld::default()));
    }
    all
}

/// The broker at a node, if it is one and is up.
fn broker(process: Option<&LogBroker>) -> Option<&Broker> {
    match process? {
        LogBroker::Broker(broker) => Some(broker),
        LogBroker::Controller(_) => None,
    }
}
