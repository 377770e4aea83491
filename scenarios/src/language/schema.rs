//! The JSON schema of a scenario, for editors and for `murphy schema`.

use serde_json::{Value, json};

use super::scenario::Scenario;

/// The JSON schema of a scenario file.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Scenario).to_value();
    add_isolate(&mut schema);
    add_csv(&mut schema);
    schema
}

/// The section of a scenario that has this key; the top of the file is the nameless one. None when
/// there is no such key, or when several sections have it.
pub(crate) fn section_of(key: &str) -> Option<String> {
    let schema = schemars::schema_for!(Scenario).to_value();
    let top = schema.pointer("/properties")?.as_object()?;
    let has = |section: &Value| {
        let definition = section.pointer("/$ref").and_then(Value::as_str)?;
        let definition = schema.pointer(definition.strip_prefix('#')?)?;
        definition.pointer("/properties")?.get(key)
    };
    let below = top.iter().filter(|(_, section)| has(section).is_some());
    let top_too = top.contains_key(key).then_some("");
    let mut sections = below.map(|(name, _)| name.as_str()).chain(top_too);
    let only = sections.next().filter(|_| sections.next().is_none())?;
    Some(only.to_owned())
}

/// `fault = "isolate"` is a shorthand of the language; the simulator knows nothing of it.
fn add_isolate(schema: &mut Value) {
    let faults = schema
        .pointer_mut("/$defs/PlannedFault/oneOf")
        .and_then(Value::as_array_mut)
        .expect("a planned fault is one of several");
    faults.push(json!({
        "description": "Short for a partition with `shape = { isolate = NODE }`.",
        "type": "object",
        "properties": {
            "fault": { "type": "string", "const": "isolate" },
            "node": { "description": "Which nodes.", "type": "string" }
        },
        "required": ["fault", "node"]
    }));
}

/// Samples can come from a file beside the scenario.
fn add_csv(schema: &mut Value) {
    let samples = schema
        .pointer_mut("/$defs/Latency/oneOf")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .find_map(|variant| variant.pointer_mut("/properties/empirical"))
        .expect("a latency can be empirical");
    let listed = samples.take();
    *samples = json!({
        "anyOf": [
            listed,
            {
                "type": "object",
                "properties": {
                    "csv": {
                        "description": "A file in the scenario's folder or below it: one sample a line, as 1.5ms or a number of milliseconds.",
                        "type": "string"
                    }
                },
                "required": ["csv"],
                "additionalProperties": false
            }
        ]
    });
}
