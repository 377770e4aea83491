//! What clients carry from answer to question: the last answer, until a call whose
//! end is unknown.

use murphy_sim::{
    CallId, ClientId, Cluster, Context, Happened, NodeId, PlannedCall, Process, Reply, Role, Route,
    Setup, Span, Start, Time, View, World,
};
use serde::{Deserialize, Serialize};

/// Answers a number with the next one, and 3 not at all.
#[derive(Clone, Debug)]
struct Counter;

#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
enum Silence {}

impl Process for Counter {
    type Config = ();
    type Message = Silence;
    type Timer = ();
    type Record = u64;
    type Request = u64;
    type Response = u64;
    type View = u64;

    const CARRIES: bool = true;

    fn start((): &(), _: &[u64], _: &mut Context<Counter>) -> Counter {
        Counter
    }

    fn on_request(&mut self, call: CallId, number: u64, ctx: &mut Context<Counter>) {
        match number {
            3 => {}
            refused if refused > 100 => ctx.reply(call, Reply::Fail),
            number => ctx.reply(call, Reply::Ok(number + 1)),
        }
    }

    fn on_message(&mut self, _: NodeId, message: Silence, _: &mut Context<Counter>) {
        match message {}
    }

    fn on_timer(&mut self, (): (), _: &mut Context<Counter>) {}

    fn role(&self) -> Role {
        Role("counter")
    }

    fn view(&self) -> View<u64> {
        View::nothing(true)
    }

    fn carry(planned: u64, last: Option<&u64>) -> u64 {
        planned + last.copied().unwrap_or(0)
    }
}

#[test]
fn a_client_carries_its_last_answer_over_until_an_end_is_unknown() {
    let planned = [0, 0, 100, 0, 0, 0, 0];
    let calls = (1..).zip(planned).map(|(i, request)| PlannedCall {
        client: ClientId(0),
        start: Start::At(Time::ZERO + Span::secs(2) * i),
        route: Route::Any,
        request,
    });
    let cluster = Cluster::new(1, 1).compile().expect("valid");
    let end = Time::ZERO + Span::secs(20);
    let setup = Setup::<Counter>::calm(cluster, (), calls.collect(), end);
    let mut world = World::new(setup.into(), 1);
    world.run_until(end);
    let told: Vec<Happened<u64, u64>> = world.history().iter().map(|e| e.what.clone()).collect();
    let ok = |asked| [Happened::Invoke(asked), Happened::Ok(asked + 1)];
    let expected = [
        ok(0),
        ok(1),
        // A refusal leaves the client with what it had.
        [Happened::Invoke(102), Happened::Fail],
        ok(2),
        // 3 is never answered: the client goes on as a new process, with nothing.
        [Happened::Invoke(3), Happened::Info],
        ok(0),
        ok(1),
    ];
    assert_eq!(told, expected.concat());
}
