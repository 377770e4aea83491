//! Writes the list of the catalogue's files, so that the binary carries them wherever it is installed.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    println!("cargo::rerun-if-changed={}", catalog.display());
    let mut names: Vec<String> = fs::read_dir(&catalog)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort_unstable();
    let mut list = String::from("&[\n");
    for name in names {
        let file = catalog.join(&name);
        let _ = writeln!(
            list,
            "    ({name:?}, include_str!({:?})),",
            file.display().to_string()
        );
    }
    list += "]\n";
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for a build script");
    fs::write(Path::new(&out).join("catalog.rs"), list)
        .expect("the folder for build output can be written");
}
