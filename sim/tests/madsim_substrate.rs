//! The madsim substrate hosts the same processes as the world, under the same setups.

use std::sync::Arc;

use murphy_sim::{
    CallId, ClientId, Cluster, Context, LogIndex, NodeId, Observe, Plan, PlannedCall, Process,
    Reply, Role, Route, Setup, Span, Start, Time, View, run_on_madsim,
};
use serde::{Deserialize, Serialize};

/// A list that the first node orders, keeps on disk and copies to the others every now and then.
#[derive(Clone, Debug)]
struct Lister {
    first: bool,
    list: Vec<u32>,
    /// The last number heard from the first node, and said by it.
    number: u32,
    /// Calls that wait for their record to be durable.
    waiting: Vec<(LogIndex, CallId)>,
}

#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
enum Say {
    Copy(Vec<u32>),
    Have(u32),
    Number(u32),
}

#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
enum Ask {
    Push(u32),
    Clock,
}

#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
enum Told {
    Pushed(u32),
    Clock(u64),
}

#[derive(Clone, Debug, PartialEq, Hash)]
enum Remind {
    Copy,
}

impl Process for Lister {
    type Config = ();
    type Message = Say;
    type Timer = Remind;
    type Record = u32;
    type Request = Ask;
    type Response = Told;
    type View = Vec<u32>;

    fn start((): &(), disk: &[u32], ctx: &mut Context<Self>) -> Lister {
        let first = ctx.node() == NodeId(0);
        if first {
            ctx.set_timer(Remind::Copy, Span::millis(20));
        }
        ctx.reached(if disk.is_empty() {
            "empty"
        } else {
            "recovered"
        });
        Lister {
            first,
            list: disk.to_vec(),
            number: 0,
            waiting: Vec::new(),
        }
    }

    fn on_request(&mut self, call: CallId, request: Ask, ctx: &mut Context<Self>) {
        match request {
            Ask::Clock => ctx.reply(call, Reply::Ok(Told::Clock(ctx.now().0))),
            Ask::Push(_) if !self.first => ctx.reply(call, Reply::Redirect(Some(NodeId(0)))),
            Ask::Push(u32::MAX) => panic!("a bug of the process"),
            Ask::Push(item) => {
                self.list.push(item);
                let index = ctx.append(item);
                ctx.sync();
                self.waiting.push((index, call));
            }
        }
    }

    fn on_message(&mut self, _: NodeId, message: Say, ctx: &mut Context<Self>) {
        match message {
            Say::Copy(list) => {
                for item in list.iter().skip(self.list.len()) {
                    ctx.append(*item);
                }
                ctx.sync();
                if list.len() > self.list.len() {
                    self.list = list;
                }
                ctx.send(NodeId(0), Say::Have(self.list.len() as u32));
            }
            Say::Have(_) => ctx.reached("have"),
            Say::Number(number) => {
                if number < self.number {
                    ctx.reached("overtaken");
                }
                self.number = number;
            }
        }
    }

    fn on_timer(&mut self, Remind::Copy: Remind, ctx: &mut Context<Self>) {
        ctx.broadcast(&Say::Copy(self.list.clone()));
        for _ in 0..5 {
            self.number += 1;
            ctx.send(NodeId(1), Say::Number(self.number));
        }
        ctx.set_timer(Remind::Copy, Span::millis(20));
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        let (done, waiting) = self
            .waiting
            .drain(..)
            .partition(|(index, _)| *index <= upto);
        self.waiting = waiting;
        let done: Vec<(LogIndex, CallId)> = done;
        for (index, call) in done {
            ctx.reply(call, Reply::Ok(Told::Pushed(index.0 as u32)));
        }
    }

    fn role(&self) -> Role {
        Role(if self.first { "first" } else { "copy" })
    }

    fn view(&self) -> View<Vec<u32>> {
        View::replica(self.list.clone())
    }
}

/// Five nodes, two clients and forty calls in the first two seconds of four; what goes wrong is healed
/// after three.
fn setup(cluster: Cluster, plan: &str, ask: impl Fn(u32) -> Ask) -> Arc<Setup<Lister>> {
    let call = |i: u32| PlannedCall {
        client: ClientId(i % 2),
        start: Start::At(Time(u64::from(i) * 50_000_000)),
        route: Route::Node(NodeId(0)),
        request: ask(i),
    };
    let plan: Plan = serde_json::from_str(plan).expect("a plan");
    Arc::new(Setup {
        cluster: cluster.compile().expect("a cluster"),
        config: (),
        plan,
        calls: Arc::new((0..40).map(call).collect()),
        heal: Some(Time::ZERO + Span::secs(3)),
        end: Time::ZERO + Span::secs(4),
    })
}

