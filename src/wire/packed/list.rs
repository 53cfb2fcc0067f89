//! Fields of which there are several: a count, then one after the other, in as few bytes as each takes.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::LazyLock;

use integer_encoding::VarInt;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::cell::PLACE;
use crate::wire::interner::Interner;
use crate::wire::light::{LightPerson, LightSource, LightStream, NameId};
use crate::wire::prose::{PROSE, Prose};
use crate::wire::text::{Pairs, Tag, Word};

/// What stands one after the other.
pub trait Element: Sized {
    /// As readers get it: borrowed, where it is a text.
    type Shown<'a>;

    fn write(&self, out: &mut Vec<u8>);
    /// Takes one from the front.
    fn read<'a>(from: &mut &'a [u8]) -> Self::Shown<'a>;
    fn own(shown: Self::Shown<'_>) -> Self;
}

/// A field with several values.
pub trait List: FromIterator<Self::Element> {
    type Element: Element;
    const CELL: usize = PLACE;

    fn count(&self) -> usize;
    fn write_all(&self, out: &mut Vec<u8>);
}

/// The values of such a field, read as they are asked for.
pub struct Items<'a, E> {
    left: usize,
    bytes: &'a [u8],
    of: PhantomData<E>,
}

impl<'a, E> Items<'a, E> {
    pub(super) fn new(mut bytes: &'a [u8]) -> Self {
        let left = number(&mut bytes);
        Self {
            left,
            bytes,
            of: PhantomData,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.left == 0
    }
}

impl<'a, K: Element, V: Element> Items<'a, (K, V)> {
    /// The value with this key.
    pub fn get<Q: ?Sized>(self, key: &Q) -> Option<V::Shown<'a>>
    where
        K::Shown<'a>: PartialEq<Q>,
    {
        let mut pairs = self;
        let found = pairs.find(|(known, _)| *known == *key);
        found.map(|(_, value)| value)
    }
}

impl<'a, E: Element> Serialize for Items<'a, E>
where
    E::Shown<'a>: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.clone())
    }
}

impl<E> Clone for Items<'_, E> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<E> Default for Items<'_, E> {
    fn default() -> Self {
        Self {
            left: 0,
            bytes: &[],
            of: PhantomData,
        }
    }
}

impl<'a, E: Element> Iterator for Items<'a, E> {
    type Item = E::Shown<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(E::read(&mut self.bytes))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<E: Element> ExactSizeIterator for Items<'_, E> {}

pub(super) fn write<T: List>(list: &T, out: &mut Vec<u8>) {
    put_number(out, list.count());
    list.write_all(out);
}

pub(super) fn own<T: List>(items: Items<'_, T::Element>) -> T {
    items.map(T::Element::own).collect()
}

impl<E: Element> List for Vec<E> {
    type Element = E;

    fn count(&self) -> usize {
        self.len()
    }
    fn write_all(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|element| element.write(out));
    }
}

impl<V: Element, K: Element + Ord> List for Pairs<V, K> {
    type Element = (K, V);

    fn count(&self) -> usize {
        self.len()
    }
    fn write_all(&self, out: &mut Vec<u8>) {
        for (key, value) in self {
            key.write(out);
            value.write(out);
        }
    }
}

impl<K: Element, V: Element> Element for (K, V) {
    type Shown<'a> = (K::Shown<'a>, V::Shown<'a>);

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }
    fn read<'a>(from: &mut &'a [u8]) -> Self::Shown<'a> {
        (K::read(from), V::read(from))
    }
    fn own((key, value): Self::Shown<'_>) -> Self {
        (K::own(key), V::own(value))
    }
}

/// A list in a list, with its length before it.
impl<V: Element, K: Element + Ord> Element for Pairs<V, K> {
    type Shown<'a> = Items<'a, (K, V)>;

    fn write(&self, out: &mut Vec<u8>) {
        let mut own = Vec::new();
        write(self, &mut own);
        put_bytes(out, &own);
    }
    fn read<'a>(from: &mut &'a [u8]) -> Self::Shown<'a> {
        Items::new(bytes(from))
    }
    fn own(shown: Self::Shown<'_>) -> Self {
        own(shown)
    }
}

impl Element for String {
    type Shown<'a> = &'a str;

    fn write(&self, out: &mut Vec<u8>) {
        put_text(out, self);
    }
    fn read<'a>(from: &mut &'a [u8]) -> &'a str {
        text(from)
    }
    fn own(shown: &str) -> Self {
        shown.to_owned()
    }
}

/// Before it twice its length, and one more where it is squeezed.
impl Element for Prose {
    type Shown<'a> = Cow<'a, str>;

    fn write(&self, out: &mut Vec<u8>) {
        match PROSE.squeeze(self) {
            Some(squeezed) => {
                put_number(out, squeezed.len() * 2 + 1);
                out.extend(squeezed);
            }
            None => {
                put_number(out, self.len() * 2);
                out.extend(self.as_bytes());
            }
        }
    }
    fn read<'a>(from: &mut &'a [u8]) -> Cow<'a, str> {
        let length: usize = number(from);
        let bytes = take(from, length / 2);
        match length % 2 {
            0 => as_text(bytes).into(),
            _ => PROSE.read(bytes).into(),
        }
    }
    fn own(shown: Cow<'_, str>) -> Self {
        shown.into_owned().into()
    }
}

