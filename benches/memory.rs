//! How much memory a catalog takes: `cargo bench --bench memory [-- COUNT]`.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use manyfin::wire::Packed;
use tikv_jemallocator::Jemalloc;

#[path = "catalog.rs"]
mod catalog;
#[path = "library.rs"]
mod library;

/// Counts what jemalloc gives out, in its sizes.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let found = unsafe { Jemalloc.alloc(layout) };
        HELD.fetch_add(usable(found), Ordering::Relaxed);
        found
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(usable(at), Ordering::Relaxed);
        unsafe { Jemalloc.dealloc(at, layout) }
    }
}

fn usable(at: *const u8) -> usize {
    match at.is_null() {
        true => 0,
        false => unsafe { tikv_jemallocator::usable_size(at) },
    }
}

#[global_allocator]
static MEMORY: Counting = Counting;

fn main() {
    let count = std::env::args().find_map(|argument| argument.parse().ok());
    let count: u32 = count.unwrap_or(1_000_000);
    let held = || HELD.load(Ordering::Relaxed);
    let empty = held();
    let generated = catalog::generate(count);
    let copies = generated.copies.len();
    let told = |what: &str, bytes: usize| println!("{what}: {} bytes a copy", bytes / copies);
    let known = held() - empty;
    println!("{copies} copies");
    let lights = generated.copies.iter().map(|copy| &copy.light);
    let packed = lights.clone().map(Packed::weight).sum();
    let overviews = lights.filter_map(Packed::overview);
    told(
        "overviews as they came",
        overviews.map(|text| text.len()).sum(),
    );
    told("items packed, overviews squeezed", packed);
    told("what is known of the copies", known);
    let begun = Instant::now();
    let (snapshot, ledger, remembered) = generated.begin();
    println!("built in {:.1} s", begun.elapsed().as_secs_f64());
    let all = held() - empty - known;
    drop(remembered);
    let with_ledger = held() - empty - known;
    drop(ledger);
    let snapshot_alone = held() - empty - known;
    told("the snapshot's own", snapshot_alone);
    told("to make the next one", with_ledger - snapshot_alone);
    told("what ids were given", all - with_ledger);
    println!("{} items", snapshot.items.len());
}
