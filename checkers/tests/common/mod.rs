//! What the tests share: histories drawn as text, a small random stream, and the definition of
//! linearizability, by brute force.
#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod transactions;

use murphy_checkers::linearizable::{RegisterCall, RegisterHistory, RegisterResponse, Sequential};
use murphy_checkers::{History, Moment, Operation, Outcome, Process};

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Stream(pub(crate) u64);

impl Stream {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below a bound, which is small.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// Reads a drawing of one register: a line for each process, time from left to right.
///
/// `[w 1 ]` lasts from its bracket to the other; one that ends in `>` has an unknown end, in `x`
/// failed. `r 1`, `r -` (nothing there), `r ?` (no answer), `w 1`, `cas 1 2`, `cas 1 2 no`. What
/// follows `;` is a comment.
pub(crate) fn draw(text: &str) -> RegisterHistory<&'static str, i64> {
    let operation = |drawing: Drawing| {
        let words: Vec<&str> = drawing.words.iter().map(String::as_str).collect();
        let (call, response) = drawn_call(&words);
        let at = drawing.ended;
        let outcome = match drawing.end {
            ']' => Outcome::Ok {
                at,
                response: response.expect("an answer is drawn"),
            },
            'x' => Outcome::Fail { at },
            _ => Outcome::Info,
        };
        Operation {
            process: Process(drawing.process),
            call,
            invoked: drawing.invoked,
            outcome,
        }
    };
    let operations = drawings(text).into_iter().map(operation).collect();
    History::from_operations(operations).expect("a drawing has an order")
}

/// One call of a drawing.
pub(crate) struct Drawing {
    pub(crate) process: u32,
    pub(crate) words: Vec<String>,
    pub(crate) invoked: Moment,
    pub(crate) ended: Moment,
    /// How it is closed: `]`, `>` or `x`.
    pub(crate) end: char,
}

/// The calls of a drawing, line by line.
pub(crate) fn drawings(text: &str) -> Vec<Drawing> {
    let mut all = Vec::new();
    let lines = text
        .lines()
        .map(|line| line.split(';').next().unwrap_or(""));
    for (process, line) in lines.filter(|line| line.contains('[')).enumerate() {
        let mut rest = line;
        let mut column = 0;
        while let Some(start) = rest.find('[') {
            let end = rest[start..]
                .find([']', '>', 'x'])
                .expect("every call is closed")
                + start;
            // Two events in one column are told apart by their process.
            let moment = |at: usize| Moment::new(((column + at) * 100 + process) as u64, 0);
            let words = rest[start + 1..end].split_whitespace();
            all.push(Drawing {
                process: process as u32,
                words: words.map(str::to_owned).collect(),
                invoked: moment(start),
                ended: moment(end),
                end: rest[end..].chars().next().expect("a call is closed"),
            });
            rest = &rest[end + 1..];
            column += end + 1;
        }
    }
    all
}

type Drawn = (
    RegisterCall<&'static str, i64>,
    Option<RegisterResponse<i64>>,
);

fn drawn_call(words: &[&str]) -> Drawn {
    let number = |word: &str| word.parse::<i64>().expect("values are numbers");
    match words {
        ["r", "?"] | ["r"] => (RegisterCall::Read("x"), None),
        ["r", "-"] => (RegisterCall::Read("x"), Some(RegisterResponse::Value(None))),
        ["r", value] => (
            RegisterCall::Read("x"),
            Some(RegisterResponse::Value(Some(number(value)))),
        ),
        ["w", value] => (
            RegisterCall::Write("x", number(value)),
            Some(RegisterResponse::Written),
        ),
        ["cas", from, to, rest @ ..] => (
            RegisterCall::Cas {
                key: "x",
                from: Some(number(from)),
                to: number(to),
            },
            Some(RegisterResponse::Swapped(rest.is_empty())),
        ),
        other => panic!("`{other:?}` is not a call"),
    }
}

/// Linearizability by definition: tries every order of every choice of the unknown operations.
pub(crate) fn is_linearizable_by_definition<M: Sequential>(
    model: &M,
    history: &History<M::Call, M::Response>,
) -> bool {
    let operations: Vec<&Operation<M::Call, M::Response>> = history
        .operations()
        .iter()
        .filter(|operation| !operation.is_fail())
        .collect();
    extend(
        model,
        &operations,
        &mut vec![false; operations.len()],
        &model.initial(),
    )
}

