use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use crate::accounts::PublicIds;
use crate::model::PublicId;
use crate::stream::{Capabilities, Grant};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn capabilities(secret: u8) -> Capabilities {
    Capabilities::new(&PublicIds::new([secret; 32]))
}

fn grant() -> Grant {
    Grant {
        user: PublicId::random(),
        copy: PublicId::random(),
    }
}

#[test]
fn a_right_opens_what_it_was_signed_for_until_it_ends() {
    let (ours, grant) = (capabilities(1), grant());
    let text = ours.sign(grant, now());
    let text = text.expose();
    assert_eq!(ours.verify(text, now()), Some(grant));
    assert_eq!(
        ours.verify(text, now() + Duration::hours(47)),
        Some(grant),
        "a pause over night"
    );
    assert_eq!(ours.verify(text, now() + Duration::hours(48)), None);
    assert_eq!(
        capabilities(2).verify(text, now()),
        None,
        "another installation"
    );
    assert!(
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
        "fit for a query as it is: {text}"
    );
}

#[test]
fn a_right_that_was_changed_is_none() {
    let ours = capabilities(1);
    let text = ours.sign(grant(), now());
    let text = text.expose();
    for at in 4..text.len() {
        let mut changed = text.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(ours.verify(&changed, now()), None, "{changed}");
    }
    assert_eq!(ours.verify(&text[..text.len() - 2], now()), None);
    assert_eq!(ours.verify(&format!("{text}AA"), now()), None);
}

proptest! {
    #[test]
    fn any_text_has_an_answer(text in ".*", tail in "[A-Za-z0-9_-]{0,90}") {
        prop_assert_eq!(capabilities(1).verify(&text, now()), None);
        prop_assert_eq!(capabilities(1).verify(&format!("mf1.{tail}"), now()), None);
    }
}

#[test]
fn what_signs_is_never_shown() {
    assert_eq!(format!("{:?}", capabilities(173)), "Capabilities(…)");
}
