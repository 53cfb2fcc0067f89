//! Three recorded servers merged, held against what was really put on them (`truth.json`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use manyfin::accounts::PublicIds;
use manyfin::catalog::snapshot::{
    CopySeed, KnownCopy, MergedLibrary, MergedSource, Parts, ServerEntry, Snapshot, SourceLibrary,
    SourcePolicy, Strategy, build,
};
use manyfin::merge::name::normalized;
use manyfin::model::{ItemKind, PublicId, ServerKey, UpstreamId};
use manyfin::wire::{LightItem, Packed};
use serde_json::Value;

use crate::support::recorded;

/// The libraries of every server: Jellyfin's type, and the folder that they lie in.
const LIBRARIES: [(&str, &str); 3] = [
    ("movies", "/media/movies/"),
    ("tvshows", "/media/shows/"),
    ("music", "/media/music/"),
];

/// What a copy really is: two copies with the same answer are one work.
type Truth = BTreeMap<usize, String>;

struct Merged {
    snapshot: Snapshot,
    /// By copy; what `truth.json` does not know (artists, folders, box sets) is absent.
    truth: Truth,
}

#[test]
fn no_two_works_are_one_item() {
    let merged = merge(Strategy::ProviderIds);
    for item in &merged.snapshot.items {
        let works: BTreeSet<&String> = item
            .copies
            .iter()
            .filter_map(|copy| merged.truth.get(&(*copy as usize)))
            .collect();
        assert!(works.len() <= 1, "{works:?} became one {}", item.kind);
    }
}

#[test]
fn copies_that_share_an_id_are_one_item() {
    let merged = merge(Strategy::ProviderIds);
    let mut pairs = 0;
    merged.each_pair(|left, right| {
        if merged.truth[&left] == merged.truth[&right] && merged.share_an_id(left, right) {
            pairs += 1;
            assert!(
                merged.same_item(left, right),
                "{} and {} share an id",
                merged.label(left),
                merged.label(right)
            );
        }
    });
    assert!(pairs > 100, "only {pairs} pairs");
}

#[test]
fn copies_without_ids_are_found_by_name_and_year_where_one_item_fits() {
    let merged = merge(Strategy::ProviderIds);
    let works: Vec<usize> = merged
        .truth
        .keys()
        .copied()
        .filter(|copy| merged.is_work(*copy))
        .collect();
    let mut found = 0;
    for &copy in works
        .iter()
        .filter(|copy| merged.light(**copy).provider_ids().is_empty())
    {
        // The items with ids that have its name, and its year or else a year beside it.
        let fitting = |distance: i32| -> BTreeSet<u32> {
            works
                .iter()
                .filter(|other| !merged.light(**other).provider_ids().is_empty())
                .filter(|other| merged.name_fits(copy, **other, distance))
                .map(|other| merged.snapshot.item_of(*other as u32))
                .collect()
        };
        let same_year = fitting(0);
        let fits = if same_year.is_empty() {
            fitting(1)
        } else {
            same_year
        };
        if let [only] = fits.iter().copied().collect::<Vec<_>>()[..] {
            found += 1;
            assert_eq!(
                merged.snapshot.item_of(copy as u32),
                only,
                "{} stands alone",
                merged.label(copy)
            );
        }
    }
    assert!(found > 10, "only {found} copies without ids");
}

#[test]
fn seasons_episodes_and_tracks_are_united_by_their_numbers() {
    let merged = merge(Strategy::ProviderIds);
    let mut items: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut numbered = 0;
    for (copy, truth) in &merged.truth {
        if !merged.is_work(*copy) {
            numbered += 1;
            items
                .entry(truth)
                .or_default()
                .insert(merged.snapshot.item_of(*copy as u32));
        }
    }
    assert!(numbered > 300, "only {numbered} copies");
    let torn: Vec<&&str> = items
        .iter()
        .filter(|(_, items)| items.len() > 1)
        .map(|(truth, _)| truth)
        .collect();
    assert!(torn.is_empty(), "several items for {torn:?}");
}

#[test]
fn nothing_is_joined_where_the_strategy_is_none() {
    let merged = merge(Strategy::None);
    merged.each_pair(|left, right| {
        assert!(!merged.same_item(left, right), "{}", merged.label(left));
    });
}

impl Merged {
    fn each_pair(&self, mut each: impl FnMut(usize, usize)) {
        let copies: Vec<usize> = self.truth.keys().copied().collect();
        for (at, left) in copies.iter().enumerate() {
            for right in &copies[at + 1..] {
                if self.light(*left).kind == self.light(*right).kind {
                    each(*left, *right);
                }
            }
        }
    }

    fn light(&self, copy: usize) -> &Packed {
        &self.snapshot.copies[copy as u32].light
    }

    /// Films, series and albums are found by what they are; the rest by their number in one of them.
    fn is_work(&self, copy: usize) -> bool {
        use ItemKind::{Movie, MusicAlbum, Series};
        [Movie, Series, MusicAlbum].contains(&self.light(copy).kind)
    }

    fn share_an_id(&self, left: usize, right: usize) -> bool {
        self.is_work(left)
            && self
                .light(left)
                .provider_ids()
                .any(|(provider, id)| self.light(right).provider_ids().get(&provider) == Some(id))
    }

    fn same_item(&self, left: usize, right: usize) -> bool {
        self.snapshot.item_of(left as u32) == self.snapshot.item_of(right as u32)
    }

    fn name_fits(&self, left: usize, right: usize, distance: i32) -> bool {
        let (left, right) = (self.light(left), self.light(right));
        let years = left.production_year().zip(right.production_year());
        left.kind == right.kind
            && left.album_artist() == right.album_artist()
            && normalized(left.name()) == normalized(right.name())
            && years.is_some_and(|(left, right)| (left - right).abs() == distance)
    }

