//! Records of `manyfin dedup`: any lines are grouped or refused, and their order means nothing.

use std::collections::BTreeSet;

use manyfin::merge::Strategy;
use manyfin::merge::records::{GroupOut, Record, group_records, parse};

/// More records only cost time.
const MOST: usize = 48;

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let records = match parse("seed", &text) {
        Ok(records) => records,
        Err(error) => {
            assert!(
                error.to_string().contains("seed:"),
                "it names file and line"
            );
            return;
        }
    };
    if records.len() > MOST {
        return;
    }
    let ids: BTreeSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
    let unique = ids.len() == records.len();
    for strategy in Strategy::ALL {
        let groups = group_records(records.clone(), strategy);
        assert_eq!(groups.is_ok(), unique, "an id that stands twice is refused");
        let Ok(groups) = groups else { continue };
        each_record_is_in_one_group(&ids, &groups);
        let turned = group_records(turned(&records), strategy).expect("the same records");
        assert_eq!(groups, turned, "{strategy:?}");
        for group in &groups {
            let line = group.line(true);
            assert!(
                serde_json::from_str::<serde_json::Value>(&line).is_ok(),
                "{line}"
            );
            assert!((0.0..=1.0).contains(&group.score), "{}", group.score);
        }
    }
}

fn each_record_is_in_one_group(ids: &BTreeSet<&str>, groups: &[GroupOut]) {
    let grouped: Vec<&str> = groups
        .iter()
        .flat_map(|g| &g.ids)
        .map(String::as_str)
        .collect();
    assert_eq!(grouped.len(), ids.len());
    assert_eq!(&grouped.into_iter().collect::<BTreeSet<_>>(), ids);
}

fn turned(records: &[Record]) -> Vec<Record> {
    let (front, back) = records.split_at(records.len() / 3);
    back.iter().rev().chain(front).cloned().collect()
}
