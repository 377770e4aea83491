//! Sets that only grow, with every element added once: reads show larger and larger sets, and what
//! comes between two of them is told by their difference.

use super::super::{Element, Entry, Set, SetCall, SetResponse};
use super::Monitored;
use crate::hash::Table;
use std::collections::BTreeSet;

/// A read's elements, its interval, and its place.
struct View<'a, V: Ord> {
    elements: &'a BTreeSet<V>,
    invoked: u64,
    returned: u64,
    place: usize,
}

/// When an element was added, and by which call.
#[derive(Clone, Copy)]
struct Add {
    invoked: u64,
    returned: u64,
    place: usize,
}

/// Judges a history without removals.
pub(in super::super) fn monitor<V: Element>(entries: &[Entry<'_, Set<V>>]) -> Monitored {
    let mut adds: Table<&V, Add> = Table::default();
    let mut unseen: Vec<&V> = Vec::new();
    let mut views: Vec<View<'_, V>> = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        let (invoked, returned) = (entry.invoked, entry.returned);
        match (entry.call, entry.response) {
            (SetCall::Add(element), None | Some(SetResponse::Done)) => {
                let add = Add {
                    invoked,
                    returned,
                    place,
                };
                if adds.insert(element, add).is_some() {
                    return Monitored::Unsuited;
                }
                unseen.push(element);
            }
            (SetCall::Read, Some(SetResponse::Elements(elements))) => views.push(View {
                elements,
                invoked,
                returned,
                place,
            }),
            (SetCall::Read, None) => {}
            (SetCall::Remove(_), _) | (_, Some(_)) => return Monitored::Unsuited,
        }
    }
    views.sort_by_key(|view| view.elements.len());
    match illegal(&adds, &unseen, &views) {
        Some(places) => Monitored::Illegal(places),
        None => Monitored::Legal,
    }
}

fn illegal<V: Element>(
    adds: &Table<&V, Add>,
    all: &[&V],
    views: &[View<'_, V>],
) -> Option<Vec<usize>> {
    let none = BTreeSet::new();
    let mut before: (&BTreeSet<V>, Option<usize>) = (&none, None);
    let mut line = Line::default();
    for view in views {
        if let Some(lost) = before.0.difference(view.elements).next() {
            // Neither of two reads shows all that the other does.
            let other = before.1.expect("nothing was shown before the first read");
            assert!(!view.elements.contains(lost));
            return Some(closed([other, view.place], adds, all, views));
        }
        for element in view.elements.difference(before.0) {
            let Some(add) = adds.get(element) else {
                return Some(vec![view.place]);
            };
            if let Some(places) = line.follow(add.invoked, add.returned, add.place, 0) {
                return Some(closed(places, adds, all, views));
            }
        }
        if let Some(places) = line.follow(view.invoked, view.returned, view.place, 1) {
            return Some(closed(places, adds, all, views));
        }
        before = (view.elements, Some(view.place));
    }
    for element in all.iter().filter(|element| !before.0.contains(**element)) {
        let add = adds[*element];
        // An add without an answer that nobody saw may never have taken effect.
        if add.returned != u64::MAX
            && let Some(places) = line.follow(add.invoked, add.returned, add.place, 0)
        {
            return Some(closed(places, adds, all, views));
        }
    }
    None
}

/// Groups of calls, each after the one before: additions, the reads that show them, and so on.
#[derive(Default)]
struct Line {
    /// The latest invocation of the groups before, and of the present one.
    past: (u64, usize),
    present: (u64, usize),
    kind: u8,
    has_begun: bool,
}

impl Line {
    /// The next call; a call of the other kind begins a new group. Gives two calls that are the
    /// wrong way round.
    fn follow(
        &mut self,
        invoked: u64,
        returned: u64,
        place: usize,
        kind: u8,
    ) -> Option<[usize; 2]> {
        if self.has_begun && kind != self.kind {
            self.past = self.past.max(self.present);
        }
        self.kind = kind;
        if self.has_begun && returned < self.past.0 {
            return Some([self.past.1, place]);
        }
        self.present = self.present.max((invoked, place));
        self.has_begun = true;
        None
    }
}

/// Two calls that are the wrong way round, with what makes them so.
fn closed<V: Element>(
    places: [usize; 2],
    adds: &Table<&V, Add>,
    added: &[&V],
    views: &[View<'_, V>],
) -> Vec<usize> {
    let mut all: BTreeSet<usize> = places.into();
    for view in views.iter().filter(|view| places.contains(&view.place)) {
        let shown = view.elements.iter().filter_map(|element| adds.get(element));
        all.extend(shown.map(|add| add.place));
    }
    // Two additions are the wrong way round only because of a read that shows one and not the
    // other; its additions come with it.
    if !views.iter().any(|view| places.contains(&view.place)) {
        let element = |place: usize| {
            let mut all = added.iter().copied();
            all.find(|element| adds[element].place == place)
        };
        if let [Some(first), Some(second)] = places.map(element) {
            let between = views
                .iter()
                .find(|view| view.elements.contains(first) && !view.elements.contains(second));
            if let Some(view) = between {
                all.insert(view.place);
                let shown = view.elements.iter().filter_map(|element| adds.get(element));
                all.extend(shown.map(|add| add.place));
            }
        }
    }
    all.into_iter().collect()
}
