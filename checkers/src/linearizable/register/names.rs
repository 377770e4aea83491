//! What is wrong with a register, from its readers' point of view, proved in near-linear time.
//!
//! Each finding is a proof that the history is not linearizable, whatever a search would say; where
//! there is none the history may still be illegal. The operations are grouped by value: when its
//! writes began, when the last of them was over, and when it was first seen to be there.

use super::{Register, RegisterCall, RegisterHistory, RegisterResponse};
use crate::anomaly::AnomalyName;
use crate::hash::Table;
use crate::linearizable::Stuck;
use crate::linearizable::explain::tell;
use crate::verdict::Anomaly;
use std::fmt::Debug;
use std::hash::Hash;

/// Findings that are told before the rest is left out.
pub(super) const TOLD_MAX: usize = 8;

/// What is known of one value of one register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    /// Writes of it that may have happened, the initial one included.
    pub(super) writers: u32,
    /// A writer, for the telling; none for the initial value.
    pub(super) writer: Option<usize>,
    /// When the first of its writes was invoked.
    pub(super) begun: u64,
    /// When the last of its writes had ended; `u64::MAX` where one may still happen.
    pub(super) done: u64,
    /// When it was first certain that it had been written.
    pub(super) known: u64,
    /// By which operation.
    pub(super) known_by: Option<usize>,
    /// Is there a read or a compare-and-set that saw it?
    pub(super) observed: bool,
    /// Compare-and-sets that replaced it.
    pub(super) replaced: u32,
}

const UNWRITTEN: Value = Value {
    writers: 0,
    writer: None,
    begun: u64::MAX,
    done: 0,
    known: u64::MAX,
    known_by: None,
    observed: false,
    replaced: 0,
};

/// One sighting of a value.
pub(super) struct Sighting {
    pub(super) operation: usize,
    pub(super) value: u32,
    pub(super) invoked: u64,
    pub(super) returned: u64,
}

/// The values of one register, and who saw them.
pub(super) struct Values {
    pub(super) values: Vec<Value>,
    pub(super) sightings: Vec<Sighting>,
    pub(super) has_cas: bool,
}

/// Event positions are moved up by this much, so that the initial write comes before all.
pub(super) const FIRST_EVENT: u64 = 2;

impl Values {
    /// Groups the operations of one register by value.
    pub(super) fn gather<K, V>(
        model: &Register<K, V>,
        history: &RegisterHistory<K, V>,
        ids: &[usize],
    ) -> Self
    where
        V: Hash + Eq,
    {
        let mut gathered = Self {
            values: vec![UNWRITTEN],
            sightings: Vec::new(),
            has_cas: false,
        };
        gathered.values[0] = Value {
            writers: 1,
            begun: 0,
            done: 1,
            known: 1,
            ..UNWRITTEN
        };
        let mut numbers: Table<Option<&V>, u32> = Table::default();
        numbers.reserve(ids.len() / 2);
        numbers.insert(model.initial.as_ref(), 0);
        for &id in ids {
            gathered.add(history, id, &mut numbers);
        }
        gathered
    }

    fn add<'a, K, V: Hash + Eq>(
        &mut self,
        history: &'a RegisterHistory<K, V>,
        id: usize,
        numbers: &mut Table<Option<&'a V>, u32>,
    ) {
        let operation = &history.operations()[id];
        let invoked = operation.invoked.index + FIRST_EVENT;
        let returned = operation
            .completed()
            .map_or(u64::MAX, |at| at.index.saturating_add(FIRST_EVENT));
        let values = &mut self.values;
        let mut number = |value: Option<&'a V>| {
            *numbers.entry(value).or_insert_with(|| {
                values.push(UNWRITTEN);
                values.len() as u32 - 1
            })
        };
        let seen = match (&operation.call, operation.response()) {
            (RegisterCall::Read(_), Some(RegisterResponse::Value(value))) => value.as_ref(),
            (RegisterCall::Cas { from, .. }, Some(RegisterResponse::Swapped(true))) => {
                from.as_ref()
            }
            (RegisterCall::Write(_, value), _) => {
                let value = number(Some(value));
                self.write(value, id, invoked, returned);
                return;
            }
            (RegisterCall::Cas { to, .. }, None) => {
                let to = number(Some(to));
                self.has_cas = true;
                self.write(to, id, invoked, returned);
                return;
            }
            (RegisterCall::Cas { .. }, _) => {
                self.has_cas = true;
                return;
            }
            (RegisterCall::Read(_), _) => return,
        };
        let value = number(seen);
        if let RegisterCall::Cas { to, .. } = &operation.call {
            let to = number(Some(to));
            self.has_cas = true;
            self.write(to, id, invoked, returned);
            self.values[value as usize].replaced += 1;
        }
        let about = &mut self.values[value as usize];
        about.observed = true;
        if returned < about.known {
            about.known = returned;
            about.known_by = Some(id);
        }
        self.sightings.push(Sighting {
            operation: id,
            value,
            invoked,
            returned,
        });
    }

    fn write(&mut self, value: u32, id: usize, invoked: u64, returned: u64) {
        let about = &mut self.values[value as usize];
        about.writers += 1;
        about.done = about.done.max(returned);
        if invoked < about.begun {
            about.begun = invoked;
            about.writer = Some(id);
        }
        if returned < about.known {
            about.known = returned;
            about.known_by = Some(id);
        }
    }
}

