//! Prints the page of all protocols: `cargo run --package murphy-scenarios --example protocols_page >
//! models/CATALOG.md`.

use std::{error::Error, io::Write, path::Path};

use murphy_scenarios::{
    Registered,
    language::{LanguageError, Scenario, find},
    protocols_page,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let catalogue = find(&[folder])
        .and_then(|files| Scenario::read_all(&files, &Registered::default()))
        .map_err(|errors| told(&errors))?;
    std::io::stdout().write_all(protocols_page(&catalogue)?.as_bytes())?;
    Ok(())
}

fn told(errors: &[LanguageError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
