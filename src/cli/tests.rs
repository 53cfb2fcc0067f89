use clap::CommandFactory as _;

use super::{Cli, reason};

#[test]
fn the_parser_is_sound() {
    Cli::command().debug_assert();
}

#[derive(Debug, thiserror::Error)]
#[error("cannot open\nthe file")]
struct Outer(#[source] std::io::Error);

#[test]
fn a_failure_is_one_line_with_its_causes() {
    let error = Outer(std::io::Error::other("disk full"));
    assert_eq!(reason(&error), "cannot open the file: disk full");
}
