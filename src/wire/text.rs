//! Texts of the catalog, which lie in memory by the million: a word that many items share is kept once, and
//! what is thirty-two hex digits takes sixteen bytes.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::LazyLock;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::interner::Interner;
use crate::model::UpstreamId;

/// A text that many items share: a genre, a person, a codec. Equal ones are one number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word(u32);

static WORDS: LazyLock<Interner<str>> = LazyLock::new(|| {
    let words = Interner::new();
    // So that the first of all words is the default.
    words.number("", Box::default);
    words
});

impl Word {
    pub fn as_str(self) -> &'static str {
        WORDS.get(self.0)
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// The word with a number that [`Word::number`] told.
    pub(super) fn numbered(number: u32) -> Self {
        Self(number)
    }
}

impl Default for Word {
    fn default() -> Self {
        Self::from("")
    }
}
impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self(WORDS.number(text, || text.into()))
    }
}
impl Ord for Word {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Deref for Word {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}
impl AsRef<str> for Word {
    fn as_ref(&self) -> &str {
        self
    }
}
impl From<String> for Word {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}
impl From<&String> for Word {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}
impl From<Word> for String {
    fn from(text: Word) -> Self {
        text.as_ref().to_owned()
    }
}
impl From<&Word> for String {
    fn from(text: &Word) -> Self {
        text.as_ref().to_owned()
    }
}
impl From<Word> for serde_json::Value {
    fn from(text: Word) -> Self {
        Self::String(text.into())
    }
}
impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}
impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}
impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Word;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Word, E> {
                Ok(Word::from(text))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

/// What stands for a state of something: an image's tag, an etag, the id of a version. Most are digests.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// Thirty-two lower-case hex digits.
    Digest([u8; 16]),
    Other(Box<str>),
}

impl From<&str> for Tag {
    fn from(text: &str) -> Self {
        let mut digest = [0; 16];
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        if lower && hex::decode_to_slice(text, &mut digest).is_ok() {
            Self::Digest(digest)
        } else {
            Self::Other(text.into())
        }
    }
}
impl Tag {
    /// The id that it is, of a version.
    pub fn id(&self) -> Option<UpstreamId> {
        match self {
            Self::Digest(digest) => Some(UpstreamId(uuid::Uuid::from_bytes(*digest))),
            Self::Other(text) => text.parse().ok(),
        }
    }
}
impl Default for Tag {
    fn default() -> Self {
        Self::Other(Box::default())
    }
}
impl From<String> for Tag {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}
impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.to_string()
    }
}
impl From<Tag> for serde_json::Value {
    fn from(tag: Tag) -> Self {
        Self::String(tag.to_string())
    }
}
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => {
                let mut text = [0; 32];
                hex::encode_to_slice(digest, &mut text).expect("two digits a byte");
                f.write_str(std::str::from_utf8(&text).expect("digits"))
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}
impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Tag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Tag, E> {
                Ok(Tag::from(text))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

/// A small map, as JSON an object; in the order of its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs<V, K = Word>(Box<[(K, V)]>);

impl<V, K> Default for Pairs<V, K> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<V, K> Pairs<V, K> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

impl<V> Pairs<V> {
    pub fn get(&self, key: &str) -> Option<&V> {
        let found = self.0.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value)
    }
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

impl<'a, V, K> IntoIterator for &'a Pairs<V, K> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

impl<Q: Into<K>, K: Ord, V> FromIterator<(Q, V)> for Pairs<V, K> {
    /// Of equal keys the last counts.
    fn from_iter<I: IntoIterator<Item = (Q, V)>>(pairs: I) -> Self {
        let mut found: Vec<(K, V)> = Vec::new();
        for (key, value) in pairs {
            let key = key.into();
            match found.binary_search_by(|(known, _)| known.cmp(&key)) {
                Ok(at) => found[at].1 = value,
                Err(at) => found.insert(at, (key, value)),
            }
        }
        Self(found.into())
    }
}

impl<V: Serialize, K: Serialize> Serialize for Pairs<V, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>, K: Deserialize<'de> + Ord> Deserialize<'de> for Pairs<V, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<V, K>(PhantomData<(V, K)>);
        impl<'de, V: Deserialize<'de>, K: Deserialize<'de> + Ord> Visitor<'de> for Read<V, K> {
            type Value = Pairs<V, K>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs: Vec<(K, V)> = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs.into_iter().collect())
            }
        }
        deserializer.deserialize_map(Read(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_are_one() {
        let (one, other) = (Word::from("Drama"), Word::from(String::from("Drama")));
        assert!(std::ptr::eq(one.as_str(), other.as_str()));
        assert_ne!(one, Word::from("drama"));
        assert_eq!(Word::default(), Word::from(""));
        assert!(Word::from("b") > Word::from("a"));
    }

    #[test]
    fn tags_are_told_as_they_came() {
        for text in [
            "0123456789abcdef0123456789abcdef",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef",
            "",
            "Ünï",
        ] {
            let tag = Tag::from(text);
            assert_eq!(tag.to_string(), text);
            assert_eq!(serde_json::to_value(&tag).unwrap(), text);
        }
        assert!(matches!(
            Tag::from("0123456789abcdef0123456789abcdef"),
            Tag::Digest(_)
        ));
    }

    #[test]
    fn pairs_read_and_write_as_an_object_in_the_order_of_keys() {
        let pairs: Pairs<String> =
            serde_json::from_str(r#"{"Tmdb":"2","Imdb":"1","Tmdb":"3"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&pairs).unwrap(),
            r#"{"Imdb":"1","Tmdb":"3"}"#
        );
        assert_eq!(pairs.get("Tmdb").map(String::as_str), Some("3"));
        assert!(!pairs.contains_key("Tvdb"));
    }
}
