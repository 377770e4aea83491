//! Operations of a Jepsen history as events: who, what, how it began or ended.

use super::reader::{Form, Forms};
use super::{FormatError, InputFormat};
use std::io::BufRead;

/// Beginning or end of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was called.
    Invoke,
    /// It took effect.
    Ok,
    /// It did not take effect.
    Fail,
    /// Nobody knows.
    Info,
}

/// One event of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The line on which it stands.
    pub line: u64,
    /// The column at which it begins.
    pub column: u64,
    /// Who.
    pub process: u32,
    /// Beginning or end.
    pub kind: EventKind,
    /// The function: `read`, `txn`, ...
    pub f: String,
    /// The `:key` beside the value, where there is one.
    pub key: Option<Form>,
    /// The value.
    pub value: Form,
    /// Keys that were rebalanced meanwhile: the `:keys` of the `:rebalance-log` beside the value.
    pub rebalanced: Vec<Form>,
    /// Is there a `:seek-to-beginning?` beside the value?
    pub seeks: bool,
    /// Nanoseconds; zero where the history does not say.
    pub time: u64,
}

/// Reads events one by one.
pub enum Events<R> {
    /// From EDN or JSON.
    Forms(Forms<R>),
    /// From lines of a log.
    Log {
        /// The lines.
        input: R,
        /// The lines read so far.
        line: u64,
    },
}

impl<R: BufRead> Events<R> {
    /// Events of an input; AWDIT's sessions are not events.
    pub fn new(input: R, format: InputFormat) -> Result<Self, FormatError> {
        match format {
            InputFormat::Edn => Ok(Self::Forms(Forms::new(input, false))),
            InputFormat::Json => Ok(Self::Forms(Forms::new(input, true))),
            InputFormat::EtcdLog => Ok(Self::Log { input, line: 0 }),
            InputFormat::Awdit => Err(FormatError::new(
                1,
                1,
                "sessions are not a history of events",
            )),
        }
    }

    /// The next client's event; none at the end. Events of the nemesis are passed over.
    pub fn next_event(&mut self) -> Result<Option<Event>, FormatError> {
        match self {
            Self::Forms(forms) => loop {
                let Some((line, form)) = forms.next_form()? else {
                    return Ok(None);
                };
                if let Some(event) = event((line, forms.begin_column()), &form)? {
                    return Ok(Some(event));
                }
            },
            Self::Log { input, line } => loop {
                let mut text = Vec::new();
                *line += 1;
                let read = input
                    .read_until(b'\n', &mut text)
                    .map_err(|error| FormatError::new(*line, 1, error.to_string()))?;
                if read == 0 {
                    return Ok(None);
                }
                let text = String::from_utf8_lossy(&text);
                if let Some(event) = log_event(*line, text.trim_end())? {
                    return Ok(Some(event));
                }
            },
        }
    }

    /// Leaves a malformed event behind.
    pub fn skip_malformed(&mut self) -> Result<(), FormatError> {
        match self {
            Self::Forms(forms) => forms.skip_malformed(),
            Self::Log { .. } => Ok(()),
        }
    }
}

fn event((line, column): (u64, u64), form: &Form) -> Result<Option<Event>, FormatError> {
    let error = |words: &str| FormatError::new(line, column, words);
    if !matches!(form, Form::Map(_)) {
        return Err(error(
            "an operation is a map with :process, :type, :f and :value",
        ));
    }
    let process = match form.get("process") {
        Some(Form::Integer(process)) => u32::try_from(*process)
            .map_err(|_| error(":process is a number from 0 to 4294967295"))?,
        Some(Form::Name(_) | Form::Text(_) | Form::Nil) => return Ok(None),
        _ => return Err(error("an operation has no :process; write a number")),
    };
    let kind = match form.get("type").and_then(Form::name) {
        Some("invoke") => EventKind::Invoke,
        Some("ok") => EventKind::Ok,
        Some("fail") => EventKind::Fail,
        Some("info") => EventKind::Info,
        _ => return Err(error(":type is one of :invoke, :ok, :fail, :info")),
    };
    let time = form.get("time").and_then(Form::integer).unwrap_or(0);
    Ok(Some(Event {
        line,
        column,
        process,
        kind,
        f: form
            .get("f")
            .and_then(Form::name)
            .unwrap_or("txn")
            .to_owned(),
        key: form.get("key").cloned(),
        value: form.get("value").cloned().unwrap_or(Form::Nil),
        rebalanced: rebalanced(form),
        seeks: form.get("seek-to-beginning?") == Some(&Form::Boolean(true)),
        time: u64::try_from(time).unwrap_or(0),
    }))
}

fn rebalanced(form: &Form) -> Vec<Form> {
    let log = form.get("rebalance-log").and_then(Form::items);
    let keys = |entry: &Form| {
        entry
            .get("keys")
            .and_then(Form::items)
            .map(<[Form]>::to_vec)
    };
    log.unwrap_or_default()
        .iter()
        .filter_map(keys)
        .flatten()
        .collect()
}

/// `INFO  jepsen.util - 0 :invoke :cas [1 2]`, tab-separated; other lines are passed over.
fn log_event(line: u64, text: &str) -> Result<Option<Event>, FormatError> {
    let Some((_, rest)) = text.split_once("jepsen.util - ") else {
        return Ok(None);
    };
    let fields: Vec<&str> = rest.split('\t').map(str::trim).collect();
    let [process, kind, f, value] = fields[..] else {
        return Ok(None);
    };
    let Ok(process) = process.parse() else {
        return Ok(None);
    };
    let kind = match kind {
        ":invoke" => EventKind::Invoke,
        ":ok" => EventKind::Ok,
        ":fail" => EventKind::Fail,
        ":info" => EventKind::Info,
        _ => {
            return Err(FormatError::new(
                line,
                1,
                format!("`{kind}` is no type of event"),
            ));
        }
    };
    let f = f.trim_start_matches(':').to_owned();
    // The value alone is one form; a vector would be taken for a list of them.
    let wrapped = format!("[{value}]");
    let mut forms = Forms::new(wrapped.as_bytes(), false);
    let value = if value.starts_with('[') {
        let mut items = Vec::new();
        let mut inner = Forms::new(value.as_bytes(), false);
        while let Some((_, item)) = at(line, inner.next_form())? {
            items.push(item);
        }
        Form::List(items)
    } else {
        at(line, forms.next_form())?.map_or(Form::Nil, |(_, form)| form)
    };
    Ok(Some(Event {
        line,
        column: 1,
        process,
        kind,
        f,
        key: None,
        value,
        rebalanced: Vec::new(),
        seeks: false,
        time: 0,
    }))
}

fn at<T>(line: u64, result: Result<T, FormatError>) -> Result<T, FormatError> {
    result.map_err(|error| FormatError { line, ..error })
}
