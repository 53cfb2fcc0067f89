//! Grouping generated films from scratch: ten servers, each work held 1.5 times, ids as libraries
//! have them (80% Tmdb, 70% Imdb, 20% Tvdb, 10% none).

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyfin::merge::{Decisions, OwnedCopies, OwnedCopy, Scope, Strategy, group};
use manyfin::model::{ItemKind, ServerKey, UpstreamId};
use uuid::Uuid;

fn films(count: u32) -> OwnedCopies {
    const FIRST: &[&str] = &[
        "Iron", "Silent", "Golden", "Lost", "Velvet", "Paper", "Crimson", "Wild",
    ];
    const SECOND: &[&str] = &[
        "Kingdom", "Shadow", "Voyage", "Winter", "Orchard", "Mirror", "Signal",
    ];
    let mut state = 88_172_645_463_325_252u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let rows = (0..count).map(|at| {
        let work = (random() % (u64::from(count) * 2 / 3)) as usize;
        let name = format!(
            "The {} {} of {}",
            FIRST[work % FIRST.len()],
            SECOND[work / FIRST.len() % SECOND.len()],
            work / (FIRST.len() * SECOND.len())
        );
        let id = u128::from(random()) << 64 | u128::from(random());
        let mut row = OwnedCopy::new(
            ServerKey(Uuid::from_u128(u128::from(at % 10))),
            UpstreamId(Uuid::from_u128(id)),
            ItemKind::Movie,
            name,
        );
        row.year = Some(1920 + (work % 100) as i32);
        row.library = Some(at % 10);
        let ids = random() % 10;
        if ids < 8 {
            row.provider_ids
                .push(("Tmdb".to_owned(), (1000 + work).to_string()));
        }
        if ids < 6 || ids == 8 {
            row.provider_ids
                .push(("Imdb".to_owned(), format!("tt{:07}", 2000 + work)));
        }
        if ids < 2 {
            row.provider_ids
                .push(("Tvdb".to_owned(), (7000 + work).to_string()));
        }
        row
    });
    OwnedCopies {
        rows: rows.collect(),
        unknown_is_video: false,
    }
}

fn from_scratch(criterion: &mut Criterion) {
    let mut bench = criterion.benchmark_group("grouping");
    bench.sample_size(10);
    for count in [10_000, 100_000, 1_000_000] {
        let copies = films(count);
        for strategy in [Strategy::ProviderIds, Strategy::NameYear, Strategy::Smart] {
            let scopes = [Scope {
                strategy,
                libraries: (0..10).collect(),
            }];
            let id = BenchmarkId::new(strategy.as_str(), count);
            bench.bench_with_input(id, &copies, |bencher, copies| {
                bencher.iter(|| group(copies, &scopes, &Decisions::default()));
            });
        }
    }
    bench.finish();
}

criterion_group!(benches, from_scratch);
criterion_main!(benches);
