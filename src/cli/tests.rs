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

#[test]
fn flags_without_a_meaning_are_wrong_usage() {
    let parse = |line: &str| {
        let words = std::iter::once("manyfin").chain(line.split(' '));
        Cli::of(&Cli::command().try_get_matches_from(words)?)
    };
    for (line, told) in [
        (
            "demo --data-dir films",
            "--data-dir has no meaning for demo",
        ),
        ("--database-url sqlite://f demo", "--database-url has no"),
        (
            "schema --config c.toml",
            "--config has no meaning for schema",
        ),
        (
            "--data-dir films init",
            "--data-dir has no meaning for init",
        ),
        (
            "dedup --strategy none --data-dir d f.jsonl",
            "--data-dir has no meaning for dedup",
        ),
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(told), "{error}");
    }
    for line in ["demo --movies 3", "--json schema", "serve --data-dir films"] {
        assert!(parse(line).is_ok(), "{line}");
    }
}
