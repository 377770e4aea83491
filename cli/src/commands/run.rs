//! `murphy run`: suites of scenarios, and their reports.

use std::{fs, num::NonZero, path::PathBuf, str::FromStr, time::Duration};

use clap::ArgAction;
use murphy_reports::{directory, json, junit, markdown, record::SuiteRecord, terminal as summary};
use murphy_scenarios::{Options, Registered, Seeds, Substrate, language::Scenario};
use murphy_sim::Span;

use super::Format;
use crate::{
    Exit, failure::Failure, interrupt, progress::Progress, sources, terminal, wall::Stopwatch,
};

/// What `murphy run` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Scenario files, folders of them, or names of the catalogue; all of the catalogue when absent.
    paths: Vec<PathBuf>,
    /// Seeds for every scenario instead of its own number of them: N for 1 to N, or A..B (B excluded).
    #[arg(long, value_name = "N|A..B", value_parser = seeds)]
    seeds: Option<Seeds>,
    /// Only scenarios whose name contains this, or matches it where it has a `*`. May be repeated.
    #[arg(long, value_name = "PATTERN", action = ArgAction::Append)]
    only: Vec<String>,
    /// Threads; as many as the machine has cores when absent.
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,
    /// Only the I-th of N shares of the runs, from 1: for several machines.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Begin no more runs after this long, as in 60s; each scenario's first seed is always run.
    #[arg(long, value_name = "TIME")]
    budget: Option<Span>,
    /// Which simulator.
    #[arg(long, default_value = "world", value_name = "world|madsim", value_parser = substrate)]
    substrate: Substrate,
    /// How many violated or unknown runs of a scenario the report shows in full.
    #[arg(long, value_name = "N", default_value_t = 1)]
    show: usize,
    /// The folder for the report: a page for a browser, JSON, JUnit and Markdown.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "murphy-report",
        conflicts_with = "no_report"
    )]
    report: PathBuf,
    /// Write no report.
    #[arg(long)]
    no_report: bool,
    /// Write JUnit XML to this file too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a Markdown summary to this file too.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// What standard output gets: a summary, or one JSON document.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// No progress bar, and no word about where the report is.
    #[arg(long, short)]
    quiet: bool,
}

/// One share of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    share: u32,
    of: u32,
}

/// Runs the suite, writes its reports, and tells how it went.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let scenarios = chosen(arguments)?;
    // What cannot be run, and what could not be written, is found out before anything is run.
    murphy_scenarios::prepare(&scenarios)?;
    let places = Places::of(arguments);
    places.check()?;
    let suite = suite(arguments, &scenarios);
    if suite.is_err() {
        places.leave();
    }
    let suite = suite?;
    let report = places.write(&suite)?;
    tell(arguments, &suite, report)?;
    Ok(suite.outcome.into())
}

/// The scenarios that were asked for.
fn chosen(arguments: &Arguments) -> Result<Vec<Scenario>, Failure> {
    let known = Registered::default();
    let mut scenarios = match arguments.paths.as_slice() {
        [] => sources::catalogue(&known)?,
        paths => sources::scenarios(paths, &known)?,
    };
    if arguments.only.is_empty() {
        return Ok(scenarios);
    }
    let names: Vec<String> = scenarios
        .iter()
        .map(|scenario| scenario.name.clone())
        .collect();
    for pattern in &arguments.only {
        if !names.iter().any(|name| matches(pattern, name)) {
            return Err(Failure::input(
                format!("`--only {pattern}` leaves no scenario"),
                format!("names are {}", names.join(", ")),
            ));
        }
    }
    scenarios.retain(|scenario| {
        arguments
            .only
            .iter()
            .any(|pattern| matches(pattern, &scenario.name))
    });
    Ok(scenarios)
}

fn suite(arguments: &Arguments, scenarios: &[Scenario]) -> Result<SuiteRecord, Failure> {
    interrupt::listen();
    let progress = Progress::new(arguments.quiet);
    let watch = Stopwatch::start();
    let budget = arguments
        .budget
        .map(|Span(nanos)| Duration::from_nanos(nanos));
    let options = Options {
        seeds: arguments.seeds,
        shard: arguments.shard.map(|shard| (shard.share, shard.of)),
        jobs: arguments
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get)),
        substrate: arguments.substrate,
        show: arguments.show,
        stop: &|| budget.is_some_and(|budget| watch.elapsed() >= budget),
        interrupted: &interrupt::was_heard,
        progress: &|done, planned| progress.at(done, planned),
    };
    let suite = murphy_scenarios::run(scenarios, env!("CARGO_PKG_VERSION"), &options);
    progress.clear();
    let mut suite = suite?;
    suite.wall_seconds = watch.elapsed().as_secs_f64();
    Ok(suite)
}

fn tell(arguments: &Arguments, suite: &SuiteRecord, report: Option<String>) -> Result<(), Failure> {
    match arguments.format {
        Format::Json => {
            terminal::print(|out| json::write(suite, json::Shown::LeftOut, out))?;
            if let Some(report) = report.filter(|_| !arguments.quiet) {
                terminal::note(&format!("report: {report}\n"));
            }
        }
        Format::Text => {
            let screen = terminal::stdout();
            let options = summary::Options {
                colour: screen.colour,
                width: screen.width,
                report: report.filter(|_| !arguments.quiet),
            };
            terminal::print(|out| summary::render(suite, &options, out))?;
        }
    }
    Ok(())
}

