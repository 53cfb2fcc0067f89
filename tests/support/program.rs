//! The program itself, as a process.

use std::process::Command;

/// The program with nothing of this process's environment.
pub fn manyfin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manyfin"));
    command.env_clear();
    // Where coverage is measured, a process tells too which of its lines ran.
    if let Some(file) = std::env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", file);
    }
    command
}