    fn label(&self, copy: usize) -> String {
        let light = self.light(copy);
        let server = &self.snapshot.servers[self.snapshot.copies[copy as u32].server as usize].name;
        format!(
            "{} ({:?}) on {server}",
            light.name(),
            light.production_year()
        )
    }
}

/// Everything that the three servers hold, in one merged library a type.
fn merge(strategy: Strategy) -> Merged {
    let ids = PublicIds::new([7; 32]);
    let mut servers = Vec::new();
    let mut source_libraries = Vec::new();
    let mut copies = Vec::new();
    let mut folders = HashMap::new();
    for server in recorded::SERVERS {
        let key: ServerKey = format!("{server:032x}").parse().unwrap();
        servers.push(ServerEntry {
            id: server as i64,
            key,
            name: format!("server-{server}"),
        });
        for (kind, _) in LIBRARIES {
            let library_id = UpstreamId::random();
            source_libraries.push(SourceLibrary {
                row: source_libraries.len() as i64,
                server: server as u32,
                library_id,
                id: ids.library(key, library_id),
                name: kind.to_owned(),
                collection_type: Some(kind.to_owned()),
                body: None,
            });
        }
        for body in recorded::lines(server, "bulk-admin") {
            let light: LightItem = serde_json::from_value(body.clone()).unwrap();
            let path = body["Path"].as_str().unwrap_or_default().to_owned();
            let library = LIBRARIES
                .iter()
                .position(|(_, folder)| path.starts_with(folder));
            let row = copies.len() as i64;
            folders.insert((server as u32, light.id), path);
            copies.push(CopySeed {
                row,
                server_id: server as i64,
                library_row: library.map(|at| (server * LIBRARIES.len() + at) as i64),
                light: Packed::from(&light),
                first_seen_at: 0,
                changed_at: 0,
                members: Box::default(),
            });
        }
    }
    let merged_libraries = (0..LIBRARIES.len())
        .map(|at| MergedLibrary {
            row: at as i64,
            id: PublicId::random(),
            name: LIBRARIES[at].0.to_owned(),
            collection_type: LIBRARIES[at].0.to_owned(),
            strategy,
            policy: SourcePolicy::default(),
            is_global: true,
            owner: None,
            sources: recorded::SERVERS
                .into_iter()
                .map(|server| MergedSource {
                    row: (at * 10 + server) as i64,
                    library: (server * LIBRARIES.len() + at) as u32,
                    priority: 0,
                })
                .collect(),
        })
        .collect();
    let known = copies
        .into_iter()
        .map(|seed| KnownCopy::of(seed, &servers, &ids));
    let known = known
        .collect::<Result<_, _>>()
        .expect("every server is known");
    let (snapshot, _) = build(Parts {
        servers,
        source_libraries,
        merged_libraries,
        copies: known,
        joined: &[],
        parted: &[],
        remembered: &Default::default(),
        ids: &ids,
        generation: 1,
    });
    let truth = truth(&snapshot, &folders);
    Merged { snapshot, truth }
}

/// Which work each copy is, by the folder that `truth.json` names.
fn truth(snapshot: &Snapshot, folders: &HashMap<(u32, UpstreamId), String>) -> Truth {
    let works = works();
    let work_of = |server: u32, id: UpstreamId| {
        let path = folders.get(&(server, id))?;
        let mut folder = path.as_str();
        loop {
            if let Some(work) = works.get(&(server as usize, folder.to_owned())) {
                return Some(work.clone());
            }
            folder = &folder[..folder.rfind('/')?];
        }
    };
    let mut truth = Truth::new();
    for (at, copy) in snapshot.copies.iter().enumerate() {
        let light = &copy.light;
        let Some(work) = work_of(copy.server, light.id) else {
            continue;
        };
        let number =
            |number: Option<i32>| number.map_or("?".to_owned(), |number| number.to_string());
        let what = match light.kind {
            ItemKind::Movie | ItemKind::Series | ItemKind::MusicAlbum => work,
            ItemKind::Season => format!("{work} season {}", number(light.index_number())),
            ItemKind::Episode => format!(
                "{work} S{}E{}-{}",
                number(light.parent_index_number()),
                number(light.index_number()),
                number(light.index_number_end())
            ),
            ItemKind::Audio => format!("{work} track {}", number(light.index_number())),
            _ => continue,
        };
        truth.insert(at, what);
    }
    assert!(truth.len() > 500, "only {} copies are known", truth.len());
    truth
}

/// The work in each folder of each server.
fn works() -> HashMap<(usize, String), String> {
    let truth: Value = serde_json::from_str(&recorded::text("truth.json.zst")).unwrap();
    let mut works = HashMap::new();
    for (list, root) in [
        ("movies", "movies"),
        ("series", "shows"),
        ("albums", "music"),
    ] {
        for work in truth[list].as_array().unwrap() {
            for copy in work["copies"].as_array().unwrap() {
                let text = |key: &str| copy[key].as_str().unwrap_or_default();
                let folder = match list {
                    "movies" => text("path").split('/').next().unwrap().to_owned(),
                    "series" => format!("{} ({})", text("title"), copy["year"]),
                    _ => format!("{}/{} ({})", text("artist"), text("album"), copy["year"]),
                };
                let server = copy["server"].as_u64().unwrap() as usize;
                works.insert(
                    (server, format!("/media/{root}/{folder}")),
                    work["key"].as_str().unwrap().to_owned(),
                );
            }
        }
    }
    works
}
