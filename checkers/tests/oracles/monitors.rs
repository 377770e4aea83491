//! The near-linear monitors against the general search, on histories with unique values that are
//! larger than brute force could do.

use crate::common::Stream;
use murphy_checkers::linearizable::{
    Entry, Monitored, Pile, PileCall, PileResponse, Sequential, Set, SetCall, SetResponse, check,
};
use murphy_checkers::{Budget, History, Meter, Moment, Operation, Outcome, Process};
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

/// The same specification without its monitor: the general search decides.
struct Searched<M>(M);

impl<M: Sequential> Sequential for Searched<M> {
    type Call = M::Call;
    type Response = M::Response;
    type Key = M::Key;
    type State = M::State;

    fn initial(&self) -> M::State {
        self.0.initial()
    }

    fn key(&self, call: &M::Call) -> M::Key {
        self.0.key(call)
    }

    fn step(
        &self,
        state: &M::State,
        call: &M::Call,
        response: Option<&M::Response>,
    ) -> Option<M::State> {
        self.0.step(state, call, response)
    }
}

/// One random call of an object, and its true answer, which also changes the object.
type Draw<'a, M> =
    dyn FnMut(&mut Stream, u64) -> (<M as Sequential>::Call, <M as Sequential>::Response) + 'a;

/// Overlapping calls that take effect in the order of their drawing; half the histories are
/// damaged by shifting the times of some calls.
fn random<M: Sequential>(
    stream: &mut Stream,
    draw: &mut Draw<'_, M>,
    is_right: bool,
) -> History<M::Call, M::Response> {
    let count = 3 + stream.below(10);
    let (open, unknown) = (1 + stream.below(40), stream.pick(&[0, 0, 5, 15]).to_owned());
    let mut operations = Vec::new();
    for number in 0..count {
        // The point of effect is at `1000 + 10 * number`; the interval lies around it.
        let point = 1_000 + 10 * number;
        // Damaged, the interval is moved away from the point.
        let is_moved = !is_right && stream.chance(40);
        let point = if is_moved {
            point + stream.below(120) - 60
        } else {
            point
        };
        let begin = point - stream.below(open);
        let end = point + 1 + stream.below(open);
        let (call, response) = draw(stream, number);
        let at = Moment::new(end * 100 + number + 50, 0);
        let outcome = if stream.chance(unknown) {
            Outcome::Info
        } else {
            Outcome::Ok { at, response }
        };
        operations.push(Operation {
            process: Process(number as u32),
            call,
            invoked: Moment::new(begin * 100 + number, 0),
            outcome,
        });
    }
    History::from_operations(operations).expect("indices are distinct")
}

fn compare<M: Sequential + Copy>(
    seeds: Range<u64>,
    model: M,
    mut history: impl FnMut(&mut Stream, bool) -> History<M::Call, M::Response>,
) -> u64 {
    let histories = seeds.end - seeds.start;
    let (mut legal, mut illegal, mut unsuited) = (0, 0, 0);
    for seed in seeds {
        let history = history(&mut Stream(seed), seed % 2 == 0);
        let entries: Vec<Entry<'_, M>> = history
            .operations()
            .iter()
            .map(|operation| Entry {
                call: &operation.call,
                response: operation.response(),
                invoked: operation.invoked.index,
                returned: operation.completed().map_or(u64::MAX, |at| at.index),
            })
            .collect();
        let mut meter = Meter::new(Budget::UNBOUNDED);
        let searched = check(&Searched(model), &history, &mut meter);
        match model.monitor(&entries) {
            Monitored::Legal => {
                legal += 1;
                assert!(searched.holds(), "seed {seed}: {searched:#?} {history:#?}");
            }
            Monitored::Illegal(places) => {
                illegal += 1;
                assert!(
                    searched.is_violated(),
                    "seed {seed}: {places:?} {history:#?}"
                );
                let operations = history.operations();
                let part = places.iter().map(|place| &operations[*place]);
                is_illegal_alone(&model, part.collect(), seed);
            }
            Monitored::Unsuited => unsuited += 1,
        }
        let verdict = check(&model, &history, &mut Meter::default());
        assert_eq!(verdict.holds(), searched.holds(), "seed {seed}");
        assert_eq!(verdict.is_violated(), searched.is_violated(), "seed {seed}");
    }
    assert!(
        legal * 10 > histories,
        "enough histories are legal: {legal}"
    );
    assert!(
        illegal * 10 > histories,
        "enough histories are illegal: {illegal}"
    );
    assert!(
        unsuited * 2 < histories,
        "most histories are decided: {unsuited}"
    );
    histories
}

