use std::path::{Path, PathBuf};

use super::*;

fn load(text: &str) -> Result<Config, ConfigError> {
    load_with(text, &[], &Overrides::default())
}

fn load_with(
    text: &str,
    variables: &[(&str, &str)],
    flags: &Overrides,
) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manyfin.toml");
    std::fs::write(&path, text).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load_from(Some(&path), variables, flags)
}

fn refusal(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

#[test]
fn nothing_configured_gives_the_documented_defaults() {
    let config = Config::default();
    assert_eq!(config.bind.to_string(), "127.0.0.1:8096");
    assert_eq!(config.database_url.expose(), "sqlite://./data/manyfin.db");
    assert_eq!(config.secret_key_file, PathBuf::from("./data/secret.key"));
    assert_eq!(config.advertised_version, "10.11.11");
    assert!(config.public_url.is_none() && config.trusted_proxies.is_empty());
    assert!(!config.public_users && !config.allow_delete && !config.declares_anything());
    assert!(config.discovery);
}

#[test]
fn the_template_is_valid_as_it_is_and_with_every_line_on() {
    assert!(!load(TEMPLATE).unwrap().declares_anything());
    let on: String = TEMPLATE
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.starts_with('[') || line.contains(" = "))
        .map(|line| line.replace("password_file", "#") + "\n")
        .map(|line| line.replace("username = \"crawler\"", "token = \"t\""))
        .collect();
    let config = load(&on).unwrap();
    assert_eq!(config.servers.len(), 1);
    assert_eq!(config.users[0].links.len(), 1);
    assert_eq!(config.merged_libraries[0].sources[0].priority, 10);
}

#[test]
fn the_template_names_every_key() {
    for key in keys::top_level() {
        let from_environment_only = ["secret_key", "admin_password"].contains(key);
        assert!(from_environment_only || TEMPLATE.contains(key), "{key}");
    }
    for (table, keys) in keys::of_tables() {
        let part = TEMPLATE.split(&format!("# [{table}]\n")).nth(1).unwrap();
        let part = part.split("\n\n").next().unwrap();
        for key in keys {
            assert!(part.contains(&format!("# {key} = ")), "{table}.{key}");
        }
    }
}

#[test]
fn what_is_kept_is_bounded_as_configured() {
    assert_eq!(load(TEMPLATE).unwrap().cache, CacheConfig::default());
    let file = "[cache]\nimages_mib = 0\nimages_seconds = 60";
    let variables = [("MANYFIN_CACHE__IMAGES_SECONDS", "120")];
    let config = load_with(file, &variables, &Overrides::default()).unwrap();
    assert_eq!(config.cache.images_bytes, 0);
    assert_eq!(config.cache.images.as_secs(), 120);
    let default = CacheConfig::default();
    assert_eq!(default.libraries.as_secs(), 300);
    assert_eq!(default.details.as_secs(), 60);
    let file = "[cache]\nlibraries_seconds = 30\ndetails_seconds = 5\ndetails_mib = 8";
    let cache = load(file).unwrap().cache;
    assert_eq!(
        (cache.libraries.as_secs(), cache.details.as_secs()),
        (30, 5)
    );
    assert_eq!(cache.details_bytes, 8 << 20);
    assert_eq!(
        refusal("[cache]\nlibraries_seconds = 0\ndetails_seconds = 0\ndetails_mib = 0"),
        "cache.details_mib: 0 is out of range (allowed: 1 to 4096 MiB); \
         cache.libraries_seconds: 0 is out of range (allowed: 10 to 86400 seconds); \
         cache.details_seconds: 0 is out of range (allowed: 1 to 86400 seconds)"
    );
    assert_eq!(
        refusal("[cache]\nimages_mib = -1\nimages_seconds = 5"),
        "cache.images_mib: -1 is out of range (allowed: 0 to 1048576 MiB); \
         cache.images_seconds: 5 is out of range (allowed: 60 to 2592000 seconds)"
    );
    assert_eq!(
        refusal("[cache]\nimage_mib = 1"),
        "unknown key `cache.image_mib`; did you mean `images_mib`?"
    );
    assert!(refusal("[cache]\nimages_mib = \"1 GB\"").contains("line 2"));
}

#[test]
fn flags_beat_environment_beats_file() {
    let file = "bind = \"127.0.0.1:1\"\ndata_dir = \"a\"\nadvertised_version = \"10.11.0\"";
    let flags = Overrides {
        bind: Some("127.0.0.1:3".into()),
        ..Overrides::default()
    };
    let variables = [("MANYFIN_BIND", "127.0.0.1:2"), ("MANYFIN_DATA_DIR", "b")];
    let config = load_with(file, &variables, &flags).unwrap();
    assert_eq!(config.bind.port(), 3);
    assert_eq!(config.data_dir, Path::new("b"));
    assert_eq!(config.advertised_version, "10.11.0");
}