/// Names a register that a search found illegal.
pub(super) fn name<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    stuck: &Stuck<Register<K, V>>,
) -> Vec<Anomaly>
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let proofs = proofs(model, history, &stuck.operations);
    if proofs.is_empty() {
        vec![stuck.tell(model, history)]
    } else {
        proofs
    }
}

/// Everything of a register that is wrong beyond doubt, up to [`TOLD_MAX`] findings.
///
/// `ids` are the operations that did not fail; failed writes are looked up in the history only when
/// a value has no other writer.
pub(super) fn proofs<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    ids: &[usize],
) -> Vec<Anomaly>
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    proofs_of(model, history, &Values::gather(model, history, ids))
}

/// As [`proofs`], for values that are gathered already.
pub(super) fn proofs_of<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    gathered: &Values,
) -> Vec<Anomaly>
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let mut found = Vec::new();
    let mut timeline = Overwrites::new(&gathered.values);
    for sighting in &gathered.sightings {
        if found.len() >= TOLD_MAX {
            break;
        }
        let value = &gathered.values[sighting.value as usize];
        let id = sighting.operation;
        let words = || tell(model, &history.operations()[id], id);
        if value.writers == 0 {
            found.push(unwritten(model, history, sighting, &words()));
        } else if value.begun > sighting.returned {
            found.push(future(model, history, sighting, value, &words()));
        } else if let Some(newer) = timeline.newest_known_before(sighting.invoked)
            && gathered.values[newer as usize].begun > value.done
        {
            let newer = &gathered.values[newer as usize];
            found.extend(stale(model, history, sighting, newer, gathered, &words()));
        }
    }
    found.extend(lost_updates(model, history, gathered));
    found
}

/// The values in the order in which they became known.
struct Overwrites<'a> {
    values: &'a [Value],
    /// When each became known, and its number.
    known: Vec<(u64, u32)>,
    /// How many were known at the last question, and the one of them that began last.
    asked: usize,
    newest: Option<u32>,
}

impl<'a> Overwrites<'a> {
    fn new(values: &'a [Value]) -> Self {
        let mut known: Vec<(u64, u32)> = (0..)
            .zip(values)
            .filter(|(_, value)| value.known != u64::MAX && value.writers > 0)
            .map(|(number, value)| (value.known, number))
            .collect();
        known.sort_unstable();
        Self {
            values,
            known,
            asked: 0,
            newest: None,
        }
    }

    /// Of the values known to be written before an event, the one whose writes began last; events
    /// are asked for in their order.
    fn newest_known_before(&mut self, event: u64) -> Option<u32> {
        while let Some((known, number)) = self.known.get(self.asked)
            && *known < event
        {
            let begun = |number: u32| self.values[number as usize].begun;
            if self
                .newest
                .is_none_or(|newest| begun(newest) <= begun(*number))
            {
                self.newest = Some(*number);
            }
            self.asked += 1;
        }
        self.newest
    }
}

fn unwritten<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    sighting: &Sighting,
    words: &str,
) -> Anomaly
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    match failed_writer(history, sighting.operation) {
        Some(writer) => {
            let failed = tell(model, &history.operations()[writer], writer);
            Anomaly::new(
                AnomalyName::PhantomRead,
                format!("{words}, a value that only {failed}, a failed call, wrote"),
            )
            .with_operations([writer, sighting.operation])
            .with_step(format!("{failed} failed: it never took effect"))
            .with_step(words)
        }
        None => Anomaly::new(
            AnomalyName::GarbageRead,
            format!("{words}, a value that nobody wrote"),
        )
        .with_operations([sighting.operation])
        .with_step(words),
    }
}

