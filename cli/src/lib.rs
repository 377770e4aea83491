//! murphy: anything that can go wrong, will go wrong: here, on purpose, and the same way every time.
//!
//! This is the whole of murphy as one crate: the simulator ([`sim`]), the protocols that come with
//! it ([`models`]), the judges of histories ([`checkers`]), scenario files and their runner
//! ([`scenarios`]) and the reports ([`reports`]); and the `murphy` command, [`command`]. The
//! [`prelude`] is what a program of your own begins with.
//!
//! A program that finds a bug: a register on disk that answers before its disk does.
//!
//! ```
//! use std::sync::Arc;
//! use murphy::prelude::*;
//!
//! /// One node with one register. It promises: what was written is what is read.
//! #[derive(Clone, Debug)]
//! struct Store { value: Option<u64> }
//!
//! impl Process for Store {
//!     type Config = ();
//!     type Message = Silence; // one node has nobody to talk to
//!     type Timer = ();
//!     type Record = u64;
//!     type Request = RegisterCall<(), u64>;
//!     type Response = RegisterResponse<u64>;
//!     type View = Option<u64>;
//!
//!     fn start(_: &(), disk: &[u64], _: &mut Context<Self>) -> Self {
//!         Store { value: disk.last().copied() }
//!     }
//!     fn on_request(&mut self, call: CallId, request: Self::Request, ctx: &mut Context<Self>) {
//!         let RegisterCall::Write(_, value) = request else {
//!             return ctx.reply(call, Reply::Ok(RegisterResponse::Value(self.value)));
//!         };
//!         self.value = Some(value);
//!         ctx.append(value);
//!         ctx.sync();
//!         ctx.reply(call, Reply::Ok(RegisterResponse::Written)); // the bug: not synced yet
//!     }
//!     fn on_message(&mut self, _: NodeId, message: Silence, _: &mut Context<Self>) { match message {} }
//!     fn on_timer(&mut self, (): (), _: &mut Context<Self>) {}
//!     fn role(&self) -> Role { Role("store") }
//!     fn view(&self) -> View<Option<u64>> { View::replica(self.value) }
//! }
//!
//! fn main() {
//!     let cluster = Cluster::new(1, 1).compile().expect("one node and one client are a cluster");
//!     let read = RegisterCall::Read(());
//!     let requests = (1..100).flat_map(|n| [RegisterCall::Write((), n), read.clone(), read.clone()]);
//!     let ask = |request| PlannedCall { client: ClientId(0), start: Start::At(Time::ZERO), route: Route::Any, request };
//!     let mut setup = Setup::<Store>::calm(cluster, (), requests.map(ask).collect(), Time::ZERO + Span::secs(2));
//!     let crash = Fault::Crash { node: Target::All, disk: DiskFate::Drawn };
//!     let when = Trigger::At(Time::ZERO + Span::millis(50));
//!     setup.plan.push(PlannedFault { when, fault: crash, lasts: Some(Span::millis(1)) });
//!     let setup = Arc::new(setup);
//!     let found = (1..=100).find_map(|seed| {
//!         let run = run_on_world(&setup, seed, Observe::default(), Vec::new());
//!         let verdict = check_registers(&Register::default(), &murphy::history(&run.history), &mut Meter::default());
//!         verdict.is_violated().then_some((seed, verdict))
//!     });
//!     let (seed, verdict) = found.expect("a crash between the answer and the sync");
//!     println!("seed {seed}: {verdict}\n  {}", verdict.anomalies()[0].steps.join("\n  "));
//!     assert!(verdict.has(AnomalyName::StaleRead) || verdict.has(AnomalyName::LostWrite));
//! }
//! ```
//!
//! Move the last reply of `on_request` into `on_synced`, and the same hundred crashes find nothing:
//! `examples/own-protocol` does both. For a protocol of several nodes under drawn faults, read one of
//! [`models`]; to run it from scenario files, see "Add a protocol" in the README.

pub use murphy_checkers as checkers;
pub use murphy_models as models;
pub use murphy_reports as reports;
pub use murphy_scenarios as scenarios;
pub use murphy_sim as sim;
pub use {serde, strum};

pub mod prelude;

mod facade;

pub use facade::{Silence, history};

mod commands;
mod exit;
mod failure;
mod interrupt;
mod logging;
mod progress;
mod sources;
mod terminal;
mod wall;

pub use commands::command;
pub use exit::Exit;
