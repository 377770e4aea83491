//! Cases: a file that holds one run whole, so that it can be repeated for ever.
//!
//! A case holds the scenario, the seed, the plan of faults and the calls of clients as they were
//! drawn or shrunk to, what came out, and the digest of the run. Nothing is drawn any more: what the
//! scenario says about its nemesis and workload is only told.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use murphy_sim::{Data, Digest, Plan, PlannedCall};
use serde::{Deserialize, Serialize};

use super::{
    document::{At, Document},
    error::{LanguageError, Source},
    files::{in_order, name_of, read_text},
    known::Known,
    scenario::Scenario,
    shorthand,
    spanned::Step,
    validate,
    words::Expectation,
};

/// Larger case files, in bytes, are refused before they are read.
pub const CASE_BYTES_MOST: u64 = 1 << 24;

/// One run, whole.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// The file it was read from; empty for one that was made here.
    pub file: PathBuf,
    /// The version of murphy that made it.
    pub murphy: String,
    /// The scenario, with the name of its own.
    pub scenario: Scenario,
    /// The seed, of all that neither plan nor calls fix: latencies, clocks, disks.
    pub seed: u64,
    /// What came out.
    pub expect: Expectation,
    /// The digest of the run.
    pub digest: Digest,
    /// What goes wrong.
    pub plan: Plan,
    calls: Vec<toml::Value>,
    source: Option<Source>,
}

/// A case file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    murphy: String,
    name: String,
    seed: u64,
    expect: Expectation,
    digest: Digest,
    plan: Plan,
    calls: Vec<toml::Value>,
    scenario: Scenario,
}

impl Case {
    /// A case of this build. Errors where the calls cannot be written as TOML.
    pub fn new<Q: Data>(
        scenario: &Scenario,
        seed: u64,
        plan: Plan,
        calls: &[PlannedCall<Q>],
        expect: Expectation,
        digest: Digest,
    ) -> Result<Case, String> {
        let as_value = |call| {
            toml::Value::try_from(call)
                .map_err(|error| format!("a call cannot be written as TOML: {error}"))
        };
        let calls = calls.iter().map(as_value).collect::<Result<_, _>>()?;
        Ok(Case::of_values(scenario, seed, plan, calls, expect, digest))
    }

    /// A case of this build whose calls are data already.
    pub fn of_values(
        scenario: &Scenario,
        seed: u64,
        plan: Plan,
        calls: Vec<toml::Value>,
        expect: Expectation,
        digest: Digest,
    ) -> Case {
        Case {
            name: scenario.name.clone(),
            file: PathBuf::new(),
            murphy: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.clone(),
            seed,
            expect,
            digest,
            plan,
            calls,
            source: None,
        }
    }

    /// Its calls, as data.
    pub fn values(&self) -> &[toml::Value] {
        &self.calls
    }

    /// Reads a case file. Its calls are checked when they are asked for.
    pub fn read(file: &Path, known: &dyn Known) -> Result<Case, Vec<LanguageError>> {
        let text = read_text(file, CASE_BYTES_MOST)?;
        Case::parse(file, text, known)
    }

    /// Reads the text of a case file.
    pub fn parse(file: &Path, text: String, known: &dyn Known) -> Result<Case, Vec<LanguageError>> {
        let name = name_of(file)?;
        let source = Source::new(file, text);
        let mut document = Document::parse(&source)?;
        let key = |key: &str| Step::Key(key.to_owned());
        let short = shorthand::isolate(&mut document, &[key("plan")]);
        let read = match document.read::<CaseFile>(&[]) {
            Ok(read) if short.is_empty() => read,
            Ok(_) => return Err(short),
            Err(more) => return Err(in_order(short.into_iter().chain(more))),
        };
        let mut scenario = read.scenario;
        let mut errors = validate::complaints(&scenario, &document, &[key("scenario")], known);
        if !validate::is_plain_name(&read.name) {
            errors.push(document.error(
                &[key("name")],
                At::Value,
                format!("`{}` is no name for a scenario", read.name),
                "write up to 64 letters a to z, digits and hyphens",
            ));
        }
        if errors.is_empty() {
            let plan = &read.plan;
            errors = validate::complaints_about_plan(plan, "plan", &scenario, &document, known);
        }
        if !errors.is_empty() {
            return Err(in_order(errors));
        }
        (scenario.name, scenario.file) = (read.name, file.to_owned());
        Ok(Case {
            name,
            file: file.to_owned(),
            murphy: read.murphy,
            scenario,
            seed: read.seed,
            expect: read.expect,
            digest: read.digest,
            plan: read.plan,
            calls: read.calls,
            source: Some(source),
        })
    }

