//! A TOML file with the place of everything in it: read into a type, with every error pointed at.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    error::{LanguageError, Source},
    narrow, schema,
    spanned::{Complaint, Misread, Reader, Step},
    suggest,
};

/// After so many errors a file is not read on.
const ERRORS_MOST: usize = 20;

/// One slip can make much of a file unreadable, so only so many syntax errors are told.
const SYNTAX_ERRORS_MOST: usize = 3;

/// A parsed file.
pub(crate) struct Document<'s> {
    pub(crate) source: &'s Source,
    pub(crate) root: Spanned<DeValue<'s>>,
    /// Where a shorthand was written out: the way to a value, and the way to it as it was written.
    pub(crate) respelt: Vec<(Vec<Step>, Vec<Step>)>,
}

/// What an error points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Key,
    Value,
}

impl<'s> Document<'s> {
    /// Parses a text; every syntax error is told.
    pub(crate) fn parse(source: &'s Source) -> Result<Document<'s>, Vec<LanguageError>> {
        let text = source.text();
        if text.trim().is_empty() {
            return Err(vec![source.error(
                0..0,
                String::new(),
                "the file is empty".to_owned(),
                "write a scenario: `murphy new scenario NAME` makes one to start from",
            )]);
        }
        let (root, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            let span = root.span();
            let root = Spanned::new(span, DeValue::Table(root.into_inner()));
            return Ok(Document {
                source,
                root,
                respelt: Vec::new(),
            });
        }
        let told = errors.iter().take(SYNTAX_ERRORS_MOST).map(|error| {
            let (why, expected) = match error.message().split_once(", expected ") {
                Some((why, expected)) => (why, format!("expected {expected}")),
                None => (
                    error.message(),
                    "see https://toml.io for the format".to_owned(),
                ),
            };
            let span = error.span().unwrap_or(0..0);
            source.error(span, String::new(), format!("not TOML: {why}"), expected)
        });
        Err(told.collect())
    }

    /// Reads what stands under `under` into a type. What is wrong is told and left out, and the rest
    /// is read again, so that several errors are told at once.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        under: &[Step],
    ) -> Result<T, Vec<LanguageError>> {
        let mut rest = Rest {
            root: self.root.clone(),
            left_out: Vec::new(),
        };
        let mut errors = Vec::new();
        loop {
            let Some(value) = find(rest.root.get_ref(), under) else {
                return Err(errors);
            };
            let misread = match T::deserialize(Reader(value)) {
                Ok(read) if errors.is_empty() => return Ok(read),
                Ok(_) => return Err(errors),
                Err(misread) => misread,
            };
            let mut path = [under, &misread.path()].concat();
            if !rest.is_remains(&path) {
                let wrong = rest.narrow(&mut path, misread);
                let told = wrong
                    .iter()
                    .map(|misread| self.tell(&rest.root, &path, misread));
                errors.extend(told);
            }
            let more = errors.len() < ERRORS_MOST && path.len() > under.len();
            if !more || !rest.leave_out(path) {
                return Err(errors);
            }
        }
    }

    /// The way on from `path` to the text `word`, if it is there; not in `when`, which names none of
    /// the things that are looked for.
    pub(crate) fn way_to(&self, path: &[Step], word: &str) -> Option<Vec<Step>> {
        way_to(find(self.root.get_ref(), path)?, word)
    }

    /// An error from a complaint about something under `above`.
    fn tell(
        &self,
        root: &Spanned<DeValue<'_>>,
        above: &[Step],
        misread: &Misread,
    ) -> LanguageError {
        let path = [above, &misread.path()].concat();
        let at = if misread.on_key { At::Key } else { At::Value };
        let written = self.as_written(&path);
        let (message, help) = words(written, misread);
        let span = place(root, &path, at);
        self.source.error(span, key_of(written), message, help)
    }

    /// The way as the writer of the file knows it.
    fn as_written<'p>(&'p self, path: &'p [Step]) -> &'p [Step] {
        let respelt = self.respelt.iter().find(|(way, _)| path.starts_with(way));
        respelt.map_or(path, |(_, written)| written)
    }

