//! What a process that is slow to hear of a failed sync sees of its log until it does.

use murphy_sim::{
    CallId, ClientId, Cluster, Context, CpuModel, Fault, LogIndex, NodeId, PlannedCall,
    PlannedFault, Process, Role, Route, Setup, Span, Start, Target, Time, Trigger, View, World,
};
use serde::{Deserialize, Serialize};

/// Appends and syncs at every request, and compares its log with what it remembers.
#[derive(Clone, Debug)]
struct Writer {
    appended: u64,
    synced: u64,
    told_of_failures: u32,
}

#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
enum Silence {}

impl Process for Writer {
    type Config = ();
    type Message = Silence;
    type Timer = ();
    type Record = u64;
    type Request = u64;
    type Response = u64;
    type View = u64;

    fn start((): &(), disk: &[u64], _: &mut Context<Writer>) -> Writer {
        let appended = disk.len() as u64;
        Writer {
            appended,
            synced: appended,
            told_of_failures: 0,
        }
    }

    fn on_request(&mut self, _: CallId, value: u64, ctx: &mut Context<Writer>) {
        assert_eq!(ctx.log_end().0, self.appended, "the log is as it was left");
        self.appended += 1;
        ctx.append(value);
        ctx.sync();
    }

    fn on_message(&mut self, _: NodeId, message: Silence, _: &mut Context<Writer>) {
        match message {}
    }

    fn on_timer(&mut self, (): (), _: &mut Context<Writer>) {}

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Writer>) {
        assert!(
            upto.0 <= self.appended && upto.0 > self.synced && ctx.log_end().0 == self.appended
        );
        self.synced = upto.0;
    }

    fn on_sync_failed(&mut self, ctx: &mut Context<Writer>) {
        assert!(
            ctx.log_end().0 < self.appended,
            "what was not durable is gone"
        );
        assert_eq!(ctx.log_end().0, self.synced, "what was durable is not");
        self.appended = ctx.log_end().0;
        self.told_of_failures += 1;
    }

    fn role(&self) -> Role {
        Role("writer")
    }

    fn view(&self) -> View<u64> {
        View::replica(self.appended)
    }
}

#[test]
fn what_a_failed_sync_takes_is_there_until_the_process_is_told() {
    let mut cluster = Cluster::new(1, 8);
    cluster.cpu = CpuModel {
        per_message: Span::millis(2),
    };
    let calls = (0..400).map(|i| PlannedCall {
        client: ClientId(i % 8),
        start: Start::At(Time::ZERO + Span::millis(3) * u64::from(i)),
        route: Route::Any,
        request: u64::from(i),
    });
    cluster.client.timeout = Span::millis(1);
    let errors = PlannedFault {
        when: Trigger::At(Time::ZERO + Span::millis(200)),
        fault: Fault::DiskSyncError {
            node: Target::Node(NodeId(0)),
        },
        lasts: Some(Span::millis(300)),
    };
    let end = Time::ZERO + Span::secs(3);
    let mut setup = Setup::calm(cluster.compile().expect("valid"), (), calls.collect(), end);
    setup.plan.push(errors);
    let mut world = World::<Writer>::new(setup.into(), 1);
    world.run_until(end);
    let writer = world.processes()[0].as_ref().expect("it never crashes");
    assert!(writer.told_of_failures > 10, "{writer:?}");
    assert!(
        writer.synced > 100 && writer.synced == writer.appended,
        "{writer:?}"
    );
    assert_eq!(
        world.disk(NodeId(0)).records().len() as u64,
        writer.appended
    );
}