fn pushes(plan: &str) -> Arc<Setup<Lister>> {
    setup(Cluster::new(5, 2), plan, Ask::Push)
}

#[cfg(not(madsim))]
#[test]
fn a_build_without_madsim_says_so() {
    let refused = run_on_madsim(&pushes("[]"), 1, Observe::default(), vec![]);
    let told = refused.expect_err("there is no madsim").to_string();
    assert!(told.contains("--cfg madsim"), "{told}");
}

#[cfg(madsim)]
mod hosted {
    use std::thread;

    use murphy_sim::{
        Breach, Fault, Happened, HistoryEvent, Invariant, Outcome, Probability, What, run_on_world,
    };

    use super::*;

    fn run(setup: &Arc<Setup<Lister>>, seed: u64) -> Outcome<Lister> {
        run_on_madsim(setup, seed, Observe::default(), vec![]).expect("madsim can do this")
    }

    /// How each call ended, in the order of calls.
    fn endings(history: &[HistoryEvent<Ask, Told>]) -> Vec<(CallId, &Happened<Ask, Told>)> {
        let ended = |event: &&HistoryEvent<Ask, Told>| !matches!(event.what, Happened::Invoke(_));
        let mut all: Vec<_> = history
            .iter()
            .filter(ended)
            .map(|event| (event.call, &event.what))
            .collect();
        all.sort_by_key(|(call, _)| *call);
        all
    }

    /// What clients were told was pushed: `c0.3` pushes 6, `c1.3` pushes 7.
    fn acknowledged(history: &[HistoryEvent<Ask, Told>]) -> Vec<u32> {
        let ok = |(call, what): (CallId, &Happened<Ask, Told>)| {
            matches!(what, Happened::Ok(_)).then_some(call.number * 2 + call.client.0)
        };
        endings(history).into_iter().filter_map(ok).collect()
    }

    fn list_of(outcome: &Outcome<Lister>, node: usize) -> &[u32] {
        let process = outcome.processes[node].as_ref().expect("the node is up");
        &process.list
    }

    #[test]
    fn a_calm_run_gives_clients_the_same_answers_as_the_world() {
        let setup = pushes("[]");
        for seed in 0..3 {
            let ours = run_on_world(&setup, seed, Observe::default(), vec![]);
            let theirs = run(&setup, seed);
            assert_eq!(endings(&ours.history), endings(&theirs.history));
            assert_eq!(acknowledged(&theirs.history).len(), 40);
            assert!(theirs.converged && theirs.calls_are_done);
            assert_eq!(theirs.converged_after, Some(Span::ZERO));
            assert_eq!(list_of(&ours, 4), list_of(&theirs, 4));
            assert_ne!(ours.digest, theirs.digest);
        }
    }

    #[test]
    fn a_message_takes_two_milliseconds_at_least() {
        let setup = pushes("[]");
        let outcome = run(&setup, 1);
        for pair in outcome.history.chunks(2) {
            let took = pair[1].time - pair[0].time;
            assert!(took >= Span::millis(4), "{took} there and back");
        }
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_a_restart_finds_it() {
        let plan = r#"[{"when":"500ms","fault":"crash","node":"first","disk":"lose-unsynced","for":"300ms"}]"#;
        for seed in 0..5 {
            let outcome = run(&pushes(plan), seed);
            let acknowledged = acknowledged(&outcome.history);
            assert!((10..40).contains(&acknowledged.len()));
            for node in 0..5 {
                let list = list_of(&outcome, node);
                assert!(acknowledged.iter().all(|item| list.contains(item)));
            }
            assert_eq!(outcome.stats.crashes, 1);
            assert!(outcome.reached.contains(&("recovered", 1)));
            let report = &outcome.faults[0];
            assert_eq!(
                (report.nodes.as_slice(), report.hits),
                (&[NodeId(0)][..], 1)
            );
        }
    }

    #[test]
    fn every_message_of_a_run_with_crashes_is_delivered_dropped_or_under_way() {
        let plan = r#"[
            {"when":"100ms","fault":"crash-loop","node":"n1+n2","every":"70ms"},
            {"when":"100ms","fault":"duplicate","probability":0.2}]"#;
        for seed in 0..5 {
            let stats = run(&pushes(plan), seed).stats;
            let sent = stats.messages + stats.client_messages + stats.duplicated;
            let known = stats.delivered + stats.dropped;
            assert!(stats.crashes > 50 && stats.dropped > 50, "{stats:?}");
            assert!(known <= sent && sent - known < 20, "{stats:?}");
        }
    }

