use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

fn code(query: &str) -> Option<Code> {
    admit(query, &Limits::default())
        .err()
        .map(|error| error.code)
}

/// A chain of fragments that each spread the next one twice: 2^links selections.
fn bomb(links: usize) -> String {
    let mut query = String::from("{...f0}");
    for link in 0..links {
        let _ = write!(
            query,
            "fragment f{link} on Query{{...f{0} ...f{0}}}",
            link + 1
        );
    }
    let _ = write!(query, "fragment f{links} on Query{{__typename}}");
    query
}

/// Walked without memory, the shortest bomb takes half a minute, a longer one for ever. How long it
/// takes at the door is measured by `benches/load/run.py`.
fn at_once(query: &str) -> Option<Code> {
    let begin = Instant::now();
    let code = code(query);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}: {query}");
    code
}

#[test]
fn the_fragment_bomb_is_refused_at_once() {
    assert_eq!(at_once(&bomb(26)), Some(Code::TooComplex));
}

#[test]
fn counts_do_not_overflow() {
    assert_eq!(code(&bomb(200)), Some(Code::TooComplex));
}

#[test]
fn a_short_chain_passes() {
    assert_eq!(code(&bomb(10)), None);
}

#[test]
fn cycles_are_refused() {
    for query in [
        "{...a} fragment a on Query {...a}",
        "{...a} fragment a on Query {...b ...b} fragment b on Query {...a ...a}",
    ] {
        assert_eq!(code(query), Some(Code::ValidationFailed), "{query}");
    }
}

#[test]
fn aliases_count_through_fragments() {
    let few: String = (0..50).map(|n| format!("a{n}: __typename ")).collect();
    assert_eq!(code(&format!("{{ {few} }}")), None);
    let spread = format!(
        "{{ ...f x: __schema {{ __typename ...f }} ...f }} fragment f on Query {{ {few} }}"
    );
    assert_eq!(code(&spread), Some(Code::TooComplex));
}

#[test]
fn long_and_deep_documents_are_refused_before_parsing() {
    let long = "{ a }".repeat(2_000);
    assert_eq!(code(&long), Some(Code::TooComplex));
    let deep = format!("{{ a(b: {}1{}) }}", "[".repeat(90), "]".repeat(90));
    assert_eq!(code(&deep), Some(Code::TooComplex));
}

#[test]
fn introspection_is_open_but_not_without_end() {
    assert_eq!(
        code("{ __schema { types { name fields { type { name fields { name } } } } } }"),
        None
    );
    let mut endless = String::from("name");
    for _ in 0..6 {
        endless = format!("fields {{ type {{ {endless} }} }}");
    }
    assert_eq!(
        code(&format!("{{ __schema {{ types {{ {endless} }} }} }}")),
        Some(Code::TooComplex)
    );
}

#[test]
fn a_parse_error_does_not_repeat_the_document() {
    let query = format!("{{ secret_{} ", "x".repeat(500));
    let error = admit(&query, &Limits::default()).unwrap_err();
    assert_eq!(error.code, Code::ParseFailed);
    assert!(!error.message.contains("secret_"), "{}", error.message);
}

#[test]
fn an_unknown_fragment_is_for_validation_to_report() {
    assert_eq!(code("{ ...nowhere }"), None);
}

/// Every way for the same chain to end, each of which costs nothing by itself.
#[test]
fn a_chain_that_leads_nowhere_is_refused_at_once() {
    let chain = bomb(26);
    let chain = chain.trim_end_matches("fragment f26 on Query{__typename}");
    let ends = [
        "",
        "fragment f26 on Query{...nowhere}",
        "fragment f26 on Query{... {...nowhere}}",
        "fragment f26 on Query{...nowhere @skip(if: true)}",
        "fragment f26 on Nothing{__typename @include(if: false)}",
    ];
    for end in ends {
        // Also where no operation, or only the second one, spreads it.
        for start in [
            "{...f0}",
            "{__typename}",
            "query a{__typename} query b{...f0}",
        ] {
            let query = chain.replacen("{...f0}", start, 1) + end;
            assert_eq!(at_once(&query), Some(Code::TooComplex), "{query}");
        }
    }
}

#[test]
fn inline_fragments_and_spreads_count() {
    let spreads = "...f ".repeat(1_300);
    let doubled = format!("{{...g ...g}} fragment g on Query{{ {spreads} }}");
    assert_eq!(code(&doubled), None);
    let nested = "... { ...f } ".repeat(700);
    let query = format!("{{...g ...g ...g ...g}} fragment g on Query{{ {nested} }}");
    assert_eq!(code(&query), Some(Code::TooComplex));
}
