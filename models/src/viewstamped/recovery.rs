//! Recovery (section 4.3): a replica that has lost its memory asks all others, and goes on when f + 1
//! have answered, the primary of the latest view among them.

use std::collections::BTreeMap;

use murphy_sim::NodeId;

use super::{
    message::{Message, Nonce, Timer, ViewNumber, Whole},
    mutants::Mutant,
    replica::{Ctx, Store},
};

/// What a replica without memory knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Recovery {
    nonce: Nonce,
    answers: BTreeMap<NodeId, (ViewNumber, Option<Whole>)>,
}

impl Recovery {
    pub(super) fn begin(store: &Store, ctx: &mut Ctx<'_>) -> Recovery {
        let recovery = Recovery {
            nonce: Nonce(ctx.rng().bits()),
            answers: BTreeMap::new(),
        };
        recovery.ask(store, ctx);
        recovery
    }

    pub(super) fn ask(&self, store: &Store, ctx: &mut Ctx<'_>) {
        let recovery = Message::Recovery {
            nonce: self.nonce,
            promised: store.view,
        };
        ctx.broadcast(&recovery);
        ctx.set_timer(Timer::Again, store.config.heartbeat);
    }

    /// The view and the log to go on with, when enough is known: of no view before the one that it
    /// had promised to go to.
    pub(super) fn on_response(
        &mut self,
        store: &Store,
        from: NodeId,
        (view, nonce, log): (ViewNumber, Nonce, Option<Whole>),
    ) -> Option<(ViewNumber, Whole)> {
        let is_ours = nonce == self.nonce || store.config.has(Mutant::VrRecoveryWithoutANonce);
        let is_later = self
            .answers
            .get(&from)
            .is_none_or(|(known, _)| view >= *known);
        if is_ours && is_later {
            self.answers.insert(from, (view, log));
        }
        let latest = self.answers.values().map(|(view, _)| *view).max()?;
        let (of, log) = self.answers.get(&store.config.primary(latest))?;
        // Whoever is primary of the latest view may have answered as that of an earlier one.
        let is_enough = self.answers.len() > store.config.f() && *of == latest;
        let is_enough = is_enough && latest >= store.view;
        log.clone().filter(|_| is_enough).map(|log| (latest, log))
    }
}
