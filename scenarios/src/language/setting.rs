//! A protocol's own settings: one number each, written as people write it.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use murphy_sim::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A whole number, a truth (1 or 0) or a length of time (nanoseconds).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting(u64);

/// Reads settings by name.
pub(crate) fn read<'de, D>(deserializer: D) -> Result<BTreeMap<String, u64>, D::Error>
where
    D: Deserializer<'de>,
{
    let settings = BTreeMap::<String, Setting>::deserialize(deserializer)?;
    Ok(settings
        .into_iter()
        .map(|(name, Setting(value))| (name, value))
        .collect())
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Setting, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0, true, false, or a length of time such as \"50ms\"")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Setting, E> {
        let bad = || E::invalid_value(de::Unexpected::Signed(number), &self);
        u64::try_from(number).map(Setting).map_err(|_| bad())
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Setting, E> {
        Ok(Setting(u64::from(truth)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Setting, E> {
        let Span(nanos) = text.parse().map_err(E::custom)?;
        match i64::try_from(nanos) {
            Ok(_) => Ok(Setting(nanos)),
            Err(_) => Err(E::custom(format!(
                "`{text}` is longer than 292 years: write less"
            ))),
        }
    }
}

impl JsonSchema for Setting {
    fn schema_name() -> Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "boolean" },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(h|m|s|ms|us|ns)$" }
            ],
            "description": "A whole number, true or false, or a length of time such as `50ms`."
        })
    }
}