/// Where reports are to be written.
struct Places<'a> {
    folder: Option<&'a PathBuf>,
    junit: Option<&'a PathBuf>,
    markdown: Option<&'a PathBuf>,
}

impl<'a> Places<'a> {
    fn of(arguments: &'a Arguments) -> Places<'a> {
        Places {
            folder: (!arguments.no_report).then_some(&arguments.report),
            junit: arguments.junit.as_ref(),
            markdown: arguments.markdown.as_ref(),
        }
    }

    /// Finds out whether all of them can be written.
    fn check(&self) -> Result<(), Failure> {
        self.junit
            .into_iter()
            .chain(self.markdown)
            .try_for_each(|file| directory::check_file(file))?;
        Ok(self
            .folder
            .map_or(Ok(()), |folder| directory::check(folder))?)
    }

    /// Takes away what [`Places::check`] made, where nothing came to be written there.
    fn leave(&self) {
        if let Some(folder) = self.folder {
            // A folder with something in it stays, and so it should.
            let _ = fs::remove_dir(folder);
        }
    }

    /// Writes all reports; the page's path, where there is one.
    fn write(&self, suite: &SuiteRecord) -> Result<Option<String>, Failure> {
        if let Some(file) = self.junit {
            directory::write_file(file, |out| junit::write(suite, out))?;
        }
        if let Some(file) = self.markdown {
            directory::write_file(file, |out| markdown::write(suite, out))?;
        }
        let Some(folder) = self.folder else {
            return Ok(None);
        };
        Ok(Some(
            directory::write(folder, suite)?.html.display().to_string(),
        ))
    }
}

/// Whether a name contains the pattern or, where the pattern has a `*`, matches it from end to end.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return name.contains(pattern);
    };
    let Some(mut left) = name.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().expect("a split gives at least one part");
    for part in parts {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

/// More seeds than this are taken for a slip of the pen.
const SEEDS_MOST: u64 = 1_000_000;

fn seeds(text: &str) -> Result<Seeds, String> {
    let number = |digits: &str| {
        digits.parse::<u64>().map_err(|_| {
            format!("`{digits}` is not a seed: write whole numbers from 0, as in 50 or 1..51")
        })
    };
    let seeds = match text.split_once("..") {
        Some((from, until)) => Seeds {
            from: number(from)?,
            until: number(until)?,
        },
        None => Seeds {
            from: 1,
            until: number(text)?.saturating_add(1),
        },
    };
    if seeds.until <= seeds.from {
        return Err(
            "there is no seed in it: write at least 1, or A..B with A before B (B is not run)"
                .to_owned(),
        );
    }
    if seeds.until - seeds.from > SEEDS_MOST {
        return Err(format!(
            "at most {SEEDS_MOST} seeds at once: write them in parts, as in 1..{SEEDS_MOST}"
        ));
    }
    Ok(seeds)
}

/// More threads than this are taken for a slip of the pen.
const JOBS_MOST: usize = 1024;

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=JOBS_MOST) => Ok(jobs),
        _ => Err(format!("write how many threads, from 1 to {JOBS_MOST}")),
    }
}

pub(super) fn substrate(text: &str) -> Result<Substrate, String> {
    text.parse().map_err(|_| {
        format!(
            "write one of {}",
            <Substrate as strum::VariantNames>::VARIANTS.join(", ")
        )
    })
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let told = "write which share of how many, as in 1/4 to 4/4";
        let (share, of) = text.split_once('/').ok_or(told)?;
        let (share, of) = (
            share.parse().map_err(|_| told)?,
            of.parse().map_err(|_| told)?,
        );
        if share == 0 || share > of {
            return Err(format!("there is no share {share} of {of}: {told}"));
        }
        Ok(Shard { share, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_seeds_counts_from_one_and_a_range_leaves_out_its_end() {
        assert_eq!(seeds("3"), Ok(Seeds { from: 1, until: 4 }));
        assert_eq!(seeds("0..2"), Ok(Seeds { from: 0, until: 2 }));
        for wrong in [
            "0",
            "5..5",
            "6..5",
            "",
            "..",
            "1..",
            "-1",
            "1.5",
            "18446744073709551615",
            "0..1000001",
        ] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_one_of_its_shares() {
        assert_eq!("2/3".parse(), Ok(Shard { share: 2, of: 3 }));
        for wrong in ["3/2", "0/2", "0/0", "1", "1/2/3", "a/b", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pattern_is_a_part_of_a_name_or_its_whole_with_stars() {
        for (pattern, name) in [
            ("pri", "a-primary"),
            ("a*", "a-primary"),
            ("*mar*", "a-primary"),
            ("a*y", "a-primary"),
            ("*", "x"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("b", "a"),
            ("p*", "a-primary"),
            ("a*a", "a"),
            ("*x", "xy"),
            ("a*b*c", "acb"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
