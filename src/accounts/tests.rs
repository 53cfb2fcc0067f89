//! What needs no database: sealing, names, passwords, the limiter.

use std::os::unix::fs::PermissionsExt;

use super::limiter::{Limiter, Origin};
use super::passwords::{Cost, Passwords};
use super::vault::put_new;
use super::{AccountsError, PublicIds, Vault, VaultError, names, read_url};
use crate::clock::Clock;
use crate::model::Secret;

#[test]
fn what_is_sealed_opens_for_its_purpose_only() {
    let vault = Vault::from_key([7; 32]);
    let secret = Secret::new("pässword");
    let sealed = vault.seal("link.token", &secret);
    assert_eq!(vault.open("link.token", &sealed).unwrap(), secret);
    assert_ne!(
        sealed,
        vault.seal("link.token", &secret),
        "no two look alike"
    );
    let other = vault.open("link.password", &sealed);
    assert!(matches!(other, Err(VaultError::Damaged)));
    for at in [0, sealed.len() - 1] {
        let mut broken = sealed.clone();
        broken[at] ^= 1;
        assert!(matches!(
            vault.open("link.token", &broken),
            Err(VaultError::Damaged)
        ));
    }
    assert!(matches!(
        vault.open("link.token", &[]),
        Err(VaultError::Damaged)
    ));
    let stranger = Vault::from_key([8; 32]).open("link.token", &sealed);
    assert!(matches!(stranger, Err(VaultError::UnknownKey)));
    assert!(!format!("{vault:?}").contains('7'));
}

#[test]
fn the_key_file_is_made_once_and_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/secret.key");
    let vault = Vault::from_file(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let sealed = vault.seal("x", &Secret::new("s"));
    let again = Vault::from_file(&path).unwrap();
    assert!(again.open("x", &sealed).is_ok());
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no file is left beside it");

    std::fs::write(&path, "nonsense").unwrap();
    let error = Vault::from_file(&path).unwrap_err();
    assert!(!error.to_string().contains("nonsense"));
}

/// Whether this was sealed by the key that seals now, whose id stands behind the version.
fn is_current(vault: &Vault, sealed: &[u8]) -> bool {
    vault.seal("x", &Secret::new("s"))[1..5] == sealed[1..5]
}

#[test]
fn a_running_vault_follows_a_rotation_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let running = Vault::from_file(&path).unwrap();
    let old = running.seal("x", &Secret::new("s"));
    let rotating = Vault::from_file(&path).unwrap();
    rotating.add_key().unwrap();
    assert!(!is_current(&rotating, &old));
    assert!(rotating.open("x", &old).is_ok(), "old keys still open");
    let new = rotating.seal("x", &Secret::new("s"));
    assert!(running.open("x", &new).is_ok());
    rotating.drop_old_keys().unwrap();
    assert!(matches!(
        rotating.open("x", &old),
        Err(VaultError::UnknownKey)
    ));
    assert!(Vault::from_key([1; 32]).add_key().is_err());
}

#[test]
fn a_key_from_the_environment_is_hex_or_base64() {
    for text in ["00".repeat(32), format!("{}=", "A".repeat(43))] {
        assert!(Vault::from_text(&Secret::new(text)).is_ok());
    }
    assert!(matches!(
        Vault::from_text(&Secret::new("short")),
        Err(VaultError::Key)
    ));
}

#[test]
fn names_are_trimmed_bounded_and_printable() {
    assert_eq!(names::check("name", "  Zoë  B ", 64).unwrap(), "Zoë  B");
    for bad in ["", "   ", "a\nb", "a\u{202e}b", &"x".repeat(65)] {
        assert!(names::check("name", bad, 64).is_err(), "{bad:?}");
    }
    assert_eq!(names::key("ALICE"), names::key(" alice "));
    assert_eq!(names::key("ＡＬＩＣＥ"), "alice");
    assert_eq!(names::key("Zoe\u{308}"), names::key("zoë"));
    assert_ne!(names::key("alice"), names::key("alicia"));
}

