//! A node tells only what it holds for good, and not for longer than it has interest (Demers et al.,
//! Epidemic Algorithms, 1987, section 1.4: susceptible, infective, removed).

use murphy_sim::{Breach, Invariant, NodeId, Time};

use crate::{
    rumour_mongering::{Mode, RumourMongering},
    shared::events::HoldsEvents,
};

/// What is hot is durable here, and its counter has not run out.
#[derive(Clone, Copy, Debug, Default)]
pub struct HotIsHeld;

impl Invariant<RumourMongering> for HotIsHeld {
    fn name(&self) -> &'static str {
        "hot-is-held"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<RumourMongering>],
    ) -> Result<(), Breach> {
        let Some(node) = &processes[touched.index()] else {
            return Ok(());
        };
        let config = node.config();
        for (name, useless) in node.hot() {
            if node.store().get(name).is_none() {
                return Err(Breach {
                    anomaly: "rumour-not-durable",
                    told: format!("{touched} tells {name:?}, which is not durable there"),
                });
            }
            if config.mode == Mode::Counter && useless >= config.k {
                return Err(Breach {
                    anomaly: "rumour-told-for-too-long",
                    told: format!(
                        "{touched} tells {name:?} after {useless} useless contacts, and {} is enough",
                        config.k
                    ),
                });
            }
        }
        Ok(())
    }
}
