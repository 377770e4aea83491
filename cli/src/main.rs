//! The `murphy` command: everything it does is in the library of the same name.

fn main() -> std::process::ExitCode {
    murphy::command().into()
}