#[test]
fn addresses_are_read_as_people_type_them() {
    let read = |text: &str| read_url(text).map(|url| url.to_string());
    assert_eq!(
        read(" http://a.test:8096/ ").unwrap(),
        "http://a.test:8096/"
    );
    assert_eq!(read("https://a.test/jf/").unwrap(), "https://a.test/jf");
    assert_eq!(
        read("https://a.test/jf/web/index.html").unwrap(),
        "https://a.test/jf"
    );
    for bad in [
        "",
        "a.test",
        "ftp://a.test",
        "http://",
        "http://u:p@a.test",
        "http://a.test/?x=1",
        "file:///etc/passwd",
    ] {
        assert_eq!(read(bad).unwrap_err().field, "url", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_argon2id_and_may_be_empty() {
    let passwords = Passwords::new(Cost::Cheap);
    let hash = passwords.hash(&Secret::new("right")).await.unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    assert!(
        passwords
            .verify(&Secret::new("right"), Some(&hash))
            .await
            .unwrap()
    );
    assert!(
        !passwords
            .verify(&Secret::new("wrong"), Some(&hash))
            .await
            .unwrap()
    );
    assert!(!passwords.verify(&Secret::new(""), None).await.unwrap());
    let empty = passwords.hash(&Secret::default()).await.unwrap();
    assert!(
        passwords
            .verify(&Secret::default(), Some(&empty))
            .await
            .unwrap()
    );
    let huge = Secret::new("x".repeat(5000));
    assert!(matches!(
        passwords.hash(&huge).await,
        Err(AccountsError::InvalidInput(_))
    ));
    assert!(!passwords.verify(&huge, Some(&hash)).await.unwrap());
}

#[test]
fn wrong_attempts_run_out_and_come_back_with_time() {
    let clock = Clock::fixed(chrono::DateTime::UNIX_EPOCH);
    let limiter = Limiter::new(clock.clone());
    let address = Some("10.0.0.1".parse().unwrap());
    for _ in 0..12 {
        limiter.admit(address, "alice", Origin::Elsewhere).unwrap();
    }
    let error = limiter
        .admit(address, "alice", Origin::Elsewhere)
        .unwrap_err();
    assert!(
        matches!(error, AccountsError::TooManyAttempts { retry_after_s: 10 }),
        "{error}"
    );
    limiter.admit(address, "bob", Origin::Elsewhere).unwrap();
    clock.advance(chrono::Duration::seconds(11));
    limiter.admit(address, "alice", Origin::Elsewhere).unwrap();
    assert!(limiter.admit(address, "alice", Origin::Elsewhere).is_err());
    limiter.give_back(address, "alice", Origin::Elsewhere);
    limiter.admit(address, "alice", Origin::Elsewhere).unwrap();
}

#[test]
fn one_network_that_tries_many_names_runs_out_too() {
    let limiter = Limiter::new(Clock::fixed(chrono::DateTime::UNIX_EPOCH));
    let mut admitted = 0;
    for number in 0..100 {
        let address = format!("2001:db8::{number:x}").parse().unwrap();
        if limiter
            .admit(Some(address), &format!("name {number}"), Origin::Elsewhere)
            .is_ok()
        {
            admitted += 1;
        }
    }
    assert_eq!(admitted, 30);
    assert!(
        limiter
            .admit(
                Some("2001:db8:1::1".parse().unwrap()),
                "x",
                Origin::Elsewhere
            )
            .is_ok()
    );
}

#[test]
fn who_was_here_before_is_not_kept_out_by_others() {
    let limiter = Limiter::new(Clock::fixed(chrono::DateTime::UNIX_EPOCH));
    let home = Some("192.0.2.7".parse().unwrap());
    let elsewhere = Some("198.51.100.1".parse().unwrap());
    limiter.remember("alice", "tv", home);
    while limiter
        .admit(elsewhere, "alice", limiter.knows("alice", "x", elsewhere))
        .is_ok()
    {}
    assert_eq!(limiter.knows("alice", "x", elsewhere), Origin::Elsewhere);
    assert_eq!(
        limiter.knows("alice", "tv", elsewhere),
        Origin::Device("tv")
    );
    assert_eq!(limiter.knows("alice", "x", home), Origin::Network);
    assert_eq!(limiter.knows("bob", "tv", home), Origin::Elsewhere);
    limiter
        .admit(elsewhere, "alice", Origin::Device("tv"))
        .unwrap();
    limiter.admit(home, "alice", Origin::Network).unwrap();
    // Not without end either.
    let tries = (0..100).filter(|_| limiter.admit(home, "alice", Origin::Network).is_ok());
    assert_eq!(tries.count(), 11);
}

#[test]
fn keys_of_a_backup_join_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (theirs, ours) = (folder.path().join("a"), folder.path().join("new/b"));
    let old = Vault::from_file(&theirs).unwrap();
    let first = old.seal("x", &Secret::new("first"));
    old.add_key().unwrap();
    let second = old.seal("x", &Secret::new("second"));
    let keys = old.keys();
    assert_eq!(keys.len(), 2);

    // Where there is no file yet, the backup's keys are all there is; the first seals.
    Vault::add_keys(&ours, &keys).unwrap();
    let restored = Vault::from_file(&ours).unwrap();
    assert_eq!(restored.keys(), keys);
    assert!(is_current(&restored, &second) && !is_current(&restored, &first));

    // Where there is one, its own key goes on sealing, and all of them open.
    let here = folder.path().join("c");
    let own = Vault::from_file(&here)
        .unwrap()
        .seal("x", &Secret::new("own"));
    Vault::add_keys(&here, &keys).unwrap();
    Vault::add_keys(&here, &keys).unwrap();
    let both = Vault::from_file(&here).unwrap();
    assert_eq!(both.keys().len(), 3, "each once");
    assert!(is_current(&both, &own));
    for (sealed, text) in [(&own, "own"), (&first, "first"), (&second, "second")] {
        assert_eq!(both.open("x", sealed).unwrap().expose(), text);
    }

    let before = std::fs::read(&here).unwrap();
    let nonsense = Vault::add_keys(&here, &[Secret::new("nonsense")]);
    assert!(matches!(nonsense, Err(VaultError::Damaged)));
    assert_eq!(
        std::fs::read(&here).unwrap(),
        before,
        "nothing is changed then"
    );
}

#[test]
fn a_key_file_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, " \n").unwrap();
    for path in [&file, &file.join("secret.key")] {
        let error = Vault::from_file(path).unwrap_err();
        assert!(
            matches!(&error, VaultError::File(told, _) if told == path),
            "{error}"
        );
    }
}

