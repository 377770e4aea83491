//! One reaction at a time, and exactly what it asks for.

use std::collections::BTreeMap;

use murphy_sim::testing::React;

use super::*;

/// A node, and what each of its clients was last told.
struct Cluster {
    react: React,
    node: VersionVectors,
    told: BTreeMap<u32, Answered>,
}

impl Cluster {
    fn start(mutant: Option<&str>, disk: &[Delta]) -> (Cluster, Vec<Effect<VersionVectors>>) {
        let mut react = React::new(NodeId(0), 3);
        let (node, effects) = react.start::<VersionVectors>(&config(mutant), disk);
        let told = BTreeMap::new();
        (Cluster { react, node, told }, effects)
    }

    fn fresh(mutant: Option<&str>) -> Cluster {
        Cluster::start(mutant, &[]).0
    }

    /// A client asks with what it was shown before.
    fn ask(&mut self, client: u32, request: Request) -> Vec<Effect<VersionVectors>> {
        let asked = Asked::from(request).after(self.told.get(&client));
        let effects = self.react.on_request(&mut self.node, call(client), asked);
        self.hear(client, effects)
    }

    fn synced(&mut self, client: u32) -> Vec<Effect<VersionVectors>> {
        let effects = self.react.on_synced(&mut self.node);
        self.hear(client, effects)
    }

    fn hear(
        &mut self,
        client: u32,
        effects: Vec<Effect<VersionVectors>>,
    ) -> Vec<Effect<VersionVectors>> {
        for effect in &effects {
            if let Effect::Reply {
                reply: Reply::Ok(answered),
                ..
            } = effect
            {
                self.told.insert(client, answered.clone());
            }
        }
        effects
    }

    fn take(&mut self, from: u32, delta: Delta) -> Vec<Effect<VersionVectors>> {
        let message = Message::Delta(delta);
        self.react.on_message(&mut self.node, NodeId(from), message)
    }

    /// Writes, and lets the disk finish.
    fn written(&mut self, client: u32, value: u64) {
        self.ask(client, write(value));
        self.synced(client);
    }

    fn read(&mut self, client: u32) -> Vec<u64> {
        self.ask(client, READ);
        match &self.told[&client].response {
            Response::Siblings(values) => values.clone(),
            other => panic!("a read is answered at once when all is durable, not by {other:?}"),
        }
    }
}

fn reached(label: &'static str) -> Effect<VersionVectors> {
    Effect::Reached { label }
}

fn send(to: u32, message: Message) -> Effect<VersionVectors> {
    let to = NodeId(to);
    Effect::Send { to, message }
}

fn write(value: u64) -> Request {
    Request::Write { key: KEY, value }
}

const READ: Request = Request::Read { key: KEY };

#[test]
fn a_write_is_acknowledged_and_told_when_it_is_durable() {
    let mut cluster = Cluster::fresh(None);
    let record = Delta {
        since: versions(&[]),
        upto: versions(&[(0, 1)]),
        entries: vec![(KEY, siblings(&[(dot(0, 1), version(5, &[]))]))],
    };
    assert_eq!(
        cluster.ask(0, write(5)),
        [
            Effect::Append {
                record: record.clone()
            },
            Effect::Sync
        ]
    );
    let delta = Message::Delta(record);
    assert_eq!(
        cluster.synced(0),
        [
            reply(0, Response::Written, &[dot(0, 1)]),
            send(1, delta.clone()),
            send(2, delta)
        ]
    );
    assert_eq!(
        cluster.ask(1, READ),
        [reply(1, Response::Siblings(vec![5]), &[dot(0, 1)])]
    );
}

#[test]
fn two_clients_of_one_node_that_have_not_seen_each_other_write_siblings() {
    let mut cluster = Cluster::fresh(None);
    cluster.written(0, 5);
    cluster.written(1, 6);
    assert_eq!(cluster.read(0), [5, 6]);
    let mut cluster = Cluster::fresh(Some("vector-without-dots"));
    cluster.written(0, 5);
    cluster.written(1, 6);
    assert_eq!(cluster.read(0), [6]);
}

#[test]
fn a_write_replaces_what_its_client_has_read_and_written_and_nothing_else() {
    let mut cluster = Cluster::fresh(None);
    cluster.written(0, 5);
    cluster.written(0, 6);
    assert_eq!(cluster.read(0), [6], "its own");
    cluster.written(1, 7);
    cluster.written(0, 8);
    assert_eq!(cluster.read(2), [7, 8], "it had not seen 7");
    cluster.written(1, 9);
    assert_eq!(cluster.read(2), [8, 9], "it had not seen 8");
    cluster.written(2, 10);
    assert_eq!(cluster.read(2), [10]);
}

#[test]
fn what_comes_from_elsewhere_stands_beside_what_is_here_unless_its_writer_had_seen_it() {
    let mut cluster = Cluster::fresh(None);
    cluster.written(0, 5);
    let concurrent = Delta {
        since: versions(&[]),
        upto: versions(&[(1, 1)]),
        entries: vec![(KEY, siblings(&[(dot(1, 1), version(6, &[]))]))],
    };
    let effects = cluster.take(1, concurrent);
    assert_eq!(effects[2], reached("merged"));
    cluster.synced(0);
    assert_eq!(cluster.read(0), [5, 6]);
    let seen = [dot(0, 1), dot(1, 1)];
    let later = Delta {
        since: versions(&[(0, 1), (1, 1)]),
        upto: versions(&[(0, 1), (1, 1), (2, 1)]),
        entries: vec![(KEY, siblings(&[(dot(2, 1), version(7, &seen))]))],
    };
    cluster.take(2, later);
    cluster.synced(0);
    assert_eq!(cluster.read(0), [7]);
}

#[test]
fn news_with_a_gap_before_it_is_asked_for() {
    let mut cluster = Cluster::fresh(None);
    let later = Delta {
        since: versions(&[(1, 1)]),
        upto: versions(&[(1, 2)]),
        entries: vec![],
    };
    assert_eq!(
        cluster.take(1, later),
        [
            reached("gap-found"),
            reached("asked"),
            send(1, Message::Ask(versions(&[])))
        ]
    );
}

#[test]
fn a_client_that_was_never_told_keeps_too_much_rather_than_too_little() {
    let mut cluster = Cluster::fresh(None);
    cluster.written(0, 5);
    // The answer does not arrive: the client gives up, and carries nothing.
    cluster.told.remove(&0);
    cluster.written(0, 6);
    assert_eq!(cluster.read(0), [5, 6]);
    cluster.written(0, 7);
    assert_eq!(cluster.read(0), [7]);
}

#[test]
fn what_a_client_was_shown_elsewhere_is_replaced_even_where_it_comes_later() {
    let mut cluster = Cluster::fresh(None);
    let shown = Answered {
        response: Response::Siblings(vec![5]),
        shown: [(KEY, [dot(1, 1)].into_iter().collect())].into(),
    };
    cluster.told.insert(0, shown);
    cluster.written(0, 6);
    let late = Delta {
        since: versions(&[]),
        upto: versions(&[(1, 1)]),
        entries: vec![(KEY, siblings(&[(dot(1, 1), version(5, &[]))]))],
    };
    cluster.take(1, late);
    cluster.synced(0);
    assert_eq!(cluster.read(0), [6]);
}
