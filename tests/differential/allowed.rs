//! The differences that are meant: one short list with reasons.

use serde::Deserialize;

use super::compare::Difference;

/// One entry of `tests/fixtures/differences.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// `family/name of the request`, one or several; `*` stands for anything.
    pub request: Patterns,
    /// `$.Items[].Name`, one or several; `*` stands for anything.
    pub at: Patterns,
    /// `status header missing extra type value members order`; none: any.
    #[serde(default)]
    pub kind: Option<Patterns>,
    pub why: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Patterns {
    One(String),
    Several(Vec<String>),
}

impl Patterns {
    fn cover(&self, text: &str) -> bool {
        match self {
            Self::One(pattern) => glob(pattern, text),
            Self::Several(patterns) => patterns.iter().any(|pattern| glob(pattern, text)),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    difference: Vec<Allowed>,
}

/// The list, as it stands in the repository.
pub fn list() -> Vec<Allowed> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/differences.toml"
    );
    let text = std::fs::read_to_string(path).expect("the list of differences");
    let list: List = toml::from_str(&text).expect("a list of differences");
    assert!(list.difference.len() <= 45, "the list is to be short");
    list.difference
}

impl Allowed {
    pub fn covers(&self, request: &str, difference: &Difference) -> bool {
        let kind = difference.what.kind();
        self.request.cover(request)
            && self.at.cover(&difference.at)
            && self.kind.as_ref().is_none_or(|kinds| kinds.cover(kind))
    }
}

/// `*` stands for any text, also none.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(glob("*", "x") && glob("a*c", "abc") && glob("a*c", "ac") && glob("abc", "abc"));
        assert!(glob("*b*d*", "abcde") && glob("lists/*", "lists/x y"));
        assert!(!glob("abc", "abcd") && !glob("a*c", "abd") && !glob("a*bc", "abxc"));
    }
}
