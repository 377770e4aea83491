//! The progress bar: on standard error, when a person looks at it and asked for a summary.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// Runs done and runs planned, as a bar or not at all.
#[derive(Debug)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar on a terminal, nothing in a pipe or where quiet was asked for.
    pub(crate) fn new(quiet: bool) -> Progress {
        if quiet || !terminal::stderr_is_watched() {
            return Progress(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {elapsed}, {eta} left")
                .expect("the template names keys that indicatif knows");
        bar.set_style(style);
        Progress(Some(bar))
    }

    /// So many runs are done, of so many.
    pub(crate) fn at(&self, done: u64, planned: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(planned);
            bar.set_position(done);
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
