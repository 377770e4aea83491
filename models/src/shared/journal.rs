//! Group commit: one sync at a time, and all that is appended meanwhile goes with the next.

use murphy_sim::{Context, LogIndex, Process};

/// What is on the disk and what is on its way there. `T` is what becomes true when it is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Journal<T> {
    saved: LogIndex,
    under_way: Option<(LogIndex, T)>,
    more: bool,
}

impl<T> Journal<T> {
    /// At a start, when all that is there is durable.
    pub(crate) fn new<P: Process>(ctx: &Context<'_, P>) -> Journal<T> {
        Journal {
            saved: ctx.log_end(),
            under_way: None,
            more: false,
        }
    }

    /// Makes durable all that has been appended, now or as soon as the sync that is under way is
    /// done. `then` becomes true when this sync is done.
    pub(crate) fn save<P: Process>(&mut self, then: T, ctx: &mut Context<'_, P>) {
        let end = ctx.log_end();
        match &self.under_way {
            Some((upto, _)) => self.more |= end > *upto,
            None if end > self.saved => {
                self.under_way = Some((end, then));
                ctx.sync();
            }
            None => {}
        }
    }

    /// Whether all that has been appended is durable.
    pub(crate) fn is_saved<P: Process>(&self, ctx: &Context<'_, P>) -> bool {
        ctx.log_end() <= self.saved
    }

    /// A sync is done: what has become true, and whether there is more to save.
    pub(crate) fn saved(&mut self, upto: LogIndex) -> Option<(T, bool)> {
        let (end, then) = self.under_way.take_if(|(end, _)| *end <= upto)?;
        self.saved = end;
        Some((then, std::mem::take(&mut self.more)))
    }

    /// What will be true when the sync that is under way is done.
    pub(crate) fn pending_mut(&mut self) -> Option<&mut T> {
        self.under_way.as_mut().map(|(_, then)| then)
    }
}