    #[test]
    fn a_partition_cuts_and_replicas_converge_after_the_heal() {
        let plan = r#"[{"when":"1s","fault":"partition","shape":{"isolate":"first"}}]"#;
        let observe = Observe {
            sample_every: Some(Span::millis(100)),
            keep_trace: 0,
        };
        let outcome = run_on_madsim(&pushes(plan), 3, observe, vec![]).expect("madsim can do this");
        assert!(outcome.faults[0].hits > 100);
        assert_eq!(outcome.stats.dropped, outcome.faults[0].hits);
        let cut = outcome
            .samples
            .iter()
            .rfind(|s| s.time < Time::ZERO + Span::secs(3));
        let views = &cut.expect("samples are taken").views;
        let held = |node: usize| views[node].1.state.as_ref().map_or(0, Vec::len);
        assert_eq!(held(0), 40);
        assert!((1..4).all(|node| held(node) == held(4) && held(node) < 25));
        assert!(outcome.converged);
        let after = outcome.converged_after.expect("they agree in the end");
        assert!(after > Span::ZERO && after < Span::millis(100), "{after}");
    }

    #[test]
    fn a_paused_node_answers_when_the_pause_is_over() {
        let plan = r#"[{"when":"990ms","fault":"pause","node":"n0","for":"500ms"}]"#;
        let outcome = run(&pushes(plan), 1);
        let pause = (
            Time::ZERO + Span::millis(990),
            Time::ZERO + Span::millis(1_490),
        );
        let during = |time: Time| time > pause.0 + Span::millis(10) && time < pause.1;
        let ended_during = outcome
            .history
            .iter()
            .any(|event| during(event.time) && !matches!(event.what, Happened::Invoke(_)));
        assert!(!ended_during && outcome.faults[0].hits > 0);
        assert_eq!(acknowledged(&outcome.history).len(), 40);
    }

