//! Values and names of foreign histories.

use super::reader::Form;
use crate::hash::Table;
use crate::transactions::Key;
use std::fmt;
use std::rc::Rc;

/// A value or a key of a foreign history: small, comparable, and told as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// A whole number.
    Integer(i64),
    /// A string, a keyword's name, or anything else as it was written.
    Text(Rc<str>),
}

impl Atom {
    /// The atom of a form; none for nil.
    pub fn of(form: &Form) -> Option<Self> {
        match form {
            Form::Nil => None,
            Form::Integer(value) => Some(Self::Integer(*value)),
            Form::Text(text) => Some(Self::Text(text.as_str().into())),
            Form::Name(name) => Some(Self::Text(name.as_str().into())),
            other => Some(Self::Text(other.to_string().into())),
        }
    }
}

impl fmt::Debug for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Numbers for the names of keys.
#[derive(Debug, Default)]
pub struct Names {
    numbers: Table<String, Key>,
    names: Vec<String>,
}

/// Numbers given to names begin here: no key that is a small number comes near, and no value does.
const FIRST_NAME: Key = 1 << 63;

impl Names {
    /// The number of a key: itself if it is a small number, one of its own otherwise.
    pub fn key(&mut self, form: &Form) -> Key {
        if let Form::Integer(number) = form
            && let Ok(number) = Key::try_from(*number)
        {
            return number;
        }
        let name = match form {
            Form::Text(text) | Form::Name(text) => text.clone(),
            other => other.to_string(),
        };
        let next = FIRST_NAME + self.names.len() as Key;
        *self.numbers.entry(name.clone()).or_insert_with(|| {
            self.names.push(name);
            next
        })
    }

    /// Puts the names back into a text that tells keys by number.
    pub fn put_back(&self, text: &str) -> String {
        if self.names.is_empty() {
            return text.to_owned();
        }
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = rest[start..].find(|c: char| !c.is_ascii_digit());
            let end = digits.map_or(rest.len(), |length| start + length);
            let number = rest[start..end].parse::<Key>().ok();
            let name = number
                .and_then(|number| number.checked_sub(FIRST_NAME))
                .and_then(|place| self.names.get(usize::try_from(place).ok()?));
            told.push_str(&rest[..start]);
            told.push_str(name.map_or(&rest[start..end], String::as_str));
            rest = &rest[end..];
        }
        told.push_str(rest);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_where_keys_are_told() {
        let mut names = Names::default();
        assert_eq!(names.key(&Form::Integer(7)), 7);
        let x = names.key(&Form::Name("x".into()));
        assert_eq!(names.key(&Form::Name("x".into())), x);
        assert_ne!(names.key(&Form::Integer(-1)), x);
        assert_eq!(
            names.put_back(&format!("T1 = [r {x} [7]]")),
            "T1 = [r x [7]]"
        );
    }
}
