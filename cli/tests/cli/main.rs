//! Stories of people and CI systems at the `murphy` command, told to the real binary.

mod bad_input;
mod check;
mod help;
mod lists;
mod new;
mod pipes;
mod replay;
mod run;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A folder of a test's own, in which the command is run.
struct Desk(TempDir);

/// What a command left behind.
struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Desk {
        Desk(TempDir::new().expect("a folder for a test"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("a folder for a file");
        fs::write(path, text).expect("a file for a test");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    /// Every file and folder here, by name.
    fn everything(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_murphy"));
        command.current_dir(self.0.path()).stdin(Stdio::null());
        for name in [
            "RUST_LOG",
            "NO_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "RUST_BACKTRACE",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn murphy<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Told {
        Told::from(
            self.command()
                .args(arguments)
                .output()
                .expect("the command can be run"),
        )
    }

    /// A scenario that holds, and one with a planted bug that shows.
    fn scenarios(&self) {
        self.write("suite/holds.toml", HOLDS);
        self.write("suite/finds.toml", FINDS);
    }
}

impl From<Output> for Told {
    fn from(output: Output) -> Told {
        let text = |bytes| String::from_utf8(bytes).expect("what is told is UTF-8");
        Told {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// What is different on every machine and in every build, masked.
fn masked(text: &str, desk: &Desk) -> String {
    let text = text.replace(&*desk.0.path().to_string_lossy(), "[DESK]");
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The root of murphy's own repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the repository")
        .to_owned()
}

const HOLDS: &str = r#"
story = "Two-phase commit keeps its promise while one node after the other crashes."
protocol = "two-phase-commit"
seeds = 3
[workload]
kind = "bank"
clients = 2
rate = "40/s"
[phases]
chaos = "2s"
quiesce = "2s"
[nemesis]
draw = ["crash"]
[check]
history = ["bank"]
"#;

const FINDS: &str = r#"
story = "Reads are answered by any backup, so a reader goes back in time."
protocol = "primary-backup"
mode = "synchronous"
mutant = "reads-on-a-backup"
expect = "violated: stale-read"
seeds = 20
[workload]
kind = "register"
clients = 4
rate = "100/s"
[phases]
chaos = "3s"
[nemesis]
draw = ["partition", "crash"]
[check]
history = ["linearizable"]
"#;
