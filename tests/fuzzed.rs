//! The seeds of the fuzz targets, through the same checks: a plain run of the suite keeps them true.

use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
mod inputs;

#[test]
fn every_seed_holds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (target, check) in inputs::TARGETS {
        let folder = seeds.join(target);
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).expect("a folder of seeds") {
            let path = entry.expect("an entry").path();
            let data = std::fs::read(&path).expect("a seed");
            // Of a panic in it, this tells the file.
            println!("{}", path.display());
            check(&data);
            count += 1;
        }
        assert!(count >= 5, "{target} has {count} seeds");
    }
}
