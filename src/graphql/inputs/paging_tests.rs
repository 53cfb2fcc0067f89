use uuid::Uuid;

use super::*;

fn id(number: usize) -> PublicId {
    PublicId(Uuid::from_u128(number as u128 + 1))
}

fn cut(paging: &Paging, list: &[PublicId]) -> Cut {
    paging.cut(list.len(), false, |at| list[at]).unwrap()
}

/// Walks a list forward in pages and gives what was seen.
fn walk(list: &[PublicId], size: i32) -> Vec<PublicId> {
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let paging = Paging {
            first: Some(size),
            after: after.clone(),
            ..Default::default()
        };
        let page = cut(&paging, list);
        seen.extend(&list[page.start..page.end]);
        if page.end >= list.len() {
            return seen;
        }
        let at = page.end - 1;
        after = Some(Cursor { at, id: list[at] }.encode());
    }
}

#[test]
fn every_entry_once_whatever_the_page() {
    let list: Vec<_> = (0..57).map(id).collect();
    for size in [1, 2, 7, 56, 57, 58, 1000] {
        assert_eq!(walk(&list, size), list, "{size}");
    }
}

#[test]
fn backwards_too() {
    let list: Vec<_> = (0..10).map(id).collect();
    let last = Paging {
        last: Some(3),
        ..Default::default()
    };
    assert_eq!(cut(&last, &list), Cut { start: 7, end: 10 });
    let before = Paging {
        before: Some(Cursor { at: 7, id: list[7] }.encode()),
        ..last
    };
    assert_eq!(cut(&before, &list), Cut { start: 4, end: 7 });
}

#[test]
fn a_cursor_holds_when_the_list_changes() {
    let list: Vec<_> = (0..10).map(id).collect();
    let after = Paging {
        first: Some(2),
        after: Some(Cursor { at: 4, id: list[4] }.encode()),
        ..Default::default()
    };
    let mut longer = list.clone();
    longer.insert(0, id(100));
    assert_eq!(cut(&after, &longer), Cut { start: 6, end: 8 });
    let mut without = list.clone();
    without.remove(4);
    assert_eq!(cut(&after, &without), Cut { start: 4, end: 6 });
}

#[test]
fn pages_are_bounded_for_callers_from_outside() {
    let many = Paging {
        first: Some(1001),
        ..Default::default()
    };
    assert!(many.cut(2000, false, id).is_err());
    let all = many.cut(2000, true, id).unwrap();
    assert_eq!((all.start, all.end), (0, 1001));
    let open = Paging::default();
    assert_eq!(open.cut(2000, false, id).unwrap().end, 100);
    assert_eq!(open.cut(2000, true, id).unwrap().end, 2000);
    for wrong in [
        Paging::offset(Some(-1), None),
        Paging::offset(None, Some(-1)),
    ] {
        assert!(wrong.cut(10, true, id).is_err());
    }
    let foreign = Paging {
        after: Some("nonsense".to_owned()),
        ..Default::default()
    };
    assert!(foreign.cut(10, true, id).is_err());
}

#[test]
fn beyond_the_end_is_empty() {
    let beyond = Paging::offset(Some(50), Some(10));
    let page = beyond.cut(10, false, id).unwrap();
    assert_eq!((page.start, page.end), (10, 10));
}
