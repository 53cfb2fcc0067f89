//! Texts of the catalog, which lie in memory by the million: eight bytes each where they are used, what
//! many items share kept once.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{LazyLock, Mutex};

use arcstr::ArcStr;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! text {
    ($(#[$meta:meta])* $name:ident, $make:expr) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ArcStr);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self($make(text))
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }
        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self::from(text.as_str())
            }
        }
        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.as_ref().to_owned()
            }
        }
        impl From<&$name> for String {
            fn from(text: &$name) -> Self {
                text.as_ref().to_owned()
            }
        }
        impl From<$name> for serde_json::Value {
            fn from(text: $name) -> Self {
                Self::String(text.into())
            }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                **self == *other
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                **self == **other
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Read;
                impl Visitor<'_> for Read {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a text")
                    }
                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok($name::from(text))
                    }
                }
                deserializer.deserialize_str(Read)
            }
        }
    };
}

text! {
    /// A text that is one item's own: a title, a path, a tag. Clones share it.
    Text, ArcStr::from
}
text! {
    /// A text that many items share: a genre, a person, a codec. Equal ones lie in memory once.
    Word, shared
}

/// Every word that is in use, and some that were.
struct Words {
    known: HashSet<ArcStr>,
    /// Words that nobody uses any more are dropped when there are so many.
    sweep_at: usize,
}

const SHARDS: usize = 16;
const FIRST_SWEEP: usize = 4_096;

static WORDS: LazyLock<[Mutex<Words>; SHARDS]> = LazyLock::new(|| {
    std::array::from_fn(|_| {
        Mutex::new(Words {
            known: HashSet::new(),
            sweep_at: FIRST_SWEEP,
        })
    })
});

fn shared(text: &str) -> ArcStr {
    // By length and ends: cheap, and spread well enough to keep threads apart.
    let ends = text.bytes().next().unwrap_or(0) ^ text.bytes().next_back().unwrap_or(0);
    let shard = (usize::from(ends) ^ text.len()) % SHARDS;
    let mut words = WORDS[shard].lock().expect("no panic while locked");
    if let Some(found) = words.known.get(text) {
        return found.clone();
    }
    if words.known.len() >= words.sweep_at {
        // One count is the set's own.
        let unused = |word: &ArcStr| ArcStr::strong_count(word) == Some(1);
        words.known.retain(|word| !unused(word));
        words.sweep_at = (words.known.len() * 2).max(FIRST_SWEEP);
    }
    let made = ArcStr::from(text);
    words.known.insert(made.clone());
    made
}

/// A small map by word, as JSON an object; in the order of its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs<V>(Box<[(Word, V)]>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Box::default())
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
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Word, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }
    pub fn keys(&self) -> impl Iterator<Item = &Word> {
        self.0.iter().map(|(key, _)| key)
    }
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl<'a, V> IntoIterator for &'a Pairs<V> {
    type Item = (&'a Word, &'a V);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'a, (Word, V)>, fn(&'a (Word, V)) -> (&'a Word, &'a V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

impl<K: Into<Word>, V> FromIterator<(K, V)> for Pairs<V> {
    /// Of equal keys the last counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut found: Vec<(Word, V)> = Vec::new();
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

impl<V: Serialize> Serialize for Pairs<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Read<V> {
            type Value = Pairs<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs: Vec<(Word, V)> = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs.into_iter().collect())
            }
        }
        deserializer.deserialize_map(Read(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_lie_in_memory_once() {
        let (one, other) = (Word::from("Drama"), Word::from(String::from("Drama")));
        assert!(ArcStr::ptr_eq(&one.0, &other.0));
        assert_ne!(one, Word::from("drama"));
    }

    #[test]
    fn words_that_nobody_uses_are_dropped() {
        for number in 0..200_000 {
            drop(Word::from(format!("word {number}")));
        }
        let kept: usize = WORDS
            .iter()
            .map(|shard| shard.lock().unwrap().known.len())
            .sum();
        assert!(kept <= SHARDS * (FIRST_SWEEP + 1), "{kept}");
    }

    #[test]
    fn pairs_read_and_write_as_an_object_in_the_order_of_keys() {
        let pairs: Pairs<Text> =
            serde_json::from_str(r#"{"Tmdb":"2","Imdb":"1","Tmdb":"3"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&pairs).unwrap(),
            r#"{"Imdb":"1","Tmdb":"3"}"#
        );
        assert_eq!(pairs.get("Tmdb").map(|id| &**id), Some("3"));
        assert!(!pairs.contains_key("Tvdb"));
    }
}
