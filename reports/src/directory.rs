//! All reports of a suite in one folder: `index.html`, `report.json`, `junit.xml`, `summary.md`.
//!
//! The names of the files are fixed, so nothing in a record can lead outside the folder. Every file
//! is written whole under another name first; only when all of them are there do they take their
//! names, so a reader never sees half a report.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::record::SuiteRecord;
use crate::{html, json, junit, markdown};

/// Where each report of a suite is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The page for a browser.
    pub html: PathBuf,
    /// The document for programs.
    pub json: PathBuf,
    /// The document for a CI system's test page.
    pub junit: PathBuf,
    /// The summary for a CI system's summary page.
    pub markdown: PathBuf,
}

/// A report that could not be written: which, why, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; {}", path.display(), remedy(source))]
pub struct WriteError {
    /// The file or folder that could not be written.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes all reports of a suite into a folder, which is made if it is not there.
pub fn write(folder: &Path, suite: &SuiteRecord) -> Result<Written, WriteError> {
    fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    let written = Written {
        html: folder.join("index.html"),
        json: folder.join("report.json"),
        junit: folder.join("junit.xml"),
        markdown: folder.join("summary.md"),
    };
    let drafts = [
        draft(&written.html, |out| {
            out.write_all(html::render(suite).as_bytes())
        })?,
        draft(&written.json, |out| {
            json::write(suite, json::Shown::LeftOut, out)
        })?,
        draft(&written.junit, |out| junit::write(suite, out))?,
        draft(&written.markdown, |out| markdown::write(suite, out))?,
    ];
    for draft in &drafts {
        draft.check()?;
    }
    for draft in drafts {
        draft.publish()?;
    }
    Ok(written)
}

/// Makes the folder, if it is not there, and finds out whether [`write()`] could write to it: to be
/// asked before long work whose report it is to hold.
pub fn check(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    ["index.html", "report.json", "junit.xml", "summary.md"]
        .iter()
        .try_for_each(|name| check_file(&folder.join(name)))
}

/// Finds out whether [`write_file`] could write that file. Leaves nothing behind.
pub fn check_file(path: &Path) -> Result<(), WriteError> {
    draft(path, |_| Ok(()))?.check()
}

/// Writes one report to a file of the caller's choice, whole or not at all. Its folder must exist.
///
/// ```
/// use murphy_reports::directory;
///
/// let missing = std::path::Path::new("no-such-folder/page.html");
/// let error = directory::write_file(missing, |out| out.write_all(b"<!DOCTYPE html>"));
/// assert!(error.unwrap_err().to_string().contains("no-such-folder"));
/// ```
pub fn write_file(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    draft(path, fill)?.publish()
}

/// A file that is written but does not have its name yet. Dropped, it is gone.
struct Draft {
    path: PathBuf,
    temporary: Option<PathBuf>,
}

impl Draft {
    /// Fails where the draft could not take its name.
    fn check(&self) -> Result<(), WriteError> {
        if self.path.is_dir() {
            return Err(failed(&self.path, io::ErrorKind::IsADirectory.into()));
        }
        Ok(())
    }

    fn publish(mut self) -> Result<(), WriteError> {
        self.check()?;
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.path).map_err(|source| failed(&self.path, source))?;
        }
        self.temporary = None;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // The report was not published; that its draft cannot be taken away changes nothing.
            let _ = fs::remove_file(temporary);
        }
    }
}

fn draft(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Draft, WriteError> {
    let (file, temporary) = create_beside(path).map_err(|source| failed(path, source))?;
    let draft = Draft {
        path: path.to_owned(),
        temporary: Some(temporary),
    };
    let mut out = BufWriter::new(file);
    fill(&mut out)
        .and_then(|()| out.flush())
        .map_err(|source| failed(path, source))?;
    Ok(draft)
}

/// A new file next to `path`, under a name that nobody has: never one that is already there.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it names no file",
        ));
    };
    let process = std::process::id();
    for attempt in 0..1_000_u32 {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{process}-{attempt}.draft"));
        let temporary = path.with_file_name(temporary);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
        {
            Ok(file) => return Ok((file, temporary)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        "a thousand drafts are in the way",
    ))
}

fn failed(path: &Path, source: io::Error) -> WriteError {
    WriteError {
        path: path.to_owned(),
        source,
    }
}

fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "name a folder that you may write to",
        io::ErrorKind::ReadOnlyFilesystem => "name a folder on a disk that can be written",
        io::ErrorKind::NotFound => "make its folder first, or name another one",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file is in the way: take it away, or name another folder"
        }
        io::ErrorKind::IsADirectory => {
            "a folder is in the way: take it away, or name another place"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on the disk, or name a folder on another one"
        }
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => {
            "name a place that the file system can hold"
        }
        _ => "name another folder",
    }
}
