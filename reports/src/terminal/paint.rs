//! Colour, only where the caller says that it belongs.

use owo_colors::{AnsiColors, OwoColorize, Style};

use crate::standing::Standing;

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) colour: bool,
}

impl Paint {
    pub(super) fn standing(self, standing: Standing, text: &str) -> String {
        let colour = match standing {
            Standing::AsExpected => AnsiColors::Green,
            Standing::Unknown => AnsiColors::Yellow,
            Standing::Unexpected => AnsiColors::Red,
        };
        self.with(Style::new().color(colour), text)
    }

    pub(super) fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colour && !text.trim().is_empty() {
            text.style(style).to_string()
        } else {
            text.to_owned()
        }
    }
}