/// Elements that are read as what they are.
macro_rules! elements {
    ($($of:ty, |$value:ident, $out:ident| $write:expr, |$from:ident| $read:expr;)*) => {$(
        impl Element for $of {
            type Shown<'a> = Self;

            fn write(&self, $out: &mut Vec<u8>) {
                let $value = self;
                $write;
            }
            fn read($from: &mut &[u8]) -> Self {
                $read
            }
            fn own(shown: Self) -> Self {
                shown
            }
        }
    )*};
}

static NAMES: LazyLock<Interner<NameId>> = LazyLock::new(Interner::new);
/// Without what is one item's, the role.
static PEOPLE: LazyLock<Interner<LightPerson>> = LazyLock::new(Interner::new);

elements! {
    Word, |word, out| put_number(out, word.number()), |from| Word::numbered(number(from));
    // Its length tells a digest: no text is so long.
    Tag, |tag, out| match tag {
        Tag::Digest(digest) => { put_number(out, 0_usize); out.extend(digest) }
        Tag::Other(text) => { put_number(out, text.len() + 1); out.extend(text.as_bytes()) }
    }, |from| match number::<usize>(from) {
        0 => Tag::Digest(take(from, 16).try_into().expect("sixteen bytes")),
        length => Tag::Other(as_text(take(from, length - 1)).into()),
    };
    NameId, |name, out| put_number(out, NAMES.number(name, || Box::new(*name))),
        |from| *NAMES.get(number(from));
    LightPerson, |person, out| {
        let known = LightPerson { role: None, ..*person };
        put_number(out, PEOPLE.number(&known, || Box::new(known)));
        put_option(out, person.role.as_ref());
    }, |from| {
        let known = *PEOPLE.get(number(from));
        LightPerson { role: option::<Word>(from), ..known }
    };
    LightSource, |source, out| {
        source.id.write(out);
        put_option(out, source.name.as_ref());
        put_option(out, source.container.as_ref());
        put_option(out, source.size.as_ref());
        put_option(out, source.bitrate.as_ref());
        put_option(out, source.run_time_ticks.as_ref());
        put_option(out, source.etag.as_ref());
        write(&source.media_streams, out);
    }, |from| LightSource {
        id: Tag::read(from),
        name: option::<String>(from).map(String::from),
        container: option::<Word>(from),
        size: option::<i64>(from),
        bitrate: option::<i64>(from),
        run_time_ticks: option::<i64>(from),
        etag: option::<Tag>(from),
        media_streams: (0..number::<usize>(from)).map(|_| LightStream::read(from)).collect(),
    };
    LightStream, |stream, out| {
        stream.kind.write(out);
        put_option(out, stream.codec.as_ref());
        put_option(out, stream.language.as_ref());
        put_option(out, stream.width.as_ref());
        put_option(out, stream.height.as_ref());
        put_option(out, stream.video_range_type.as_ref());
        put_option(out, stream.channels.as_ref());
        put_option(out, stream.bit_rate.as_ref());
    }, |from| LightStream {
        kind: Word::read(from),
        codec: option::<Word>(from),
        language: option::<Word>(from),
        width: option::<i32>(from),
        height: option::<i32>(from),
        video_range_type: option::<Word>(from),
        channels: option::<i32>(from),
        bit_rate: option::<i64>(from),
    };
    i32, |value, out| put_number(out, *value), |from| number(from);
    i64, |value, out| put_number(out, *value), |from| number(from);
    Value, |value, out| put_text(out, &value.to_string()),
        |from| serde_json::from_str(text(from)).expect("what was written as JSON");
}

fn put_option<E: Element>(out: &mut Vec<u8>, value: Option<&E>) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        value.write(out);
    }
}

fn option<'a, E: Element>(from: &mut &'a [u8]) -> Option<E::Shown<'a>> {
    (take(from, 1)[0] != 0).then(|| E::read(from))
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(super) fn text<'a>(from: &mut &'a [u8]) -> &'a str {
    as_text(bytes(from))
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what was written as text")
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len());
    out.extend(bytes);
}

fn bytes<'a>(from: &mut &'a [u8]) -> &'a [u8] {
    let length = number(from);
    take(from, length)
}

/// Small numbers of either sign take few bytes.
fn put_number(out: &mut Vec<u8>, number: impl VarInt) {
    let mut buffer = [0; 10];
    let length = number.encode_var(&mut buffer);
    out.extend(&buffer[..length]);
}

fn number<N: VarInt>(from: &mut &[u8]) -> N {
    let (number, length) = N::decode_var(from).expect("a number as it was written");
    *from = &from[length..];
    number
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = from.split_at(length);
    *from = rest;
    taken
}
