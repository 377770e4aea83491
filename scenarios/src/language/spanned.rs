//! Serde over a TOML tree that remembers where everything stands in the text.
//!
//! Unlike `toml`'s own deserializer it keeps errors as data: which key, what was expected, and the
//! path from the top. So errors can be pointed at, told in our words, and be more than one.

use std::fmt::Display;

use serde::de::{self, DeserializeSeed, Visitor};
use toml::{Spanned, de::DeValue};

/// One step down a TOML tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Why a tree could not be read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Misread {
    pub(crate) complaint: Complaint,
    /// The way to what is wrong, innermost first.
    pub(crate) up: Vec<Step>,
    /// It is the last key that is wrong, not its value.
    pub(crate) on_key: bool,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Complaint {
    UnknownKey {
        name: String,
        known: Vec<&'static str>,
    },
    UnknownWord {
        word: String,
        known: Vec<&'static str>,
    },
    Missing(&'static str),
    Wrong {
        found: String,
        expected: String,
    },
    Other(String),
}

impl Misread {
    pub(crate) fn new(complaint: Complaint) -> Misread {
        Misread {
            complaint,
            up: Vec::new(),
            on_key: false,
        }
    }

    pub(crate) fn below(mut self, step: Step) -> Misread {
        self.up.push(step);
        self
    }

    /// The way down to what is wrong.
    pub(crate) fn path(&self) -> Vec<Step> {
        self.up.iter().rev().cloned().collect()
    }
}

impl Display for Misread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.complaint)
    }
}

impl std::error::Error for Misread {}

impl de::Error for Misread {
    fn custom<T: Display>(why: T) -> Misread {
        Misread::new(Complaint::Other(why.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Misread {
        Misread::new(Complaint::Wrong {
            found: describe(found),
            expected: expected.to_string(),
        })
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Misread {
        Misread::invalid_type(found, expected)
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Misread {
        Misread::new(Complaint::UnknownWord {
            word: word.to_owned(),
            known: known.to_vec(),
        })
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Misread {
        Misread::new(Complaint::UnknownKey {
            name: name.to_owned(),
            known: known.to_vec(),
        })
    }

    fn missing_field(key: &'static str) -> Misread {
        Misread::new(Complaint::Missing(key))
    }
}

fn describe(found: de::Unexpected<'_>) -> String {
    use de::Unexpected;
    match found {
        Unexpected::Bool(truth) => format!("`{truth}`"),
        Unexpected::Unsigned(number) => format!("the number `{number}`"),
        Unexpected::Signed(number) => format!("the number `{number}`"),
        Unexpected::Float(number) => format!("the number `{number}`"),
        Unexpected::Str(text) => format!("the text `{text}`"),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// Reads a value of the tree.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'t, 'i>(pub(crate) &'t DeValue<'i>);

impl<'de> de::Deserializer<'de> for Reader<'_, '_> {
    type Error = Misread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.0 {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Boolean(truth) => visitor.visit_bool(*truth),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => visitor.visit_i64(number),
                    Err(_) => Err(de::Error::custom(format!(
                        "{number} is too large a number: write one up to {}",
                        i64::MAX
                    ))),
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(de::Error::custom(format!(
                    "{number} is no number: write digits"
                ))),
            },
            DeValue::Datetime(moment) => Err(de::Error::custom(format!(
                "the date or time of day {moment} means nothing here: times are written as `3s`, in quotes"
            ))),
            DeValue::Array(items) => visitor.visit_seq(Items {
                items: items.iter(),
                next: 0,
            }),
            DeValue::Table(table) => visitor.visit_map(Entries {
                entries: table.iter(),
                value: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        visitor.visit_newtype_struct(self)
    }

    /// A list is no table, whatever serde thinks of it.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        match self.0 {
            DeValue::Array(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        match self.0 {
            DeValue::String(word) => visitor.visit_enum(Choice { word, more: None }),
            DeValue::Table(table) if table.len() == 1 => {
                let (word, value) = table.iter().next().expect("a table of one key has it");
                let word = word.get_ref().as_ref();
                visitor
                    .visit_enum(Choice {
                        word,
                        more: Some(value.get_ref()),
                    })
                    .map_err(|mut misread| {
                        misread.on_key = misread.up.is_empty()
                            && matches!(misread.complaint, Complaint::UnknownWord { .. });
                        misread.below(Step::Key(word.to_owned()))
                    })
            }
            other => Err(Misread::new(Complaint::Wrong {
                found: match other {
                    DeValue::Table(table) => format!("a table of {} keys", table.len()),
                    DeValue::Array(_) => "a list".to_owned(),
                    DeValue::Boolean(truth) => format!("`{truth}`"),
                    DeValue::Integer(number) => format!("the number `{number}`"),
                    DeValue::Float(number) => format!("the number `{number}`"),
                    DeValue::Datetime(moment) => format!("the date `{moment}`"),
                    DeValue::String(text) => format!("the text `{text}`"),
                },
                expected: format!("exactly one of {}", variants.join(", ")),
            })),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The items of a list.
struct Items<'t, 'i> {
    items: std::slice::Iter<'t, Spanned<DeValue<'i>>>,
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = Misread;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Misread> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Reader(item.get_ref()))
            .map(Some)
            .map_err(|misread| misread.below(Step::Index(index)))
    }
}

/// The entries of a table.
struct Entries<'t, I> {
    entries: I,
    value: Option<(&'t str, &'t DeValue<'t>)>,
}

impl<'de, 't, 'i: 't, I> de::MapAccess<'de> for Entries<'t, I>
where
    I: Iterator<
        Item = (
            &'t Spanned<toml::de::DeString<'i>>,
            &'t Spanned<DeValue<'i>>,
        ),
    >,
{
    type Error = Misread;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Misread> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        let key = key.get_ref().as_ref();
        self.value = Some((key, value.get_ref()));
        let reader = de::value::StrDeserializer::<Misread>::new(key);
        seed.deserialize(reader).map(Some).map_err(|mut misread| {
            misread.on_key = true;
            misread.below(Step::Key(key.to_owned()))
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misread> {
        let (key, value) = self
            .value
            .take()
            .expect("a value is asked for after its key");
        seed.deserialize(Reader(value))
            .map_err(|misread| misread.below(Step::Key(key.to_owned())))
    }
}

/// A variant of an enum: a word, or a table of one key.
struct Choice<'t, 'i> {
    word: &'t str,
    more: Option<&'t DeValue<'i>>,
}

impl<'de> de::EnumAccess<'de> for Choice<'_, '_> {
    type Error = Misread;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Misread> {
        let reader = de::value::StrDeserializer::<Misread>::new(self.word);
        seed.deserialize(reader).map(|variant| (variant, self))
    }
}

impl Choice<'_, '_> {
    fn more(&self) -> Result<Reader<'_, '_>, Misread> {
        self.more.map(Reader).ok_or_else(|| {
            de::Error::custom(format!(
                "`{0}` needs to be told more: write {{ {0} = ... }}",
                self.word
            ))
        })
    }
}

impl<'de> de::VariantAccess<'de> for Choice<'_, '_> {
    type Error = Misread;

    fn unit_variant(self) -> Result<(), Misread> {
        match self.more {
            None => Ok(()),
            Some(_) => Err(de::Error::custom(format!(
                "`{0}` takes nothing more: write \"{0}\"",
                self.word
            ))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Misread> {
        seed.deserialize(self.more()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misread> {
        de::Deserializer::deserialize_any(self.more()?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        de::Deserializer::deserialize_any(self.more()?, visitor)
    }
}
