//! Which part of a fault is wrong.
//!
//! Faults and triggers are told apart by their keys, so serde reads them from a buffer that has
//! forgotten where things stand, and can only say that the whole is wrong. But a part that is wrong
//! is complained about in the same words when it stands alone; so each is read alone, down to the
//! smallest.

use murphy_sim::{Fault, Span, Trigger};
use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeArray, DeString, DeTable, DeValue},
};

use super::spanned::{Complaint, Misread, Reader, Step};

/// Tables and lists with more entries than this are not taken apart.
const ENTRIES_MOST: usize = 64;

/// The keys of a planned fault besides its fault's own.
const OF_THE_PLAN: [&str; 2] = ["when", "for"];

/// A reading of a value, if it fails.
type Failure<'a> = &'a dyn Fn(&DeValue<'_>) -> Option<Misread>;

/// Whether this looks like a planned fault, so that it can be taken apart.
pub(crate) fn is_fault(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Table(table) if table.contains_key("fault") && table.len() <= ENTRIES_MOST)
}

/// Everything that is wrong in a planned fault which could not be read because of `whole`. The ways
/// lead down from the fault.
pub(crate) fn faults_of(value: &DeValue<'_>, whole: Misread) -> Vec<Misread> {
    let DeValue::Table(table) = value else {
        return vec![whole];
    };
    let mut found = Vec::new();
    let mut try_out = |key: &str, value: &DeValue<'_>, fails: Failure<'_>| {
        if let Some(misread) = fails(value) {
            found.push(narrowed(value, misread, fails).below(Step::Key(key.to_owned())));
        }
    };
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "when" => try_out("when", value.get_ref(), &bad_trigger),
            "for" => try_out("for", value.get_ref(), &|value| {
                Span::deserialize(Reader(value)).err()
            }),
            "fault" => try_out("fault", value.get_ref(), &bad_kind),
            _ => {}
        }
    }
    let kind = &table["fault"];
    if bad_kind(kind.get_ref()).is_none() {
        let keys_of_fault = keys_of(kind);
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name == "fault" || OF_THE_PLAN.contains(&name) {
                continue;
            }
            let fails = |value: &DeValue<'_>| {
                let misread = read_fault(kind, Some((name, value)))?;
                let of_another = matches!(misread.complaint, Complaint::Missing(key) if keys_of_fault.contains(&key));
                (!of_another).then_some(misread)
            };
            if let Some(misread) = fails(value.get_ref()) {
                found.push(with_the_plans_keys(
                    name,
                    narrowed(value.get_ref(), misread, &fails),
                ));
            }
        }
    }
    if found.is_empty() { vec![whole] } else { found }
}

/// The complaint about one key of a fault; when the key itself is unknown, the plan's keys would
/// have been right too.
fn with_the_plans_keys(key: &str, mut misread: Misread) -> Misread {
    if let Complaint::UnknownKey { name, known } = &mut misread.complaint
        && misread.up.is_empty()
        && name == key
    {
        known.extend(OF_THE_PLAN);
        misread.on_key = true;
    }
    misread.below(Step::Key(key.to_owned()))
}

/// Triggers are told apart by their keys, which hides a key that none of them has.
fn bad_trigger(value: &DeValue<'_>) -> Option<Misread> {
    const KEYS: [&str; 4] = ["event", "message", "reached", "nth"];
    let unknown = value.as_table().and_then(|table| {
        let mut names = table.keys().map(|key| key.get_ref().as_ref());
        names.find(|name| !KEYS.contains(name))
    });
    match unknown {
        Some(name) => Some(Misread::new(Complaint::UnknownKey {
            name: name.to_owned(),
            known: KEYS.to_vec(),
        })),
        None => Trigger::deserialize(Reader(value)).err(),
    }
}

fn bad_kind(kind: &DeValue<'_>) -> Option<Misread> {
    let known = Fault::kinds();
    match kind {
        DeValue::String(word) if known.contains(&word.as_ref()) => None,
        DeValue::String(word) => Some(Misread::new(Complaint::UnknownWord {
            word: word.clone().into_owned(),
            known: known.iter().copied().chain(["isolate"]).collect(),
        })),
        other => String::deserialize(Reader(other)).err(),
    }
}

/// Reads a fault of that kind with no key of its own but this one.
fn read_fault(kind: &Spanned<DeValue<'_>>, with: Option<(&str, &DeValue<'_>)>) -> Option<Misread> {
    let mut table = DeTable::new();
    table.insert(unplaced(DeString::from("fault")), kind.clone());
    if let Some((key, value)) = with {
        table.insert(
            unplaced(DeString::from(key.to_owned())),
            unplaced(value.clone()),
        );
    }
    let misread = Fault::deserialize(Reader(&DeValue::Table(table))).err()?;
    Some(Misread::new(misread.complaint))
}

/// The keys that a fault of that kind has, as it tells when given one that it has not.
fn keys_of(kind: &Spanned<DeValue<'_>>) -> Vec<&'static str> {
    let none_such = ("", &DeValue::Boolean(true));
    match read_fault(kind, Some(none_such)).map(|misread| misread.complaint) {
        Some(Complaint::UnknownKey { known, .. }) => known,
        _ => unreachable!("no fault has a key without a name, and every fault refuses such keys"),
    }
}

fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

/// The complaint about `value`, with the way down to the smallest part of it that is complained
/// about in the same words.
fn narrowed(value: &DeValue<'_>, misread: Misread, fails: Failure<'_>) -> Misread {
    let misread = Misread::new(misread.complaint);
    let same = |failure: Option<Misread>| {
        failure.is_some_and(|failure| failure.complaint == misread.complaint)
    };
    match value {
        DeValue::Table(table) if table.len() <= ENTRIES_MOST => {
            if same(fails(&DeValue::Table(DeTable::new()))) {
                return misread;
            }
            for (key, part) in table {
                let alone = |part: &DeValue<'_>| {
                    let mut table = DeTable::new();
                    let key = key.get_ref().clone().into_owned();
                    table.insert(unplaced(DeString::from(key)), unplaced(part.clone()));
                    fails(&DeValue::Table(table))
                };
                let name = key.get_ref().as_ref();
                let missing = matches!(misread.complaint, Complaint::Missing(_));
                if (missing && !part.get_ref().is_table()) || !same(alone(part.get_ref())) {
                    continue;
                }
                let mut misread = match &misread.complaint {
                    Complaint::UnknownKey { name: unknown, .. } if unknown == name => misread,
                    _ => narrowed(part.get_ref(), misread, &alone),
                };
                misread.on_key |= misread.up.is_empty()
                    && matches!(&misread.complaint, Complaint::UnknownKey { name: unknown, .. } if unknown == name);
                return misread.below(Step::Key(name.to_owned()));
            }
            misread
        }
        DeValue::Array(items) if items.len() <= ENTRIES_MOST => {
            if same(fails(&DeValue::Array(DeArray::new()))) {
                return misread;
            }
            for (index, part) in items.iter().enumerate() {
                let alone = |part: &DeValue<'_>| {
                    let mut items = DeArray::new();
                    items.push(unplaced(part.clone()));
                    fails(&DeValue::Array(items))
                };
                if same(alone(part.get_ref())) {
                    return narrowed(part.get_ref(), misread, &alone).below(Step::Index(index));
                }
            }
            misread
        }
        _ => misread,
    }
}
