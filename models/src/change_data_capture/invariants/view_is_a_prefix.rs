//! What a view shows is what the rows were at its position: every change up to there has taken effect
//! once, in order, and none after (DBLog, section 4; Kleppmann ch. 11, "exactly-once").

use murphy_sim::{Breach, Invariant, NodeId, Time};

use super::{ChangeDataCapture, Database, database, view};
use crate::shared::derived::Prefixes;

#[derive(Default)]
pub(super) struct ViewIsAPrefix(Prefixes);

impl Invariant<ChangeDataCapture> for ViewIsAPrefix {
    fn name(&self) -> &'static str {
        "view-is-a-prefix"
    }

    fn check(
        &mut self,
        _: Time,
        touched: NodeId,
        processes: &[Option<ChangeDataCapture>],
    ) -> Result<(), Breach> {
        let shown = view(processes, touched);
        let log = database(processes).map(Database::log);
        self.0.check(touched, processes.len(), shown, log)
    }
}