#[test]
fn variables_take_the_type_of_their_key() {
    let file = "[[servers]]\nname = \"Attic\"\nurl = \"http://a/\"\ntoken = \"t\"";
    let variables = [
        ("MANYFIN_PUBLIC_USERS", "true"),
        ("MANYFIN_ADMIN_PASSWORD", "123"),
        ("MANYFIN_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("MANYFIN_SIGN_IN_SERVERS", "[\"attic\"]"),
        ("MANYFIN_LOG__FORMAT", "json"),
        ("MANYFIN_SERVERS__ATTIC__URL", "https://b/jelly/"),
        ("MANYFIN_PORT_8096_TCP", "tcp://10.0.0.1:8096"),
        ("UNRELATED", "x"),
    ];
    let config = load_with(file, &variables, &Overrides::default()).unwrap();
    assert!(config.public_users);
    assert_eq!(config.admin_password.unwrap().expose(), "123");
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.sign_in_servers, ["attic"]);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.servers[0].url.as_str(), "https://b/jelly");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest() {
    assert_eq!(
        refusal("bnid = \"x\""),
        "unknown key `bnid`; did you mean `bind`?"
    );
    assert_eq!(
        refusal("[[users]]\nname = \"a\"\nlinks = [{ sever = \"x\" }]"),
        "unknown key `users[0].links[0].sever`; did you mean `server`?"
    );
    assert_eq!(refusal("qqq = 1"), "unknown key `qqq`");
    let error = load_with("", &[("MANYFIN_DATADIR", "x")], &Overrides::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown key `MANYFIN_DATADIR`; did you mean `MANYFIN_DATA_DIR`?"
    );
    assert!(
        load_with("", &[("MANYFIN_LOG__LEVEL", "x")], &Overrides::default()).is_err(),
        "a variable for a key that its table does not have"
    );
}

#[test]
fn every_bad_value_is_told_at_once() {
    let text = refusal(
        "bind = \"nowhere\"\npublic_url = \"ftp://x\"\nadvertised_version = \"10.9.0\"\n\
         trusted_proxies = [\"x\"]\ndatabase_url = \"mysql://u:geheim@h/n\"\n[log]\nformat = \"xml\"",
    );
    for key in [
        "bind:",
        "public_url:",
        "advertised_version:",
        "trusted_proxies[0]:",
        "database_url:",
        "log.format:",
    ] {
        assert!(text.contains(key), "{key} in {text}");
    }
    assert!(!text.contains("geheim"), "{text}");
}

#[test]
fn a_syntax_error_tells_the_line_and_no_secret() {
    assert!(refusal("bind = \"127.0.0.1:1\"\nallow_delete = 3").contains("line 2"));
    let text = refusal("[[users]]\nname = \"a\"\npassword = 31415");
    assert!(text.contains("line 3") && !text.contains("31415"), "{text}");
}

#[test]
fn declarations_are_checked() {
    let server = |rest: &str| format!("[[servers]]\nname = \"a\"\nurl = \"http://h\"\n{rest}");
    for (text, expected) in [
        (server(""), "servers[0]: it names no account"),
        (server("username = \"u\""), "servers[0].password: missing"),
        (
            server("token = \"t\"\nusername = \"u\""),
            "servers[0].token:",
        ),
        (
            server("token = \"t\"\ntls_fingerprint = \"sha256:00\""),
            "servers[0].tls_fingerprint:",
        ),
        (
            server("token = \"t\"\nca_file = \"/nowhere/ca.pem\""),
            "servers[0].ca_file:",
        ),
        (
            server("username = \"u\"\npassword_file = \"/nowhere/p\""),
            "servers[0].password_file:",
        ),
        (
            "[[servers]]\nname = \"a\"\nurl = \"http://u:p@h\"\ntoken = \"t\"".into(),
            "servers[0].url: it holds a user or a password",
        ),
        (
            "[[users]]\nname = \"a\"\n[[users]]\nname = \"A\"".into(),
            "users[1].name: `A` stands twice",
        ),
        (
            "[[merged_libraries]]\nname = \"F\"\ncollection_type = \"film\"".into(),
            "merged_libraries[0].collection_type: `film` is unknown (allowed: movies,",
        ),
        (
            "[[merged_libraries]]\nname = \"F\"\nglobal = false".into(),
            "merged_libraries[0].owner: missing",
        ),
        (
            "[[merged_libraries]]\nname = \"F\"\nsources = [{ server = \"a\", library = \"L\" }, \
             { server = \"a\", library = \"l\" }]"
                .into(),
            "merged_libraries[0].sources[1]: `l` of `a` stands twice",
        ),
    ] {
        let refused = refusal(&text);
        assert!(refused.contains(expected), "{expected} in {refused}");
    }
}

#[test]
fn declarations_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("attic");
    std::fs::write(&secret, "pass word\n").unwrap();
    let config = load(&format!(
        "[[servers]]\nname = \"attic\"\nurl = \"https://h/jelly/\"\nusername = \"u\"\n\
         password_file = \"{}\"\ntls_fingerprint = \"sha256:{}\"\n\
         [[users]]\nname = \"alice\"\nlinks = [{{ server = \"attic\", username = \"alice\", password = \"\", sign_in = true }}]\n\
         [[merged_libraries]]\nname = \"Films\"\nowner = \"alice\"\ncollection_type = \"movies\"\ndedup_strategy = \"none\"",
        secret.display(),
        "ab:".repeat(31) + "AB",
    ))
    .unwrap();
    let server = &config.servers[0];
    assert_eq!(server.url.as_str(), "https://h/jelly");
    assert_eq!(server.trust, Trust::Fingerprint([0xab; 32]));
    assert_eq!(
        server.login,
        UpstreamLogin::Password {
            username: "u".into(),
            password: Secret::new("pass word")
        }
    );
    assert!(config.users[0].links[0].sign_in);
    let library = &config.merged_libraries[0];
    assert_eq!(library.owner, LibraryOwner::User("alice".into()));
    assert_eq!(library.dedup_strategy, DedupStrategy::None);
    assert_eq!(library.source_policy, SourcePolicy::Priority);
    assert!(!format!("{config:?}").contains("pass word"));
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load_from(Some(Path::new("/nowhere.toml")), [], &Overrides::default());
    assert!(error.unwrap_err().to_string().contains("/nowhere.toml"));
}