#[test]
fn a_key_file_is_never_put_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str| std::fs::write(at(name), name).unwrap();
    let by_link =
        |beside: &std::path::Path, path: &std::path::Path| std::fs::hard_link(beside, path);
    write("one");
    write("two");
    let error = put_new(&at("one"), &at("two"), by_link).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(at("two")).unwrap(), "two");
    assert!(!at("one").exists(), "nothing is left beside it");

    // A file system without links moves it there.
    write("three");
    let no_links =
        |_: &std::path::Path, _: &std::path::Path| Err(std::io::ErrorKind::Unsupported.into());
    put_new(&at("three"), &at("four"), no_links).unwrap();
    assert_eq!(std::fs::read_to_string(at("four")).unwrap(), "three");
    assert!(!at("three").exists());
}

#[tokio::test]
async fn a_password_of_the_usual_cost_is_its_own_alone() {
    let passwords = Passwords::new(Cost::Usual);
    let hash = passwords.hash(&Secret::new("right")).await.unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    for (typed, fits) in [("right", true), ("wrong", false), ("", false)] {
        let found = passwords.verify(&Secret::new(typed), Some(&hash)).await;
        assert_eq!(found.unwrap(), fits, "{typed}");
    }
}

#[test]
fn what_makes_ids_is_never_shown() {
    let ids = PublicIds::new([173; 32]);
    assert_eq!(format!("{ids:?}"), "PublicIds(…)");
}
