//! From a change of one copy to the published snapshot, without the database: a film gets another title, a
//! film comes that joins one, an episode becomes another, a film goes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyfin::catalog::Remembered;
use manyfin::catalog::snapshot::{
    Change, Chosen, CopySeed, KnownCopy, Ledger, Snapshot, Strategy, update,
};
use manyfin::model::{ItemKind, UpstreamId};
use manyfin::wire::{LightItem, Packed};
use uuid::Uuid;

#[path = "catalog.rs"]
mod catalog;
#[path = "library.rs"]
mod library;

/// As the program itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

struct Bed {
    generated: catalog::Generated,
    current: ArcSwap<Snapshot>,
    ledger: Ledger,
    remembered: Remembered,
}

impl Bed {
    fn new(count: u32, strategy: Strategy) -> Self {
        let mut generated = catalog::generate(count);
        for library in &mut generated.merged_libraries {
            library.strategy = strategy;
        }
        let (snapshot, ledger, remembered) = generated.begin();
        Self {
            generated,
            current: ArcSwap::from_pointee(snapshot),
            ledger,
            remembered,
        }
    }

    /// What the store does, without the database.
    fn apply(&mut self, upserted: Vec<CopySeed>, removed: &[i64]) -> Duration {
        let begun = Instant::now();
        let known = upserted.into_iter().map(|seed| {
            let known = KnownCopy::of(seed, &self.generated.servers, &self.generated.ids);
            known.expect("its server is there")
        });
        let upserted: Vec<Arc<KnownCopy>> = known.collect();
        let change = Change {
            upserted: &upserted,
            removed,
            renewed: &[],
            joined: &[],
            parted: &[],
            remembered: &self.remembered,
            ids: &self.generated.ids,
            most: 100_000,
        };
        let before = self.current.load_full();
        let next = update(&before, &mut self.ledger, &change);
        let (mut next, changes) = next.expect("it is a small change");
        next.choose(&Chosen::default());
        self.remembered.apply(&changes, 2);
        self.current.store(Arc::new(next));
        begun.elapsed()
    }

    /// Copies of a kind, far from each other.
    fn some(&self, kind: ItemKind) -> Vec<Arc<KnownCopy>> {
        let all = self.generated.copies.iter();
        let mut all: Vec<_> = all
            .filter(|copy| copy.light.kind == kind)
            .cloned()
            .collect();
        all.sort_by_key(|copy| copy.id);
        all
    }
}

fn seed(copy: &KnownCopy, change: impl FnOnce(&mut LightItem)) -> CopySeed {
    let mut light = copy.light.unpack();
    change(&mut light);
    CopySeed {
        row: copy.row(),
        server_id: copy.server_id(),
        library_row: copy.library_row(),
        light: Packed::from(&light),
        first_seen_at: copy.first_seen_at(),
        changed_at: copy.changed_at() + 1,
        members: copy.members().into(),
    }
}

fn one_copy(criterion: &mut Criterion) {
    for strategy in [Strategy::ProviderIds, Strategy::NameYear, Strategy::Smart] {
        one_copy_under(strategy, criterion);
    }
}

fn one_copy_under(strategy: Strategy, criterion: &mut Criterion) {
    let mut bench = criterion.benchmark_group(format!("incremental/{}", strategy.as_str()));
    bench.sample_size(20);
    for count in [10_000, 100_000, 1_000_000] {
        let mut bed = Bed::new(count, strategy);
        let (films, episodes) = (bed.some(ItemKind::Movie), bed.some(ItemKind::Episode));
        let mut round = 0_usize;
        bench.bench_function(BenchmarkId::new("title of a film", count), |bencher| {
            bencher.iter_custom(|times| {
                let rounds = (0..times).map(|_| {
                    round += 1;
                    let film = &films[round % films.len()];
                    let name = format!("{} {round}", film.light.name());
                    bed.apply(vec![seed(film, |light| light.name = name)], &[])
                });
                rounds.sum()
            });
        });
        bench.bench_function(BenchmarkId::new("number of an episode", count), |bencher| {
            bencher.iter_custom(|times| {
                let rounds = (0..times).map(|_| {
                    round += 1;
                    let episode = &episodes[round % episodes.len()];
                    let number = 1 + round as i32 % 12;
                    let seed = seed(episode, |light| light.index_number = Some(number));
                    bed.apply(vec![seed], &[])
                });
                rounds.sum()
            });
        });
        for comes in [true, false] {
            let name = if comes { "a film comes" } else { "a film goes" };
            bench.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter_custom(|times| {
                    let rounds = (0..times).map(|_| {
                        round += 1;
                        let film = &films[round % films.len()];
                        // The same film on the next server, by an id that nothing has.
                        let id = UpstreamId(Uuid::from_u128(u128::MAX - round as u128));
                        let mut new = seed(film, |light| light.id = id);
                        new.row = 10_000_000 + round as i64;
                        new.server_id = film.server_id() % i64::from(library::SERVERS) + 1;
                        new.library_row = Some((new.server_id - 1) * 3 + 1);
                        let row = new.row;
                        let (came, went) = (bed.apply(vec![new], &[]), bed.apply(vec![], &[row]));
                        if comes { came } else { went }
                    });
                    rounds.sum()
                });
            });
        }
    }
    bench.finish();
}

criterion_group!(benches, one_copy);
criterion_main!(benches);
