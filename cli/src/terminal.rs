//! What the two streams of a person or a pipe can take: colour, width, and the end of a pipe.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice, stream::RawStream};
use terminal_size::{Width, terminal_size_of};

/// How a stream is to be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Whether colour belongs there: by `--color`, or else by what it is and by `NO_COLOR`.
    pub(crate) colour: bool,
    /// Columns; 0 where nothing limits them.
    pub(crate) width: usize,
}

/// Standard output.
pub(crate) fn stdout() -> Screen {
    let stream = io::stdout();
    let width = if stream.is_terminal() {
        terminal_size_of(&stream)
    } else {
        None
    };
    screen(&stream, width.map(|(width, _)| width))
}

/// Standard error.
pub(crate) fn stderr() -> Screen {
    let stream = io::stderr();
    let width = if stream.is_terminal() {
        terminal_size_of(&stream)
    } else {
        None
    };
    screen(&stream, width.map(|(width, _)| width))
}

/// Whether a person looks at standard error.
pub(crate) fn stderr_is_watched() -> bool {
    io::stderr().is_terminal()
}

fn screen(stream: &impl RawStream, width: Option<Width>) -> Screen {
    Screen {
        colour: AutoStream::choice(stream) != ColorChoice::Never,
        width: width.map_or(0, |Width(columns)| usize::from(columns)),
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) has read enough.
pub(crate) fn print(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let done = fill(&mut out).and_then(|()| out.flush());
    // What could not be written is not tried again when the writer is dropped.
    let _ = out.into_parts();
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes a note to standard error, as it is. That nobody listens there changes nothing.
pub(crate) fn note(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