/// A failed write of the value that an operation saw.
fn failed_writer<K: Eq, V: Eq>(history: &RegisterHistory<K, V>, reader: usize) -> Option<usize> {
    let reader = &history.operations()[reader];
    let seen = match (&reader.call, reader.response()) {
        (RegisterCall::Read(_), Some(RegisterResponse::Value(Some(value)))) => value,
        (
            RegisterCall::Cas {
                from: Some(value), ..
            },
            _,
        ) => value,
        _ => return None,
    };
    history.operations().iter().position(|operation| {
        operation.is_fail()
            && operation.call.key() == reader.call.key()
            && match &operation.call {
                RegisterCall::Write(_, value) | RegisterCall::Cas { to: value, .. } => {
                    value == seen
                }
                RegisterCall::Read(_) => false,
            }
    })
}

fn future<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    sighting: &Sighting,
    value: &Value,
    words: &str,
) -> Anomaly
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let writer = value
        .writer
        .expect("a value that is written later has a writer");
    let write = tell(model, &history.operations()[writer], writer);
    Anomaly::new(
        AnomalyName::FutureRead,
        format!("{words} before {write} began"),
    )
    .with_operations([sighting.operation, writer])
    .with_step(words)
    .with_step(format!("only then {write}"))
}

/// A read of what had been overwritten; where nobody ever saw the newer value, a lost write too.
fn stale<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    sighting: &Sighting,
    newer: &Value,
    gathered: &Values,
    words: &str,
) -> Vec<Anomaly>
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    let value = &gathered.values[sighting.value as usize];
    let overwriter = newer
        .writer
        .expect("only the initial value has no writer, and it is oldest");
    let write = tell(model, &history.operations()[overwriter], overwriter);
    let mut operations: Vec<usize> = value.writer.into_iter().collect();
    let mut steps = match value.writer {
        Some(writer) => vec![tell(model, &history.operations()[writer], writer)],
        None => vec!["initially, that value was there".to_owned()],
    };
    operations.push(overwriter);
    steps.push(format!("then {write}, which overwrites it"));
    if let Some(witness) = newer.known_by.filter(|&by| by != overwriter) {
        let witness_words = tell(model, &history.operations()[witness], witness);
        steps.push(format!(
            "it had taken effect at the latest by {witness_words}"
        ));
        operations.push(witness);
    }
    operations.push(sighting.operation);
    steps.push(format!("only then {words}"));
    let mut found = vec![
        Anomaly::new(
            AnomalyName::StaleRead,
            format!("{words} was invoked after that value had been overwritten by {write}"),
        )
        .with_operations(operations.iter().copied())
        .with_steps(steps.clone()),
    ];
    if !newer.observed && is_missed_until_overwritten(newer, gathered) {
        found.push(
            Anomaly::new(
                AnomalyName::LostWrite,
                format!("{write} was acknowledged, nobody ever saw it, and then {words}"),
            )
            .with_operations(operations)
            .with_steps(steps),
        );
    }
    found
}

/// Did every sighting between the end of a write and the next write miss it?
fn is_missed_until_overwritten(newer: &Value, gathered: &Values) -> bool {
    let next_write = gathered
        .values
        .iter()
        .filter(|value| value.begun > newer.known && value.begun != u64::MAX)
        .map(|value| value.begun)
        .min()
        .unwrap_or(u64::MAX);
    let mut between = gathered
        .sightings
        .iter()
        .filter(|sighting| sighting.invoked > newer.known && sighting.returned < next_write)
        .peekable();
    between.peek().is_some()
        && between.all(|sighting| gathered.values[sighting.value as usize].done < newer.begun)
}

/// More compare-and-sets replaced a value than it was written times.
fn lost_updates<K, V>(
    model: &Register<K, V>,
    history: &RegisterHistory<K, V>,
    gathered: &Values,
) -> Vec<Anomaly>
where
    K: Ord + Clone + Debug,
    V: Ord + Clone + Hash + Debug,
{
    if !gathered.has_cas {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, value) in gathered.values.iter().enumerate() {
        if value.replaced <= value.writers || found.len() >= TOLD_MAX {
            continue;
        }
        let replacers: Vec<usize> = gathered
            .sightings
            .iter()
            .filter(|sighting| sighting.value as usize == number)
            .map(|sighting| sighting.operation)
            .filter(|&id| matches!(history.operations()[id].call, RegisterCall::Cas { .. }))
            .take(value.writers as usize + 1)
            .collect();
        let explanation = format!(
            "{} compare-and-sets replaced one value that was there {} times",
            value.replaced, value.writers
        );
        found.push(
            Anomaly::new(AnomalyName::LostUpdate, explanation)
                .with_operations(value.writer.into_iter().chain(replacers.iter().copied()))
                .with_steps(
                    replacers
                        .iter()
                        .map(|&id| tell(model, &history.operations()[id], id)),
                ),
        );
    }
    found
}
