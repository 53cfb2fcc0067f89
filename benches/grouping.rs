//! Grouping generated libraries from scratch: ten servers, each work held by 1.5 of them on average,
//! what they hold and which ids they have as in real libraries (`library`).

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use manyfin::merge::{Decisions, Scope, Strategy, group};

#[path = "library.rs"]
mod library;

fn from_scratch(criterion: &mut Criterion) {
    let mut bench = criterion.benchmark_group("grouping");
    bench.sample_size(10);
    for count in [10_000, 100_000, 1_000_000] {
        let copies = library::generate(count);
        for strategy in [Strategy::ProviderIds, Strategy::NameYear, Strategy::Smart] {
            let scopes = [Scope {
                strategy,
                libraries: (0..library::LIBRARIES).collect(),
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