    /// Something is wrong with what stands there, or with where it should stand.
    pub(crate) fn error(
        &self,
        path: &[Step],
        at: At,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> LanguageError {
        let span = place(&self.root, path, at);
        let key = key_of(self.as_written(path));
        self.source.error(span, key, message.into(), help)
    }
}

/// What is still to be read of a tree.
struct Rest<'s> {
    root: Spanned<DeValue<'s>>,
    left_out: Vec<Vec<Step>>,
}

impl Rest<'_> {
    /// Whether something was left out below: what is wrong with the remains of something is not the
    /// writer's doing.
    fn is_remains(&self, path: &[Step]) -> bool {
        let mut ways = self.left_out.iter();
        ways.any(|out| out.len() > path.len() && out.starts_with(path))
    }

    /// Everything that is wrong where one thing is: several things, if it is within a planned fault;
    /// then `path` becomes the way to that.
    fn narrow(&self, path: &mut Vec<Step>, mut misread: Misread) -> Vec<Misread> {
        let fault = (0..=path.len()).find_map(|depth| {
            let value = find(self.root.get_ref(), &path[..depth])?;
            narrow::is_fault(value).then_some((depth, value))
        });
        let Some((depth, value)) = fault else {
            misread.up.clear();
            return vec![misread];
        };
        misread.up = path.split_off(depth).into_iter().rev().collect();
        narrow::faults_of(value, misread)
    }

    /// Takes out what stands there; false when nothing does.
    fn leave_out(&mut self, path: Vec<Step>) -> bool {
        let found = leave_out(&mut self.root, &path);
        if let Some((Step::Index(_), list)) = path.split_last() {
            // The items after it have moved up.
            self.left_out.retain(|out| !out.starts_with(list));
        }
        self.left_out.push(path);
        found
    }
}

/// What stands there.
pub(crate) fn find<'t, 'i>(root: &'t DeValue<'i>, path: &[Step]) -> Option<&'t DeValue<'i>> {
    path.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => Some(value.as_table()?.get(key.as_str())?.get_ref()),
        Step::Index(index) => Some(value.as_array()?.get(*index)?.get_ref()),
    })
}

fn way_to(value: &DeValue<'_>, word: &str) -> Option<Vec<Step>> {
    let with = |step: Step, mut way: Vec<Step>| {
        way.insert(0, step);
        way
    };
    match value {
        DeValue::String(text) => (text == word).then(Vec::new),
        DeValue::Table(table) => table.iter().find_map(|(key, value)| {
            let key = key.get_ref().as_ref();
            let way = way_to(value.get_ref(), word).filter(|_| key != "when")?;
            Some(with(Step::Key(key.to_owned()), way))
        }),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let way = way_to(item.get_ref(), word)?;
            Some(with(Step::Index(index), way))
        }),
        _ => None,
    }
}

/// What stands there, to be changed.
pub(crate) fn find_mut<'t, 'i>(
    root: &'t mut DeValue<'i>,
    path: &[Step],
) -> Option<&'t mut DeValue<'i>> {
    path.iter()
        .try_fold(root, |value, step| match (value, step) {
            (DeValue::Table(table), Step::Key(key)) => Some(table.get_mut(key.as_str())?.get_mut()),
            (DeValue::Array(items), Step::Index(index)) => Some(items.get_mut(*index)?.get_mut()),
            _ => None,
        })
}

/// Takes out what stands there; false when nothing does.
pub(crate) fn leave_out(root: &mut Spanned<DeValue<'_>>, path: &[Step]) -> bool {
    let Some((last, above)) = path.split_last() else {
        return false;
    };
    match (find_mut(root.get_mut(), above), last) {
        (Some(DeValue::Table(table)), Step::Key(key)) => table.remove(key.as_str()).is_some(),
        (Some(DeValue::Array(items)), Step::Index(index)) if *index < items.len() => {
            let all = std::mem::replace(items, DeArray::new())
                .into_iter()
                .enumerate();
            *items = all
                .filter(|(at, _)| at != index)
                .map(|(_, item)| item)
                .collect();
            true
        }
        _ => false,
    }
}

