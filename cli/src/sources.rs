//! Where scenarios come from: files and folders, or the catalogue that murphy was built with.

use std::{
    fs,
    path::{Path, PathBuf},
};

use murphy_scenarios::{
    catalog,
    language::{CASE_BYTES_MOST, Known, LanguageError, Scenario},
};

use crate::failure::Failure;

/// The catalogue: the files of the repository where the command is run at its root, else those that
/// murphy was built with.
pub(crate) fn catalogue(known: &dyn Known) -> Result<Vec<Scenario>, Failure> {
    let folder = PathBuf::from(catalog::FOLDER);
    if folder.is_dir() {
        return Ok(Scenario::read_all(&[folder], known)?);
    }
    let scenarios = catalog::FILES
        .iter()
        .map(|(name, text)| built_in(name, text, known));
    Ok(scenarios.collect::<Result<_, _>>()?)
}

/// The scenarios of these files and folders. A path that is not there may be one of the catalogue's,
/// by its path in the repository or by its name alone.
pub(crate) fn scenarios(paths: &[PathBuf], known: &dyn Known) -> Result<Vec<Scenario>, Failure> {
    if paths
        .iter()
        .all(|path| path.exists() || in_catalogue(path).is_none())
    {
        return Ok(Scenario::read_all(paths, known)?);
    }
    let mut scenarios = Vec::<Scenario>::new();
    for path in paths {
        let found = match in_catalogue(path).filter(|_| !path.exists()) {
            Some((name, text)) => vec![built_in(name, text, known)?],
            None => Scenario::read_all(std::slice::from_ref(path), known)?,
        };
        scenarios.extend(found);
    }
    Ok(scenarios)
}

/// One file or name of a scenario.
pub(crate) fn scenario(path: &Path, known: &dyn Known) -> Result<Scenario, Failure> {
    match in_catalogue(path).filter(|_| !path.exists()) {
        Some((name, text)) => Ok(built_in(name, text, known)?),
        None => Ok(Scenario::read(path, known)?),
    }
}

/// Whether a file holds a case: it says at its top which digest came out. Whatever else is wrong with
/// it is found when it is read.
pub(crate) fn is_case(path: &Path) -> bool {
    let small =
        fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() <= CASE_BYTES_MOST);
    let text = if small {
        fs::read_to_string(path).unwrap_or_default()
    } else {
        String::new()
    };
    let top = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with('['));
    top.map(str::trim_start).any(|line| {
        line.strip_prefix("digest")
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

/// The file of the catalogue that a path means.
fn in_catalogue(path: &Path) -> Option<&'static (&'static str, &'static str)> {
    let means = |name: &str| {
        let stem = name.trim_end_matches(".toml");
        path == Path::new(catalog::FOLDER).join(name)
            || path == Path::new(name)
            || path == Path::new(stem)
    };
    catalog::FILES.iter().find(|(name, _)| means(name))
}

fn built_in(name: &str, text: &str, known: &dyn Known) -> Result<Scenario, Vec<LanguageError>> {
    Scenario::parse(
        &Path::new(catalog::FOLDER).join(name),
        text.to_owned(),
        known,
    )
}