fn extend<M: Sequential>(
    model: &M,
    operations: &[&Operation<M::Call, M::Response>],
    placed: &mut Vec<bool>,
    state: &M::State,
) -> bool {
    let open = |placed: &[bool], id: usize| !placed[id] && operations[id].is_ok();
    if !(0..operations.len()).any(|id| open(placed, id)) {
        return true;
    }
    for id in 0..operations.len() {
        let comes_first = |&other: &usize| {
            open(placed, other)
                && operations[other]
                    .completed()
                    .is_some_and(|at| at.index < operations[id].invoked.index)
        };
        if placed[id] || (0..operations.len()).any(|other| comes_first(&other)) {
            continue;
        }
        let operation = operations[id];
        let Some(after) = model.step(state, &operation.call, operation.response()) else {
            continue;
        };
        placed[id] = true;
        let found = extend(model, operations, placed, &after);
        placed[id] = false;
        if found {
            return true;
        }
    }
    false
}

/// Reads transactions, one a line: `p1 0-3: append x 1, r x [1 2], w y 1, r y nil`, with the
/// indices of the events where it begins and ends; `0-` has an unknown end, `0-3!` aborted.
///
/// Without indices transactions follow each other. Keys are letters.
pub(crate) fn transactions(text: &str) -> murphy_checkers::transactions::TxnHistory {
    let mut operations = Vec::new();
    let lines = text
        .lines()
        .map(|line| line.split(';').next().unwrap_or("").trim());
    for (number, line) in (0_u64..).zip(lines.filter(|line| !line.is_empty())) {
        let (head, steps) = line.split_once(':').expect("a colon ends the head");
        let mut head = head.split_whitespace();
        let process = head
            .next()
            .and_then(|word| word.strip_prefix('p'))
            .expect("a process");
        let process = Process(process.parse().expect("a number"));
        let usual = format!("{}-{}", number * 2, number * 2 + 1);
        let interval = head.next().unwrap_or(&usual);
        let (begin, end) = interval.split_once('-').expect("an interval");
        let begin = begin.parse().expect("a number");
        let txn: Vec<_> = split_steps(steps)
            .iter()
            .map(|step| micro_op(step))
            .collect();
        let outcome = match (end.strip_suffix('!'), end) {
            (Some(end), _) => Outcome::Fail {
                at: Moment::new(end.parse().expect("a number"), 0),
            },
            (None, "") => Outcome::Info,
            (None, end) => Outcome::Ok {
                at: Moment::new(end.parse().expect("a number"), 0),
                response: txn.clone(),
            },
        };
        let invoked = Moment::new(begin, 0);
        operations.push(Operation {
            process,
            call: txn,
            invoked,
            outcome,
        });
    }
    History::from_operations(operations).expect("indices have an order")
}

fn split_steps(steps: &str) -> Vec<String> {
    steps
        .split(',')
        .map(|step| step.trim().to_owned())
        .filter(|step| !step.is_empty())
        .collect()
}

fn micro_op(step: &str) -> murphy_checkers::transactions::MicroOp {
    use murphy_checkers::transactions::MicroOp;
    let words: Vec<&str> = step
        .split(|c: char| c.is_whitespace() || "[]".contains(c))
        .filter(|w| !w.is_empty())
        .collect();
    let key = |word: &str| {
        word.chars()
            .next()
            .map(|c| u64::from(u32::from(c)))
            .expect("a key")
    };
    let number = |word: &str| word.parse::<i64>().expect("a number");
    match words.as_slice() {
        ["append" | "a", name, value] => MicroOp::Append(key(name), number(value)),
        ["w", name, value] => MicroOp::Write(key(name), number(value)),
        ["r", name, values @ ..] if step.contains('[') => MicroOp::ReadList(
            key(name),
            values.iter().map(|value| number(value)).collect(),
        ),
        ["r", name, "nil"] => MicroOp::Read(key(name), None),
        ["r", name, value] => MicroOp::Read(key(name), Some(number(value))),
        other => panic!("`{other:?}` is not a step"),
    }
}
