//! A view has one primary, for ever, and it starts with one log: section 4, and Oki and Liskov
//! (1988), section 3.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{
    super::{Viewstamped, message::ViewNumber},
    primary,
};

#[derive(Default)]
pub(super) struct OnePrimary {
    /// Each view's primary, and how far its log went at least.
    views: BTreeMap<ViewNumber, (NodeId, u64)>,
}

impl Invariant<Viewstamped> for OnePrimary {
    fn name(&self) -> &'static str {
        "one-primary-a-view"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<Viewstamped>],
    ) -> Result<(), Breach> {
        let Some(store) = primary(processes[touched.index()].as_ref()) else {
            return Ok(());
        };
        let length = store.log.length();
        let (first, before) = self.views.entry(store.view).or_insert((touched, length));
        if *first != touched || length < *before {
            return Err(Breach {
                anomaly: "two-primaries",
                told: format!(
                    "{touched} takes itself for the primary of view {} with {length} operations; \
                     {first} was it with {before}",
                    store.view.0
                ),
            });
        }
        *before = length;
        Ok(())
    }
}
