//! Scenario files on disk: found, read within bounds, named by their file.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    document::Document,
    error::{LanguageError, Source},
    known::Known,
    scenario::Scenario,
    shorthand, validate,
};

/// Larger files, in bytes, are refused before they are read.
pub const FILE_BYTES_MOST: u64 = 1 << 20;

impl Scenario {
    /// Reads a scenario file. Its name is the file's, without `.toml`.
    pub fn read(file: &Path, known: &dyn Known) -> Result<Scenario, Vec<LanguageError>> {
        let text = read_text(file, FILE_BYTES_MOST)?;
        Scenario::parse(file, text, known)
    }

    /// Reads the text of a scenario file. The file itself is not opened; CSV files that the scenario
    /// names are, beside it.
    pub fn parse(
        file: &Path,
        text: String,
        known: &dyn Known,
    ) -> Result<Scenario, Vec<LanguageError>> {
        let name = name_of(file)?;
        let source = Source::new(file, text);
        let mut document = Document::parse(&source)?;
        let errors = shorthand::write_out(&mut document, file.parent());
        let read = document.read::<Scenario>(&[]);
        let mut scenario = match read {
            Ok(scenario) if errors.is_empty() => scenario,
            Ok(_) => return Err(errors),
            Err(more) => return Err(in_order(errors.into_iter().chain(more))),
        };
        let errors = validate::complaints(&scenario, &document, &[], known);
        if !errors.is_empty() {
            return Err(in_order(errors));
        }
        (scenario.name, scenario.file) = (name, file.to_owned());
        Ok(scenario)
    }

    /// Reads every scenario of these files and folders. Two of the same name are an error: reports
    /// and cases are filed by name.
    pub fn read_all(
        paths: &[PathBuf],
        known: &dyn Known,
    ) -> Result<Vec<Scenario>, Vec<LanguageError>> {
        let files = find(paths)?;
        let (mut scenarios, mut errors) = (Vec::new(), Vec::new());
        let mut names = BTreeMap::<String, PathBuf>::new();
        for file in files {
            let scenario = match Scenario::read(&file, known) {
                Ok(scenario) => scenario,
                Err(more) => {
                    errors.extend(more);
                    continue;
                }
            };
            if let Some(other) = names.insert(scenario.name.clone(), file.clone()) {
                errors.push(LanguageError::of_file(
                    &file,
                    format!(
                        "the name `{}` is taken by {}",
                        scenario.name,
                        other.display()
                    ),
                    "rename one of the two files: a suite files its results by name",
                ));
            }
            scenarios.push(scenario);
        }
        if errors.is_empty() {
            Ok(scenarios)
        } else {
            Err(errors)
        }
    }
}

/// In the order of the file.
pub(crate) fn in_order(errors: impl IntoIterator<Item = LanguageError>) -> Vec<LanguageError> {
    let mut errors: Vec<LanguageError> = errors.into_iter().collect();
    errors.sort_by_key(|error| error.position);
    errors
}

/// The scenario files of these files and folders: files as they are given, a folder's sorted by
/// path, each once. Folders inside folders are searched too; files that do not end in `.toml` are
/// not scenarios.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<LanguageError>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        let about = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        let mut found = Vec::new();
        if about.is_dir() {
            find_in(path, &mut found, 0)?;
            found.sort();
        } else {
            found.push(path.clone());
        }
        if found.is_empty() {
            return Err(refused(
                path,
                "there is no scenario in this folder".to_owned(),
                "name a folder with .toml files in it; `murphy new scenario NAME` makes one",
            ));
        }
        found.retain(|file| !files.contains(file));
        files.append(&mut found);
    }
    Ok(files)
}

/// Folders inside each other beyond this depth are not searched: a link may lead back up.
const FOLDERS_DEEPEST: u32 = 8;

fn find_in(folder: &Path, found: &mut Vec<PathBuf>, depth: u32) -> Result<(), Vec<LanguageError>> {
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        if path.is_dir() {
            if depth < FOLDERS_DEEPEST {
                find_in(&path, found, depth + 1)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            found.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Vec<LanguageError> {
    refused(
        path,
        format!("cannot be read: {error}"),
        "name a scenario file or a folder of them; `murphy list scenarios` shows what there is",
    )
}

fn refused(path: &Path, message: String, help: &str) -> Vec<LanguageError> {
    vec![LanguageError::of_file(path, message, help)]
}

/// The name of a scenario or case: its file's, without `.toml`.
pub(crate) fn name_of(file: &Path) -> Result<String, Vec<LanguageError>> {
    let stem = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    if file.extension().is_none_or(|extension| extension != "toml") {
        return Err(refused(
            file,
            "the name of the file does not end in .toml".to_owned(),
            "scenarios and cases are .toml files",
        ));
    }
    if validate::is_plain_name(&stem) {
        return Ok(stem);
    }
    Err(refused(
        file,
        format!("`{stem}` is no name for a scenario"),
        "name the file with up to 64 letters a to z, digits and hyphens, as in stale-read.toml",
    ))
}

/// The text of a file of at most so many bytes.
pub(crate) fn read_text(file: &Path, most: u64) -> Result<String, Vec<LanguageError>> {
    let about = fs::metadata(file).map_err(|error| unreadable(file, &error))?;
    if !about.is_file() {
        return Err(refused(
            file,
            "is not a file".to_owned(),
            "name a .toml file",
        ));
    }
    if about.len() > most {
        return Err(refused(
            file,
            format!("has {} bytes, and at most {most} are read", about.len()),
            "a scenario takes a few thousand bytes: is this the right file?",
        ));
    }
    let bytes = fs::read(file).map_err(|error| unreadable(file, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        vec![Source::new(file, text).error(
            valid..valid + 1,
            String::new(),
            format!("not UTF-8: byte {valid} belongs to no character"),
            "save the file as UTF-8",
        )]
    })
}