/// What a monitor gives as evidence is illegal by itself.
fn is_illegal_alone<M: Sequential>(
    model: &M,
    part: Vec<&Operation<M::Call, M::Response>>,
    seed: u64,
) {
    let operations: Vec<Operation<usize, usize>> = part
        .iter()
        .enumerate()
        .map(|(number, operation)| Operation {
            process: operation.process,
            call: number,
            invoked: operation.invoked,
            outcome: match &operation.outcome {
                Outcome::Ok { at, .. } => Outcome::Ok {
                    at: *at,
                    response: number,
                },
                Outcome::Fail { at } => Outcome::Fail { at: *at },
                Outcome::Info => Outcome::Info,
            },
        })
        .collect();
    let alone = Part { model, part };
    let history = History::from_operations(operations).expect("a part of a history");
    let verdict = check(&alone, &history, &mut Meter::new(Budget::UNBOUNDED));
    assert!(verdict.is_violated(), "seed {seed}: the evidence is legal");
}

/// Operations of another history by their numbers.
struct Part<'a, M: Sequential> {
    model: &'a M,
    part: Vec<&'a Operation<M::Call, M::Response>>,
}

impl<M: Sequential> Sequential for Part<'_, M> {
    type Call = usize;
    type Response = usize;
    type Key = ();
    type State = M::State;

    fn initial(&self) -> M::State {
        self.model.initial()
    }

    fn key(&self, _call: &usize) {}

    fn step(&self, state: &M::State, call: &usize, _: Option<&usize>) -> Option<M::State> {
        let operation = self.part[*call];
        self.model
            .step(state, &operation.call, operation.response())
    }
}

type PileHistory = History<PileCall<u64>, PileResponse<u64>>;

fn piles(stream: &mut Stream, is_right: bool, is_queue: bool) -> PileHistory {
    let mut pile = VecDeque::new();
    let bias = 35 + stream.below(40);
    let lies = if is_right { 0 } else { stream.below(25) };
    let mut draw = |stream: &mut Stream, number: u64| {
        if stream.chance(bias) {
            pile.push_back(number);
            return (PileCall::Put(number), PileResponse::Put);
        }
        let is_front = is_queue != stream.chance(lies);
        let taken = if is_front {
            pile.pop_front()
        } else {
            pile.pop_back()
        };
        let taken = if stream.chance(lies / 3) {
            Some(stream.below(9))
        } else {
            taken
        };
        (PileCall::Take, PileResponse::Taken(taken))
    };
    random::<Pile<u64>>(stream, &mut draw, is_right)
}

pub(crate) fn queues(seeds: Range<u64>) -> u64 {
    compare(seeds, Pile::queue(), |stream, is_right| {
        piles(stream, is_right, true)
    })
}

pub(crate) fn stacks(seeds: Range<u64>) -> u64 {
    compare(seeds, Pile::stack(), |stream, is_right| {
        piles(stream, is_right, false)
    })
}

pub(crate) fn sets(seeds: Range<u64>) -> u64 {
    compare(seeds, Set::new(), |stream, is_right| {
        let mut set = BTreeSet::new();
        let lies = if is_right { 0 } else { stream.below(20) };
        let mut draw = |stream: &mut Stream, number: u64| {
            if stream.chance(50) {
                set.insert(number);
                return (SetCall::Add(number), SetResponse::Done);
            }
            let mut seen = set.clone();
            if stream.chance(lies) {
                seen.remove(&stream.below(9));
            }
            if stream.chance(lies) {
                seen.insert(stream.below(9));
            }
            (SetCall::Read, SetResponse::Elements(seen))
        };
        random::<Set<u64>>(stream, &mut draw, is_right)
    })
}
