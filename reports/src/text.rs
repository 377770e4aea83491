//! Words and numbers for people, the same in every format.
//!
//! [`clean`] and [`prose`] make hidden characters visible, so that no name can move a cursor, turn
//! the reading direction round or end a document early. Escaping for a format is the format's work.

/// One line in which nothing is hidden: control and direction characters are spelled out.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Prose on one line: as [`clean`], but a stretch of white space is one space.
pub(crate) fn prose(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// [`clean`], cut to `columns` with an ellipsis.
pub(crate) fn clip(text: &str, columns: usize) -> String {
    // Every character spells at least one column or joins another one; four times is enough to
    // see that a text is too long without spelling out all of a very long one.
    let head: String = text
        .chars()
        .take(columns.saturating_mul(4).saturating_add(1))
        .collect();
    let text = clean(&head);
    if width(&text) <= columns {
        return text;
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += width_of(c);
        if used > columns {
            break;
        }
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// Characters that a reader cannot see, or that change how the characters around them are read.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200e}' | '\u{200f}' | '\u{61c}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// How many columns of a terminal a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// A close estimate: zero for marks that join the character before, two for East Asian wide ones.
fn width_of(c: char) -> usize {
    match c as u32 {
        0x0300..=0x036f | 0x0483..=0x0489 | 0x0591..=0x05bd | 0x064b..=0x065f => 0,
        0x200b..=0x200d | 0x20d0..=0x20f0 | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 => 2,
        0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Breaks a text into lines of at most `columns`; a longer word has a line of its own.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let word_width = width(word);
        if used > 0 && used + 1 + word_width > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += word_width;
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

/// A whole number with its thousands apart: `91,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 run`, `2 runs`.
pub(crate) fn plural(number: u64, one: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{} {one}{end}", count(number))
}

/// A length of time in nanoseconds, in three digits: `840ns`, `4.2ms`, `1.25s`.
pub(crate) fn length(nanos: u64) -> String {
    let (value, unit) = match nanos {
        0..1_000 => (nanos as f64, "ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    format!("{}{unit}", three_digits(value))
}

/// A length of time in microseconds, where zero means that there was nothing to measure.
pub(crate) fn micros_or_dash(micros: u64) -> String {
    if micros == 0 {
        "-".to_owned()
    } else {
        length(micros.saturating_mul(1_000))
    }
}

/// A moment of simulated time, to the microsecond where it needs that: `3.204s`.
pub(crate) fn moment(nanos: u64) -> String {
    let (seconds, micros) = (nanos / 1_000_000_000, nanos % 1_000_000_000 / 1_000);
    if micros % 1_000 == 0 {
        format!("{}.{:03}s", count(seconds), micros / 1_000)
    } else {
        format!("{}.{micros:06}s", count(seconds))
    }
}

/// A ratio that a person can compare: `3.14`; a dash where it is not a number.
pub(crate) fn ratio(value: f64) -> String {
    if value.is_finite() {
        three_digits(value)
    } else {
        "-".to_owned()
    }
}

/// Seconds on the wall clock: `12.3`.
pub(crate) fn seconds(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.1}s")
    } else {
        "-".to_owned()
    }
}

fn three_digits(value: f64) -> String {
    let text = match value.abs() {
        v if v < 10.0 => format!("{value:.2}"),
        v if v < 100.0 => format!("{value:.1}"),
        v if v < 1e15 => return format!("{value:.0}"),
        _ => return format!("{value:.2e}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_spelled_out() {
        assert_eq!(
            clean("a\u{0}b\u{1b}[31m\nc\u{202e}d"),
            "a\\u{0}b\\u{1b}[31m\\nc\\u{202e}d"
        );
        assert_eq!(prose("two\n  lines\tone\u{7}"), "two lines one\\u{7}");
    }

    #[test]
    fn a_clipped_text_fits_its_columns() {
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("abcd", 4), "abcd");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(clip(&"x".repeat(10_000), 5), "xxxx…");
    }

    #[test]
    fn times_are_told_in_three_digits() {
        let told: Vec<_> = [
            0,
            840,
            4_200,
            4_200_000,
            12_340_000,
            1_250_000_000,
            u64::MAX,
        ]
        .map(length)
        .into_iter()
        .collect();
        assert_eq!(
            told,
            [
                "0ns",
                "840ns",
                "4.2µs",
                "4.2ms",
                "12.3ms",
                "1.25s",
                "18446744074s"
            ]
        );
        assert_eq!(moment(3_204_000_000), "3.204s");
        assert_eq!(moment(3_204_250_000), "3.204250s");
    }

    #[test]
    fn a_number_that_is_none_is_a_dash() {
        assert_eq!(ratio(f64::NAN), "-");
        assert_eq!(ratio(3.0), "3");
        assert_eq!(seconds(f64::INFINITY), "-");
        assert_eq!(micros_or_dash(0), "-");
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(
            [0, 999, 1_000, 91_234_567].map(count),
            ["0", "999", "1,000", "91,234,567"]
        );
        assert_eq!(plural(1, "run"), "1 run");
        assert_eq!(plural(0, "run"), "0 runs");
    }

    #[test]
    fn a_long_word_has_a_line_of_its_own() {
        assert_eq!(wrap("a bb cccccc d", 4), ["a bb", "cccccc", "d"]);
    }
}
