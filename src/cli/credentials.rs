//! Secrets on the command line: from a file or standard input, never from an argument, which every
//! process on the machine could read.

use std::io::Read as _;
use std::path::Path;

use clap::Args;

use super::Failure;
use crate::accounts::Credentials;
use crate::model::Secret;

/// An account on a source server.
#[derive(Debug, Args)]
pub(super) struct UpstreamAccount {
    /// The name of the account on the server
    #[arg(long, requires = "password_file", conflicts_with = "token_file")]
    username: Option<String>,
    /// A file that holds its password; - reads standard input
    #[arg(long, value_name = "FILE", requires = "username")]
    password_file: Option<String>,
    /// A file that holds a token of it, in place of name and password; - reads standard input
    #[arg(long, value_name = "FILE", required_unless_present = "username")]
    token_file: Option<String>,
}

impl UpstreamAccount {
    pub(super) fn read(&self) -> Result<Credentials, Failure> {
        match (&self.username, &self.password_file, &self.token_file) {
            (Some(username), Some(file), None) => Ok(Credentials::Password {
                username: username.clone(),
                password: secret(file)?,
            }),
            (None, None, Some(file)) => Ok(Credentials::Token(secret(file)?)),
            _ => Err("an account is a username with a password, or a token".into()),
        }
    }
}

/// The text of a file without the line's end; `-` is standard input.
pub(super) fn secret(file: &str) -> Result<Secret, Failure> {
    let mut text = String::new();
    if file == "-" {
        std::io::stdin().lock().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(Path::new(file))
            .map_err(|error| format!("cannot read {file}: {error}"))?;
    }
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}
