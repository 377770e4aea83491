//! A materialised view on disk: what was written down, what of it is durable and so may be shown, and
//! the position in the stream of changes that each belongs to. Pure: its owner writes the records.
//!
//! Position and contents change in one step, as they are in one record: a view whose position is
//! written apart from its contents leaves changes out or applies them twice after a crash.

use std::collections::VecDeque;

use murphy_sim::LogIndex;

use super::commit_log::Change;
use crate::service::events::View;

/// What the rows were after the first so many changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// So many changes.
    pub position: u64,
    /// The rows.
    pub rows: View,
}

/// What a record does to a view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// One more change has taken effect.
    Apply(Change),
    /// It is this from now on, and no earlier record is of use.
    Replace(State),
    /// Its position alone: only what is wrong on purpose does this.
    Move(u64),
}

/// A view, and the steps that are not durable yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Materialised {
    written: State,
    shown: State,
    steps: VecDeque<(LogIndex, Step)>,
}

impl State {
    fn take(&mut self, step: Step) {
        match step {
            Step::Apply(change) => {
                change.apply(&mut self.rows);
                self.position = self.position.max(change.position);
            }
            Step::Replace(state) => *self = state,
            Step::Move(position) => self.position = position,
        }
    }
}

impl Materialised {
    /// What these steps, which are all durable, come to.
    pub fn restored(steps: impl Iterator<Item = Step>) -> Materialised {
        let mut state = State::default();
        steps.for_each(|step| state.take(step));
        Materialised {
            written: state.clone(),
            shown: state,
            steps: VecDeque::new(),
        }
    }

    /// A step was written as the record so numbered.
    pub fn write(&mut self, index: LogIndex, step: Step) {
        self.written.take(step.clone());
        self.steps.push_back((index, step));
    }

    /// Every record up to this one is durable. Says from which record on the log is of use, if that
    /// has changed.
    pub fn synced(&mut self, upto: LogIndex) -> Option<LogIndex> {
        let mut useful_from = None;
        while self.steps.front().is_some_and(|(index, _)| *index <= upto) {
            let (index, step) = self
                .steps
                .pop_front()
                .expect("there is one: it was looked at");
            if matches!(step, Step::Replace(_)) {
                useful_from = Some(index);
            }
            self.shown.take(step);
        }
        useful_from
    }

    /// Of these changes, those that come next: one that is there already is left out, and what is
    /// behind a hole.
    pub fn next_of(&self, changes: &[Change]) -> Vec<Change> {
        let (mut position, mut next) = (self.written.position, Vec::new());
        for change in changes {
            if change.position == position + 1 {
                position = change.position;
                next.push(*change);
            }
        }
        next
    }

    /// All that is written down, durable or not.
    pub const fn written(&self) -> &State {
        &self.written
    }

    /// What will survive a crash.
    pub const fn shown(&self) -> &State {
        &self.shown
    }

    /// Whether all that is written down is durable.
    pub fn is_settled(&self) -> bool {
        self.steps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn change(position: u64) -> Change {
        Change {
            position,
            key: 7,
            event: 100 + position,
        }
    }

    #[test]
    fn a_step_is_shown_when_it_is_durable() {
        let mut view = Materialised::restored([Step::Apply(change(1))].into_iter());
        view.write(LogIndex(2), Step::Apply(change(2)));
        assert_eq!((view.shown().position, view.written().position), (1, 2));
        assert_eq!(view.synced(LogIndex(2)), None);
        assert_eq!(view.shown(), view.written());
        view.write(LogIndex(3), Step::Replace(view.written().clone()));
        view.write(LogIndex(4), Step::Apply(change(3)));
        assert_eq!(view.synced(LogIndex(3)), Some(LogIndex(3)));
        assert_eq!(view.shown().rows, [(7, vec![101, 102])].into());
        assert!(!view.is_settled());
    }

    #[test]
    fn changes_come_next_that_are_neither_there_nor_behind_a_hole() {
        let view = Materialised::restored([Step::Apply(change(1))].into_iter());
        let next = view.next_of(&[change(1), change(2), change(3), change(5)]);
        assert_eq!(next, [change(2), change(3)]);
        assert_eq!(view.next_of(&[change(3)]), []);
    }
}
