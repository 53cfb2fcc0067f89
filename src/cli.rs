//! The command line. Each command is a file below `cli/`.
//!
//! Exit codes: 0 done; 1 failed, the reason on standard error in one line; 2 wrong usage.

mod apply;
mod backup;
mod check;
mod credentials;
mod dedup;
mod health;
mod init;
mod key;
mod library;
mod migrate;
mod open;
mod output;
mod serve;
mod server;
mod settings;
mod user;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use output::Output;
use settings::Settings;

/// Many Jellyfin servers, one library.
#[derive(Debug, Parser)]
#[command(name = "manyfin", version, about, max_term_width = 100)]
struct Cli {
    /// Print JSON, where a machine may read
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: sources, merged libraries and accounts in this process
    Demo(serve::Demo),
    /// Run the gateway
    Serve(serve::Serve),
    /// Ask a running gateway on this machine whether it is ready
    Health(health::Health),
    /// Print the GraphQL schema (SDL)
    Schema,
    /// Print a commented configuration
    Init,
    /// Read the configuration, try the database and every server, say what is wrong
    Check(check::Check),
    /// Bring an installation to what a file declares
    Apply(apply::Apply),
    /// Change the schema of the database, or tell its state
    Migrate(migrate::Migrate),
    /// Source servers
    Server(server::Server),
    /// Merged libraries
    Library(library::Library),
    /// Users and their links to accounts on servers
    User(user::User),
    /// The key that encrypts the stored secrets of servers
    Key(key::Key),
    /// Write the whole installation into one file, while the gateway may run
    Backup(backup::Backup),
    /// Read such a file into an empty database, SQLite or PostgreSQL
    Restore(backup::Restore),
    /// Group the records of JSONL files and print one group a line
    Dedup(dedup::Dedup),
}

/// Why a command failed; printed as one line.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command named by the process arguments.
pub fn main() -> ExitCode {
    match run(read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("manyfin: {}", reason(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// The line as it was said; ends the process by code 2 where it is wrong.
fn read() -> Cli {
    let matches = Cli::command().get_matches();
    Cli::of(&matches).unwrap_or_else(|error| error.exit())
}

impl Cli {
    fn of(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let cli = Self::from_arg_matches(matches)?;
        let alone = match cli.command {
            Command::Demo(_) => "demo: it keeps nothing",
            Command::Schema => "schema",
            Command::Init => "init",
            Command::Dedup(_) => "dedup: it reads the files alone",
            _ => return Ok(cli),
        };
        // Flags for all commands may stand before the command's name and behind it.
        let inner = matches.subcommand().map(|(_, inner)| inner);
        match [Some(matches), inner]
            .into_iter()
            .flatten()
            .find_map(Settings::said)
        {
            Some(flag) => {
                let told = format!("{flag} has no meaning for {alone}");
                Err(Self::command().error(ErrorKind::ArgumentConflict, told))
            }
            None => Ok(cli),
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let (output, settings) = (Output::new(cli.json), &cli.settings);
    match cli.command {
        Command::Demo(demo) => wait(demo.run()),
        Command::Serve(serve) => wait(serve.run(settings)),
        Command::Schema => {
            print!("{}", crate::graphql::sdl());
            Ok(())
        }
        Command::Health(health) => health.run(settings, output),
        Command::Init => init::run(),
        Command::Check(check) => wait(check.run(settings, output)),
        Command::Apply(apply) => wait(apply.run(settings, output)),
        Command::Migrate(migrate) => wait(migrate.run(settings, output)),
        Command::Server(server) => wait(server.run(settings, output)),
        Command::Library(library) => wait(library.run(settings, output)),
        Command::User(user) => wait(user.run(settings, output)),
        Command::Key(key) => wait(key.run(settings, output)),
        Command::Backup(backup) => wait(backup.run(settings, output)),
        Command::Restore(restore) => wait(restore.run(settings, output)),
        Command::Dedup(dedup) => dedup.run(),
    }
}

/// Runs a command that waits for things.
fn wait(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(command)
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