/// Where in the text that stands, or the nearest above it that is there.
fn place(root: &Spanned<DeValue<'_>>, path: &[Step], at: At) -> Range<usize> {
    let (mut value, mut span) = (root, 0..0);
    for (depth, step) in path.iter().enumerate() {
        let next = match step {
            Step::Key(key) => value
                .get_ref()
                .as_table()
                .and_then(|t| t.get_key_value(key.as_str())),
            Step::Index(index) => {
                let Some(item) = value
                    .get_ref()
                    .as_array()
                    .and_then(|items| items.get(*index))
                else {
                    break;
                };
                (value, span) = (item, item.span());
                continue;
            }
        };
        let Some((key, inner)) = next else { break };
        let last = depth + 1 == path.len();
        span = if last && at == At::Key {
            key.span()
        } else {
            inner.span()
        };
        value = inner;
    }
    span
}

/// The keys on the way, as in `nemesis.at.fault`.
fn key_of(path: &[Step]) -> String {
    let keys: Vec<&str> = path
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    keys.join(".")
}

/// What is wrong, and what to write instead.
fn words(path: &[Step], misread: &Misread) -> (String, String) {
    let names: Vec<String> = path
        .iter()
        .map(|step| key_of(std::slice::from_ref(step)))
        .collect();
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    let last = names.last().copied().unwrap_or("the file");
    let above = names
        .split_last()
        .map_or(String::new(), |(_, above)| above.join("."));
    let inside = |table: &str| {
        if table.is_empty() {
            "at the top of the file".to_owned()
        } else {
            format!("in `{table}`")
        }
    };
    match &misread.complaint {
        Complaint::UnknownKey { name, known } => (
            format!("unknown key `{name}` {}", inside(&above)),
            match schema::section_of(name) {
                Some(section) if suggest::nearest(name, known.iter()).is_none() => {
                    format!("`{name}` belongs {}", inside(&section))
                }
                _ => suggest::instead(name, known),
            },
        ),
        Complaint::UnknownWord { word, known } => {
            let what = if misread.on_key {
                names.iter().rev().nth(1)
            } else {
                names.last()
            };
            let what = match what.copied().unwrap_or("word") {
                "draw" => "family of faults",
                "history" => "history check",
                "kind" => "workload",
                other => other,
            };
            (
                format!("unknown {what} `{word}`"),
                suggest::instead(word, known),
            )
        }
        Complaint::Missing(key) => {
            let table = names.join(".");
            (
                format!("`{key}` is missing {}", inside(&table)),
                format!(
                    "add `{key} = ...` {}; `murphy schema` describes it",
                    inside(&table)
                ),
            )
        }
        Complaint::Wrong { found, expected } => {
            let (expected, help) = expected_in_words(expected);
            (format!("`{last}` is {found}, not {expected}"), help)
        }
        Complaint::Other(text) => match text.find(": write ").or_else(|| text.find(": ")) {
            Some(at) => (text[..at].to_owned(), text[at + 2..].to_owned()),
            None => (format!("`{last}` makes no sense"), text.clone()),
        },
    }
}

/// What serde expected, and what to write.
fn expected_in_words(expected: &str) -> (String, String) {
    let (what, help) = match expected {
        "a string" | "a borrowed string" => (
            "a text",
            "write it in quotes; a length of time has a unit, as in \"5s\"",
        ),
        "a boolean" => ("true or false", "write true or false, without quotes"),
        "a sequence" => ("a list", "write a list, as in [\"first\", \"second\"]"),
        "u8" | "u16" | "u32" => (
            "a whole number from 0 to 4294967295",
            "write such a number, without quotes",
        ),
        "u64" | "usize" => (
            "a whole number from 0",
            "write such a number, without quotes",
        ),
        "i64" | "i32" => ("a whole number", "write such a number, without quotes"),
        "f64" | "f32" => ("a number", "write a number, without quotes"),
        _ if expected.starts_with("struct ")
            || expected == "a map"
            || expected.starts_with("struct variant ") =>
        {
            (
                "a table",
                "write a table: keys and values in braces, or below a [header] of their own",
            )
        }
        _ => return (expected.to_owned(), format!("write {expected}")),
    };
    (what.to_owned(), help.to_owned())
}
