//! Writes the reports of a made-up suite, to look at: `cargo run -p murphy-reports --example sample
//! -- FOLDER`.

#[path = "../tests/reports/sample.rs"]
mod sample;

use std::path::PathBuf;

use murphy_reports::{directory, html, terminal};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("name a folder to write to")?
        .into();
    let suite = sample::suite();
    let written = directory::write(&folder, &suite)?;
    let page = html::replay("primary-backup-cut-off", &sample::stale_read());
    directory::write_file(&folder.join("replay.html"), |out| {
        out.write_all(page.as_bytes())
    })?;
    let report = Some(written.html.display().to_string());
    let options = terminal::Options {
        colour: true,
        width: 120,
        report,
    };
    terminal::render(&suite, &options, &mut std::io::stdout())?;
    Ok(())
}
