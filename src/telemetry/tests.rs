use super::scrub;

#[test]
fn secrets_are_cut_wherever_they_stand() {
    for (line, expected) in [
        (
            "GET /Items?ApiKey=abc123&Limit=1",
            "GET /Items?ApiKey=…&Limit=1",
        ),
        ("api_key=abc", "api_key=…"),
        (
            r#"MediaBrowser Client="x", Token="abc", Version="1""#,
            r#"MediaBrowser Client="x", Token="…", Version="1""#,
        ),
        (
            r#"{"header":"MediaBrowser Token=\"abc\"","n":1}"#,
            r#"{"header":"MediaBrowser Token=\"…\"","n":1}"#,
        ),
        (
            "postgres://manyfin:s3@cr@db/manyfin refused",
            "postgres://…@db/manyfin refused",
        ),
        ("Authorization: Bearer abc", "Authorization: Bearer …"),
        ("token=", "token="),
        ("nothing to hide, é", "nothing to hide, é"),
    ] {
        assert_eq!(scrub(line), expected);
    }
}
