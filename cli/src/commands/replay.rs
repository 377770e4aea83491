//! `murphy replay`: one run once more, told from its plan to its evidence.

use std::{
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use murphy_reports::{
    directory, html, json,
    record::{ReplayRecord, RunRecord, VerdictKind},
    terminal as summary,
};
use murphy_scenarios::{
    How, Registered, RunResult, Runnable, Substrate, Which,
    language::{Case, Expectation, Scenario},
    repeat_command,
};
use murphy_sim::{Digest, Plan, Time};

use super::{Format, run::substrate};
use crate::{Exit, failure::Failure, sources, terminal};

/// What `murphy replay` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// A scenario's file or its name in the catalogue, or the file of a case.
    #[arg(value_name = "SCENARIO|CASE")]
    file: PathBuf,
    /// The seed; a case has its own.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Tell every event as it happens, before the story.
    #[arg(long, conflicts_with = "format")]
    trace: bool,
    /// Tell what every node holds at this moment, as in 3.5s, instead of the story.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["trace", "format"])]
    at: Option<Time>,
    /// Draw the run as a page for a browser.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Make the run twice and compare all that happened.
    #[arg(long)]
    verify: bool,
    /// Keep the run as a case: a file that replays it whatever becomes of the scenario.
    #[arg(long, value_name = "FILE")]
    save_case: Option<PathBuf>,
    /// Which simulator.
    #[arg(long, default_value = "world", value_name = "world|madsim", value_parser = substrate)]
    substrate: Substrate,
    /// What standard output gets: the story, or one JSON document.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXIT_CODES: &str = "\
Exit codes of a scenario's run: 0 it held, or showed the violation that the scenario expects;
1 violated; 3 unknown. Of a case: 0 the recorded digest and anomaly came out again; 1 the anomaly
did not; 3 unknown; 4 it did, but with another digest than this version of murphy recorded (a
case of another version is forgiven that). Of both: 2 bad input; 4 two runs of one seed differed.";

/// Trace entries kept for the story and the picture.
const TRACE_MOST: usize = 200_000;

/// The run that is replayed.
struct Subject {
    scenario: Scenario,
    seed: u64,
    /// What a case says instead of what the seed would draw.
    explicit: Option<(Plan, toml::Value)>,
    /// What a case says came out.
    recorded: Option<Recorded>,
    repeat: String,
}

/// What came out of a run when its case was made.
struct Recorded {
    /// By which version of murphy.
    murphy: String,
    digest: Digest,
    expect: Expectation,
}

/// Makes the run, tells it in the form that was asked for, and judges how it compares to what was
/// expected.
pub(super) fn replay(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.substrate != Substrate::World && (arguments.trace || arguments.at.is_some()) {
        return Err(Failure::input(
            "events and states can be told on the substrate `world` only",
            "leave out `--substrate`, or `--trace` and `--at`",
        ));
    }
    let (subject, prepared) = subject(arguments)?;
    let prepared = prepared.as_ref();
    for file in arguments.html.iter().chain(&arguments.save_case) {
        directory::check_file(file)?;
    }
    let how = How {
        substrate: arguments.substrate,
        trace: TRACE_MOST,
    };
    let result = subject.run(prepared, how)?;
    let differs = if arguments.verify {
        subject.verify(prepared, &result, how)?
    } else {
        None
    };
    tell(
        arguments,
        &subject,
        prepared,
        &result.record(subject.repeat.clone()),
    )?;
    if let Some(told) = differs {
        return Err(Failure::broken(
            format!("two runs of seed {} differ; {told}", subject.seed),
            "find what the protocol reads besides its inputs: time, threads, the order of a hash table",
        ));
    }
    if arguments.verify {
        terminal::note(&format!(
            "verified: two runs agree on digest {}\n",
            result.digest
        ));
    }
    if let Some(file) = &arguments.save_case {
        save(file, &subject, prepared, &result)?;
    }
    Ok(subject.exit(&result, arguments.substrate))
}

/// The run that is meant, ready to be made.
fn subject(arguments: &Arguments) -> Result<(Subject, Box<dyn Runnable>), Failure> {
    let known = Registered::default();
    if sources::is_case(&arguments.file) {
        let case = Case::read(&arguments.file, &known)?;
        if arguments.seed.is_some_and(|seed| seed != case.seed) {
            let file = arguments.file.display();
            return Err(Failure::input(
                format!("{file} is a case, and its seed is {}", case.seed),
                "leave out `--seed`: a case holds one run whole",
            ));
        }
        return of_case(&case, arguments.substrate);
    }
    let scenario = sources::scenario(&arguments.file, &known)?;
    let seed = arguments.seed.ok_or_else(|| {
        Failure::input(
            format!(
                "{} is a scenario: which of its runs is meant?",
                arguments.file.display()
            ),
            "name a seed, as in `--seed 1`",
        )
    })?;
    let prepared = murphy_scenarios::prepare(std::slice::from_ref(&scenario))?.remove(0);
    let repeat = repeat_command(&scenario, seed, arguments.substrate);
    Ok((
        Subject {
            scenario,
            seed,
            explicit: None,
            recorded: None,
            repeat,
        },
        prepared,
    ))
}

fn of_case(case: &Case, substrate: Substrate) -> Result<(Subject, Box<dyn Runnable>), Failure> {
    let prepared = murphy_scenarios::prepare(std::slice::from_ref(&case.scenario))?.remove(0);
    prepared.check_case(case)?;
    let on = if substrate == Substrate::World {
        ""
    } else {
        " --substrate madsim"
    };
    let subject = Subject {
        scenario: case.scenario.clone(),
        seed: case.seed,
        explicit: Some((
            case.plan.clone(),
            toml::Value::Array(case.values().to_vec()),
        )),
        recorded: Some(Recorded {
            murphy: case.murphy.clone(),
            digest: case.digest,
            expect: case.expect.clone(),
        }),
        repeat: format!("murphy replay {}{on}", case.file.display()),
    };
    Ok((subject, prepared))
}

/// Writes the run as a case: its plan and its calls spelled out, and what came out.
fn save(
    file: &Path,
    subject: &Subject,
    prepared: &dyn Runnable,
    result: &RunResult,
) -> Result<(), Failure> {
    let (plan, calls) = match &subject.explicit {
        Some(explicit) => explicit.clone(),
        None => (prepared.plan(subject.seed), prepared.calls(subject.seed)),
    };
    let calls = match calls {
        toml::Value::Array(calls) => calls,
        other => vec![other],
    };
    let shown = result.anomalies();
    let expect = match &subject.scenario.expect {
        Expectation::Violated(name) if shown.contains(&name.as_str()) => {
            Expectation::Violated(name.clone())
        }
        _ => shown.first().map_or(Expectation::Holds, |name| {
            Expectation::Violated((*name).to_owned())
        }),
    };
    let case = Case::of_values(
        &subject.scenario,
        subject.seed,
        plan,
        calls,
        expect,
        result.digest,
    );
    let cannot = |why| Failure::input(why, "choose a seed that TOML can hold");
    let text = case.to_toml().map_err(cannot)?;
    directory::write_file(file, |out| out.write_all(text.as_bytes()))?;
    let file = file.display();
    terminal::note(&format!("case: {file}\nrepeat: murphy replay {file}\n"));
    Ok(())
}

impl Subject {
    fn which(&self) -> Which<'_> {
        Which {
            seed: self.seed,
            explicit: self.explicit.as_ref().map(|(plan, calls)| (plan, calls)),
        }
    }

    /// Makes the run. A panic in it is a bug of the protocol or of murphy.
    fn run(&self, prepared: &dyn Runnable, how: How) -> Result<RunResult, Failure> {
        let run = || match &self.explicit {
            Some((plan, calls)) => prepared.run_explicit(self.seed, plan.clone(), calls, how),
            None => prepared.run(self.seed, how),
        };
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(run) => Ok(run?),
            Err(_) => Err(Failure::broken(
                format!(
                    "seed {} panicked, which is a bug of the protocol or of murphy",
                    self.seed
                ),
                "the panic is told above; `--trace` shows what led to it",
            )),
        }
    }

    /// Makes the run again on a fresh thread; how the two differ, if they do.
    fn verify(
        &self,
        prepared: &dyn Runnable,
        first: &RunResult,
        how: How,
    ) -> Result<Option<String>, Failure> {
        let again = std::thread::scope(|scope| scope.spawn(|| self.run(prepared, how)).join());
        let again = again.expect("the run's panic is caught inside")?;
        if again == *first {
            return Ok(None);
        }
        let parts = if self.explicit.is_none() {
            prepared.first_difference(self.seed)
        } else {
            None
        };
        Ok(Some(parts.unwrap_or_else(|| {
            format!("digests are {} and {}", first.digest, again.digest)
        })))
    }

    /// How what came out compares to what was expected, or recorded.
    fn exit(&self, result: &RunResult, substrate: Substrate) -> Exit {
        let Some(recorded) = &self.recorded else {
            return match &self.scenario.expect {
                Expectation::Violated(name) if result.anomalies().contains(&name.as_str()) => {
                    Exit::AsExpected
                }
                _ => result.verdict.into(),
            };
        };
        let again = match &recorded.expect {
            Expectation::Violated(name) => result.anomalies().contains(&name.as_str()),
            Expectation::Holds => result.verdict == VerdictKind::Holds,
        };
        if !again {
            let told = format!(
                "the case recorded `{}`, and that did not come out\n",
                recorded.expect
            );
            terminal::note(&told);
            return if result.verdict == VerdictKind::Unknown {
                Exit::Unknown
            } else {
                Exit::Violated
            };
        }
        // Each substrate has its own digests, and a case holds one of the world's.
        if result.digest == recorded.digest || substrate != Substrate::World {
            return Exit::AsExpected;
        }
        terminal::note(&format!(
            "`{}` came out again, but not by the same events: murphy {} recorded digest {}\n",
            recorded.expect, recorded.murphy, recorded.digest
        ));
        if recorded.murphy == env!("CARGO_PKG_VERSION") {
            Exit::Broken
        } else {
            Exit::AsExpected
        }
    }
}