    #[test]
    fn a_node_that_crashed_and_is_paused_starts_when_the_pause_is_over() {
        let plan = r#"[
            {"when":"500ms","fault":"crash","node":"n0","for":"100ms"},
            {"when":"550ms","fault":"pause","node":"n0","for":"450ms"}]"#;
        let observe = Observe {
            sample_every: Some(Span::millis(50)),
            keep_trace: 0,
        };
        let outcome = run_on_madsim(&pushes(plan), 1, observe, vec![]).expect("madsim can do this");
        let up_at = |millis: u64| {
            let time = Time::ZERO + Span::millis(millis);
            let sample = outcome.samples.iter().find(|s| s.time == time);
            sample.expect("one every 50 ms").views[0].0 == NodeId(0)
        };
        assert!(up_at(450) && !up_at(750) && !up_at(950) && up_at(1_050));
        assert!(outcome.converged && outcome.stats.crashes == 1);
    }

    #[test]
    fn a_process_sees_its_wall_clock_jump() {
        let plan = r#"[{"when":"1s","fault":"clock-step","node":"n0","by":"-10s"}]"#;
        let outcome = run(&setup(Cluster::new(5, 2), plan, |_| Ask::Clock), 1);
        let read = |(_, what)| match what {
            &Happened::Ok(Told::Clock(read)) => read,
            other => panic!("a clock is read, not {other:?}"),
        };
        let mut clocks: Vec<u64> = endings(&outcome.history).into_iter().map(read).collect();
        // By client, each 100 ms from call to call.
        clocks.truncate(20);
        let steps: Vec<i64> = clocks
            .windows(2)
            .map(|w| w[1] as i64 - w[0] as i64)
            .collect();
        let back = steps.iter().filter(|step| **step < -9_000_000_000).count();
        let on = steps
            .iter()
            .filter(|step| (80_000_000..120_000_000).contains(*step))
            .count();
        assert_eq!((back, on), (1, 18), "{steps:?}");
    }

    #[test]
    fn what_madsim_cannot_express_is_refused_by_name_before_anything_runs() {
        let plan = r#"[
            {"when":"1s","fault":"pause","node":"n0"},
            {"when":{"event":100},"fault":"crash","node":"n0"}]"#;
        let refused = run_on_madsim(&pushes(plan), 1, Observe::default(), vec![]);
        let refused = refused.expect_err("events have other numbers");
        assert_eq!(refused.fault, Some(1));
        let told = refused.to_string();
        assert!(told.contains("fault 1") && told.contains("`crash`") && told.contains("event 100"));
    }

    #[test]
    fn a_seed_gives_one_digest_whichever_thread_and_whatever_runs_beside_it() {
        let plan = r#"[
            {"when":"100ms","fault":"crash-loop","node":"any","every":"200ms","for":"1s"},
            {"when":"300ms","fault":"partition","shape":"halves","flap":"100ms"},
            {"when":"100ms","fault":"reorder","probability":0.3,"window":"20ms"}]"#;
        let setup = pushes(plan);
        let digests = |seeds: [u64; 4]| seeds.map(|seed| run(&setup, seed).digest);
        let alone = digests([1, 2, 3, 1]);
        assert_eq!(alone[0], alone[3]);
        assert!(alone[0] != alone[1] && alone[1] != alone[2]);
        let together = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| digests([1, 2, 3, 1])))
                .collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().expect("no panic");
            threads.into_iter().map(join).collect::<Vec<_>>()
        });
        assert!(together.iter().all(|digests| *digests == alone));
    }

    #[test]
    fn links_that_keep_order_keep_it_and_others_do_not() {
        let overtaken = |fifo: bool| {
            let mut cluster = Cluster::new(5, 2);
            cluster.network.fifo = fifo;
            let setup = setup(cluster, "[]", Ask::Push);
            let reached = run(&setup, 1).reached;
            let label = reached.into_iter().find(|(label, _)| *label == "overtaken");
            label.map_or(0, |(_, times)| times)
        };
        assert_eq!(overtaken(true), 0);
        assert!(overtaken(false) > 10);
    }

    #[test]
    fn links_keep_their_order_through_loss_partitions_and_crashes() {
        let mut cluster = Cluster::new(5, 2);
        cluster.network.fifo = true;
        cluster.network.loss = Probability::per_mille(200);
        let plan = r#"[
            {"when":"300ms","fault":"partition","shape":{"isolate":"n1"},"flap":"50ms","for":"1s"},
            {"when":"1500ms","fault":"clog","links":{"from":"n0","to":"n1"},"for":"300ms"},
            {"when":"2s","fault":"crash-loop","node":"n1","every":"100ms","for":"500ms"}]"#;
        let outcome = run(&setup(cluster, plan, Ask::Push), 2);
        assert!(outcome.faults.iter().all(|report| report.hits > 0));
        assert!(
            outcome
                .reached
                .iter()
                .all(|(label, _)| *label != "overtaken")
        );
    }

    #[test]
    fn a_process_that_panics_panics_in_the_callers_thread_and_leaves_nothing_behind() {
        let bug = |i| Ask::Push(if i == 7 { u32::MAX } else { i });
        let buggy = setup(Cluster::new(5, 2), "[]", bug);
        let clean = pushes("[]");
        let before = run(&clean, 1).digest;
        let panic = std::panic::catch_unwind(|| run(&buggy, 1).digest);
        let panic = panic.expect_err("the process has a bug");
        assert_eq!(panic.downcast_ref(), Some(&"a bug of the process"));
        assert_eq!(run(&clean, 1).digest, before);
    }

    struct Short;

    impl Invariant<Lister> for Short {
        fn name(&self) -> &'static str {
            "short"
        }

        fn check(
            &mut self,
            _: Time,
            touched: NodeId,
            all: &[Option<Lister>],
        ) -> Result<(), Breach> {
            let long = |p: &&Lister| p.list.len() > 10;
            match all[touched.index()].as_ref().filter(long) {
                None => Ok(()),
                Some(_) => Err(Breach {
                    anomaly: "long",
                    told: format!("{touched} holds more than ten"),
                }),
            }
        }
    }

    #[test]
    fn invariants_are_checked_after_every_reaction() {
        let invariants = vec![Box::new(Short) as Box<dyn Invariant<Lister>>];
        let outcome = run_on_madsim(&pushes("[]"), 1, Observe::default(), invariants);
        let breaches = outcome.expect("madsim can do this").breaches;
        assert_eq!(breaches.len(), 1);
        assert_eq!(breaches[0].breach.told, "n0 holds more than ten");
        let at = breaches[0].time - (Time::ZERO + Span::millis(500));
        assert!(at < Span::millis(50), "{at} after the eleventh call");
    }

    #[test]
    fn a_trace_tells_of_both_substrates_alike() {
        let observe = Observe {
            sample_every: None,
            keep_trace: 50,
        };
        let setup = pushes(r#"[{"when":"1s","fault":"crash","node":"n0"}]"#);
        let ours = run_on_world(&setup, 1, observe, vec![]).trace;
        let theirs = run_on_madsim(&setup, 1, observe, vec![]);
        let theirs = theirs.expect("madsim can do this").trace;
        for trace in [ours, theirs] {
            assert_eq!(trace.len(), 50);
            let delivered = trace
                .iter()
                .filter(|e| matches!(e.what, What::Delivered(_)));
            assert!(delivered.count() > 10);
        }
    }

    /// One of each kind, aimed so that it hits something. Faults of membership are for protocols that
    /// have one.
    const EVERY_FAULT: [&str; 26] = [
        r#""partition","shape":"majorities-ring""#,
        r#""loss","probability":0.5,"links":{"from":"n0","clients":true}"#,
        r#""duplicate","probability":0.5"#,
        r#""reorder","probability":0.5,"window":"100ms""#,
        r#""corrupt","probability":0.5"#,
        r#""delay","by":"50ms","jitter":"50ms""#,
        r#""bandwidth","bytes-per-second":1000,"queue":100"#,
        r#""clog","links":{"from":"n0","to":"all"}"#,
        r#""swizzle-clog","node":"all""#,
        r#""message","kind":"Copy","nth":4,"fate":{"delay":"100ms"}"#,
        r#""crash","node":"any""#,
        r#""crash-loop","node":"minority","every":"100ms""#,
        r#""pause","node":"n0""#,
        r#""slow-cpu","node":"n0","per-message":"5ms""#,
        r#""clock-offset","node":"n0","by":"1s""#,
        r#""clock-step","node":"n0","by":"-1s""#,
        r#""clock-drift","node":"n0","ppm":-500000"#,
        r#""clock-strobe","node":"n0","by":"1s","every":"100ms""#,
        r#""clock-freeze","node":"n0""#,
        r#""clock-slew","node":"n0","ppm":1000"#,
        r#""clock-bound","node":"n0","uncertainty":"1s""#,
        r#""disk-corrupt","node":"n0""#,
        r#""disk-sync-error","node":"n0""#,
        r#""disk-slow","node":"n0","factor":100"#,
        r#""disk-stall","node":"n0""#,
        r#""disk-full","node":"n0""#,
    ];

    #[test]
    fn every_fault_hits_and_all_is_well_after_the_heal() {
        let mut kinds: Vec<&str> = vec!["add-node", "remove-node", "buggify"];
        for fault in EVERY_FAULT {
            let setup = pushes(&format!(
                r#"[{{"when":"200ms","for":"1s","fault":{fault}}}]"#
            ));
            kinds.push(setup.plan[0].fault.kind());
            let outcome = run(&setup, 1);
            let report = &outcome.faults[0];
            assert!(
                report.hits > 0 && report.ended.is_some(),
                "{fault}: {report:?}"
            );
            assert!(outcome.converged && outcome.calls_are_done, "{fault}");
        }
        kinds.sort_unstable();
        let mut all = Fault::kinds().to_vec();
        all.sort_unstable();
        assert_eq!(kinds, all);
    }

    #[test]
    fn faults_can_wait_for_a_message_or_a_label() {
        let plan = r#"[
            {"when":{"message":"Have","nth":10},"fault":"crash","node":"n1","for":"100ms"},
            {"when":{"reached":"have","nth":50},"fault":"pause","node":"n0","for":"100ms"},
            {"when":{"reached":"never"},"fault":"pause","node":"n0"}]"#;
        let outcome = run(&pushes(plan), 1);
        let began: Vec<bool> = outcome.faults.iter().map(|f| f.began.is_some()).collect();
        assert_eq!(began, [true, true, false]);
        assert_eq!(outcome.stats.crashes, 1);
    }
}
