//! One reaction at a time; what calls cost; what each invariant shows.

mod costs;
mod election;
mod faults;
mod membership;
mod reads;
mod replication;
mod snapshot;

use std::collections::BTreeSet;

use murphy_sim::{CallId, ClientId, Effect, NodeId, Reply, Span, Time, testing::React};

use super::{
    Config, Entry, Index, Message, Mode, Mutant, Payload, Position, Raft, Record, Term, Timer,
};
use crate::service::kv::{Request, Response};

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const N3: NodeId = NodeId(3);

type Effects = Vec<Effect<Raft>>;

fn config(mutant: Option<Mutant>) -> Config {
    Config {
        mutant,
        ..Config::new(3, Mode::ReadIndex)
    }
}

fn call(number: u32) -> CallId {
    CallId {
        client: ClientId(0),
        number,
    }
}

const fn write(value: u64) -> Request {
    Request::Write { key: 7, value }
}

/// A leader's first entry.
const fn nothing(term: u64) -> Entry {
    Entry {
        term: Term(term),
        payload: Payload::Nothing,
    }
}

fn update(term: u64, number: u32, value: u64) -> Entry {
    Entry {
        term: Term(term),
        payload: Payload::Update(call(number), write(value)),
    }
}

const fn position(term: u64, index: u64) -> Position {
    Position {
        term: Term(term),
        index: Index(index),
    }
}

const fn append(
    term: u64,
    sequence: u64,
    previous: Position,
    entries: Vec<Entry>,
    commit: u64,
) -> Message {
    Message::Append {
        term: Term(term),
        sequence,
        previous,
        entries,
        commit: Index(commit),
    }
}

const fn appended(term: u64, sequence: u64, matched: u64) -> Message {
    Message::Appended {
        term: Term(term),
        sequence,
        matched: Index(matched),
    }
}

const fn request_vote(term: u64, last: Position) -> Message {
    Message::RequestVote {
        term: Term(term),
        last,
        transfer: false,
    }
}

const fn voted(term: u64, granted: bool) -> Message {
    Message::Voted {
        term: Term(term),
        granted,
    }
}

const fn following(term: u64, round: u64, sent: Time) -> Message {
    Message::Following {
        term: Term(term),
        round,
        sent,
    }
}

const fn send(to: NodeId, message: Message) -> Effect<Raft> {
    Effect::Send { to, message }
}

const fn written(record: Record) -> Effect<Raft> {
    Effect::Append { record }
}

const fn joined(term: u64, vote: Option<NodeId>) -> Record {
    Record::Term {
        term: Term(term),
        vote,
    }
}

/// What leaves the node.
fn sent(effects: &Effects) -> Vec<(NodeId, Message)> {
    let messages = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message } => Some((*to, message.clone())),
        _ => None,
    });
    messages.collect()
}

/// What clients are told.
fn replies(effects: &Effects) -> Vec<(CallId, Reply<Response>)> {
    let replies = effects.iter().filter_map(|effect| match effect {
        Effect::Reply { call, reply } => Some((*call, reply.clone())),
        _ => None,
    });
    replies.collect()
}

/// All but timers, which are drawn.
fn without_timers(effects: Effects) -> Effects {
    let is_timer = |effect: &Effect<Raft>| {
        matches!(effect, Effect::SetTimer { .. } | Effect::CancelTimer { .. })
    };
    effects.into_iter().filter(|e| !is_timer(e)).collect()
}

/// A node with this on its disk, which has heard of no leader yet.
fn node(me: NodeId, config: Config, disk: &[Record]) -> (React, Raft) {
    let mut react = React::new(me, 4);
    let (raft, _) = react.start::<Raft>(&config, disk);
    (react, raft)
}

/// Node 0 as the leader of term 1, of three members, its first entry committed.
fn leading(config: Config) -> (React, Raft) {
    let (mut react, mut raft) = node(N0, config, &[]);
    react.on_timer(&mut raft, Timer::Election);
    let granted = Message::PreVoted {
        of: Term(1),
        term: Term(0),
        granted: true,
    };
    react.on_message(&mut raft, N1, granted);
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, voted(1, true));
    react.on_synced(&mut raft);
    react.on_message(&mut raft, N1, appended(1, 1, 1));
    react.on_message(&mut raft, N2, appended(1, 2, 1));
    assert_eq!(raft.commit, Index(1), "a majority holds the first entry");
    (react, raft)
}
