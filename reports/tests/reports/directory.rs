//! The folder with all reports of a suite.

use std::fs;
use std::path::Path;

use murphy_reports::directory;

use crate::sample;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry
            .expect("the entry can be read")
            .file_name()
            .to_string_lossy()
            .into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

const REPORTS: [&str; 4] = ["index.html", "junit.xml", "report.json", "summary.md"];

#[test]
fn all_four_reports_are_written_and_nothing_else() {
    let root = tempfile::tempdir().expect("a folder for the test");
    let folder = root.path().join("deep/report");
    let written = directory::write(&folder, &sample::suite()).expect("it can be written");
    assert_eq!(names(&folder), REPORTS);
    assert_eq!(written.html, folder.join("index.html"));
    directory::write(&folder, &sample::suite()).expect("it can be written again");
    assert_eq!(names(&folder), REPORTS);
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let root = tempfile::tempdir().expect("a folder for the test");
    let folder = root.path().join("report");
    let mut suite = sample::suite();
    for (scenario, name) in suite
        .scenarios
        .iter_mut()
        .zip(["../../evil", "/tmp/evil", "a/b\0c"])
    {
        scenario.name = name.to_owned();
        scenario.file = name.to_owned();
    }
    directory::write(&folder, &suite).expect("it can be written");
    assert_eq!(names(root.path()), ["report"]);
    assert_eq!(names(&folder), REPORTS);
}

#[test]
fn a_file_in_the_place_of_the_folder_is_named_with_its_remedy() {
    let root = tempfile::tempdir().expect("a folder for the test");
    let folder = root.path().join("report");
    fs::write(&folder, "mine").expect("a file can be written");
    let error = directory::write(&folder, &sample::suite()).expect_err("a file is in the way");
    let told = error.to_string();
    assert!(
        told.contains("report") && told.contains("a file is in the way"),
        "{told}"
    );
    assert_eq!(
        fs::read_to_string(&folder).expect("it is still there"),
        "mine"
    );
}

#[test]
fn where_one_report_cannot_be_written_none_is_and_no_draft_is_left() {
    let root = tempfile::tempdir().expect("a folder for the test");
    fs::create_dir(root.path().join("junit.xml")).expect("a folder can be made");
    let error =
        directory::write(root.path(), &sample::suite()).expect_err("a folder is in the way");
    let told = error.to_string();
    assert!(
        told.contains("junit.xml") && told.contains("a folder is in the way"),
        "{told}"
    );
    assert!(
        names(root.path())
            .iter()
            .all(|name| !name.contains("draft"))
    );
}

#[test]
fn a_report_that_fails_half_way_leaves_the_old_one() {
    let root = tempfile::tempdir().expect("a folder for the test");
    let path = root.path().join("page.html");
    directory::write_file(&path, |out| out.write_all(b"old")).expect("it can be written");
    let error = directory::write_file(&path, |out| {
        out.write_all(b"ne")?;
        Err(std::io::ErrorKind::StorageFull.into())
    });
    assert!(
        error
            .expect_err("it failed")
            .to_string()
            .contains("make room on the disk")
    );
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "old");
    assert_eq!(names(root.path()), ["page.html"]);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_report_is_replaced_and_not_followed() {
    let root = tempfile::tempdir().expect("a folder for the test");
    let folder = root.path().join("report");
    fs::create_dir(&folder).expect("a folder can be made");
    let outside = root.path().join("outside");
    fs::write(&outside, "mine").expect("a file can be written");
    std::os::unix::fs::symlink(&outside, folder.join("index.html")).expect("a link can be made");
    directory::write(&folder, &sample::suite()).expect("it can be written");
    assert_eq!(
        fs::read_to_string(&outside).expect("it is still there"),
        "mine"
    );
}
