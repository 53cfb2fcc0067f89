//! The command line. Each command is a file below `cli/`.
//!
//! Exit codes: 0 done; 1 failed, the reason on standard error in one line; 2 wrong usage.

mod init;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Many Jellyfin servers, one library.
#[derive(Debug, Parser)]
#[command(name = "manyfin", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a commented configuration
    Init,
}

/// Why a command failed; printed as one line.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command named by the process arguments.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("manyfin: {}", reason(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Init => init::run(),
    }
}

/// The error and its causes in one line, a cause that its error repeats only once.
fn reason(failure: &(dyn std::error::Error + 'static)) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        let detail = error.to_string();
        if !text.contains(&detail) {
            text.push_str(": ");
            text.push_str(&detail);
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
