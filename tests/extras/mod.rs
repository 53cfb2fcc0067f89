//! What hangs on items and only their servers know: lyrics, trailers, further parts, themes, intros; and
//! the collections that hold an item.

mod collections;
mod lyrics;
mod mix;
mod playing;
mod shelves;
mod telling;