fn tell(
    arguments: &Arguments,
    subject: &Subject,
    prepared: &dyn Runnable,
    record: &RunRecord,
) -> Result<(), Failure> {
    if let Some(file) = &arguments.html {
        let page = html::replay(&subject.scenario.name, record);
        directory::write_file(file, |out| out.write_all(page.as_bytes()))?;
    }
    if let Some(at) = arguments.at {
        let states = prepared.states(subject.which(), at)?;
        return Ok(terminal::print(|out| {
            writeln!(out, "at {at}, seed {}:", subject.seed)?;
            states.iter().try_for_each(|state| writeln!(out, "{state}"))
        })?);
    }
    if arguments.format == Format::Json {
        return Ok(terminal::print(|out| {
            json::replay(&ReplayRecord::from(record), out)
        })?);
    }
    let screen = terminal::stdout();
    let options = summary::Options {
        colour: screen.colour,
        width: screen.width,
        report: arguments
            .html
            .as_ref()
            .map(|file| file.display().to_string()),
    };
    let mut refused = None;
    terminal::print(|out| {
        if arguments.trace {
            refused = trace(subject, prepared, out)?;
            writeln!(out)?;
        }
        summary::replay(record, &options, out)
    })?;
    refused.map_or(Ok(()), Err)
}

/// Writes every event as it happens; stops where the reader has gone away.
fn trace(
    subject: &Subject,
    prepared: &dyn Runnable,
    out: &mut dyn io::Write,
) -> io::Result<Option<Failure>> {
    let mut written = Ok(());
    let traced = prepared.trace(subject.which(), &mut |entry| {
        written = writeln!(out, "{entry}");
        if written.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    written.map(|()| traced.err().map(Failure::from))
}
