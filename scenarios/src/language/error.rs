//! What is wrong with a file: where, and what to write instead.

use std::{fmt, ops::Range, path::Path, sync::Arc};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// One thing that is wrong with a scenario file, a case file, or a place where they were looked for.
///
/// A [`Diagnostic`]: `miette` draws it with the line it is about.
#[derive(Clone, Debug)]
pub struct LanguageError {
    /// What is wrong.
    pub message: String,
    /// What to write or do instead.
    pub help: String,
    /// The file or folder, as it was named.
    pub file: String,
    /// The key it is about, from the top of the file, as in `workload.rate`; empty for the file itself.
    pub key: String,
    /// Line and column, both from 1; none for the file itself.
    pub position: Option<(usize, usize)>,
    place: Option<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    span: Range<usize>,
    source: Arc<NamedSource<String>>,
}

impl LanguageError {
    /// Something is wrong with the file or folder as a whole.
    pub(crate) fn of_file(file: &Path, message: String, help: impl Into<String>) -> LanguageError {
        LanguageError {
            message,
            help: help.into(),
            file: file.display().to_string(),
            key: String::new(),
            position: None,
            place: None,
        }
    }

    /// Everything in one line: `FILE:LINE:COLUMN: KEY: what is wrong; what to write instead`.
    pub fn in_one_line(&self) -> String {
        let mut line = self.file.clone();
        if let Some((row, column)) = self.position {
            line += &format!(":{row}:{column}");
        }
        if !self.key.is_empty() {
            line += &format!(": {}", self.key);
        }
        line + &format!(": {}; {}", self.message, self.help)
    }
}

impl fmt::Display for LanguageError {
    /// What is wrong; with the file, where no drawing of the line would name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_none() {
            write!(f, "{}: ", self.file)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for LanguageError {}

impl Diagnostic for LanguageError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place
            .as_ref()
            .map(|place| &*place.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = (!self.key.is_empty()).then(|| self.key.clone());
        let span = LabeledSpan::new(label, place.span.start, place.span.len());
        Some(Box::new(std::iter::once(span)))
    }
}

/// A text with the name of the file it came from.
#[derive(Clone, Debug)]
pub(crate) struct Source(pub(crate) Arc<NamedSource<String>>);

impl Source {
    pub(crate) fn new(file: &Path, text: String) -> Source {
        Source(Arc::new(NamedSource::new(file.display().to_string(), text)))
    }

    pub(crate) fn text(&self) -> &str {
        self.0.inner()
    }

    /// Something is wrong with this part of the text.
    pub(crate) fn error(
        &self,
        span: Range<usize>,
        key: String,
        message: String,
        help: impl Into<String>,
    ) -> LanguageError {
        let span = within(self.text(), span);
        LanguageError {
            message,
            help: help.into(),
            file: self.0.name().to_owned(),
            key,
            position: Some(position(self.text(), span.start)),
            place: Some(Place {
                span,
                source: Arc::clone(&self.0),
            }),
        }
    }
}

/// The span, cut to the text, to whole characters and to its first line.
fn within(text: &str, span: Range<usize>) -> Range<usize> {
    let whole = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (whole(span.start), whole(span.end.max(span.start)));
    let line_end = text[start..end].find('\n').map_or(end, |at| start + at);
    start..line_end
}

/// Line and column, both from 1, in characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "a = 1\nstöry = 2\n";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, text.find("y =").unwrap()), (2, 5));
        assert_eq!(position(text, text.len()), (3, 1));
    }

    #[test]
    fn a_span_beyond_the_text_or_amid_a_character_is_cut() {
        assert_eq!(within("ö\nx", 1..9), 0..2);
        assert_eq!(within("", 5..7), 0..0);
    }

    #[test]
    fn told_in_one_line_it_names_file_line_and_column() {
        let source = Source::new(Path::new("a.toml"), "x = 1\ny = 2\n".to_owned());
        let error = source.error(
            6..7,
            "y".to_owned(),
            "`y` is not a key".to_owned(),
            "write `x`",
        );
        assert_eq!(
            error.in_one_line(),
            "a.toml:2:1: y: `y` is not a key; write `x`"
        );
    }
}