    /// How many calls it has.
    pub fn call_count(&self) -> usize {
        self.calls.len()
    }

    /// Its calls, as calls of a service. Errors point at the call that is none.
    pub fn calls<Q: Data>(&self) -> Result<Vec<PlannedCall<Q>>, Vec<LanguageError>> {
        if let Some(source) = &self.source {
            let calls = [Step::Key("calls".to_owned())];
            return Document::parse(source)?.read(&calls);
        }
        let as_call = |call: &toml::Value| call.clone().try_into();
        let calls: Result<_, toml::de::Error> = self.calls.iter().map(as_call).collect();
        calls.map_err(|error| {
            let why = format!("a call is not one of this service: {}", error.message());
            let help = "make the case with the protocol it is replayed on";
            vec![LanguageError::of_file(&self.file, why, help)]
        })
    }

    /// The text of its file: one line a fault, one line a call, then the scenario.
    pub fn to_toml(&self) -> Result<String, String> {
        let cannot = |error: toml::ser::Error| format!("the case cannot be written: {error}");
        let mut text = String::from(
            "# One run, whole, as murphy found it: `murphy replay` and this file repeat it.\n",
        );
        let words = [
            ("murphy", self.murphy.clone()),
            ("name", self.scenario.name.clone()),
            ("expect", self.expect.to_string()),
            ("digest", self.digest.to_string()),
        ];
        let number = i64::try_from(self.seed).map_err(|_| {
            format!(
                "seed {} is above {}, TOML's largest number",
                self.seed,
                i64::MAX
            )
        })?;
        for (key, word) in words {
            write_line(&mut text, &format!("{key} = {}", toml::Value::String(word)));
        }
        write_line(&mut text, &format!("seed = {number}"));
        let plan = self.plan.iter().map(toml::Value::try_from);
        let plan: Vec<toml::Value> = plan.collect::<Result<_, _>>().map_err(cannot)?;
        write_list(&mut text, "plan", &plan, &["when", "for", "fault"]);
        write_list(
            &mut text,
            "calls",
            &self.calls,
            &["client", "start", "route", "request"],
        );
        let mut sections = toml::Table::new();
        let scenario = toml::Value::try_from(&self.scenario).map_err(cannot)?;
        sections.insert("scenario".to_owned(), scenario);
        text.push('\n');
        text += &toml::to_string(&sections).map_err(cannot)?;
        Ok(text)
    }
}

fn write_line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a text takes all that is written to it");
}

/// A list of tables, one a line, with these keys first.
fn write_list(text: &mut String, key: &str, items: &[toml::Value], first: &[&str]) {
    if items.is_empty() {
        return write_line(text, &format!("{key} = []"));
    }
    write_line(text, &format!("{key} = ["));
    for item in items {
        write_line(text, &format!("  {},", in_braces(item, first)));
    }
    write_line(text, "]");
}

fn in_braces(item: &toml::Value, first: &[&str]) -> String {
    let Some(table) = item.as_table() else {
        return item.to_string();
    };
    let place = |key: &str| first.iter().position(|f| *f == key).unwrap_or(first.len());
    let mut entries: Vec<(&String, &toml::Value)> = table.iter().collect();
    entries.sort_by_key(|(key, _)| place(key));
    let written: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", written.join(", "))
}
