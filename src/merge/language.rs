//! Languages by their codes. Servers and people spell one language in three ways: `de`, `ger` and `deu`.

/// Codes of one language: ISO 639-1, 639-2/B, 639-2/T. Those with two forms of three letters are all here; of
/// the others, those that films and series are made in most.
const CODES: &[[&str; 3]] = &[
    ["ar", "ara", "ara"],
    ["be", "bel", "bel"],
    ["bg", "bul", "bul"],
    ["bn", "ben", "ben"],
    ["bo", "tib", "bod"],
    ["ca", "cat", "cat"],
    ["cs", "cze", "ces"],
    ["cy", "wel", "cym"],
    ["da", "dan", "dan"],
    ["de", "ger", "deu"],
    ["el", "gre", "ell"],
    ["en", "eng", "eng"],
    ["es", "spa", "spa"],
    ["et", "est", "est"],
    ["eu", "baq", "eus"],
    ["fa", "per", "fas"],
    ["fi", "fin", "fin"],
    ["fr", "fre", "fra"],
    ["ga", "gle", "gle"],
    ["gl", "glg", "glg"],
    ["he", "heb", "heb"],
    ["hi", "hin", "hin"],
    ["hr", "hrv", "hrv"],
    ["hu", "hun", "hun"],
    ["hy", "arm", "hye"],
    ["id", "ind", "ind"],
    ["is", "ice", "isl"],
    ["it", "ita", "ita"],
    ["ja", "jpn", "jpn"],
    ["ka", "geo", "kat"],
    ["ko", "kor", "kor"],
    ["lt", "lit", "lit"],
    ["lv", "lav", "lav"],
    ["mi", "mao", "mri"],
    ["mk", "mac", "mkd"],
    ["ml", "mal", "mal"],
    ["ms", "may", "msa"],
    ["my", "bur", "mya"],
    ["nb", "nob", "nob"],
    ["nl", "dut", "nld"],
    ["no", "nor", "nor"],
    ["pl", "pol", "pol"],
    ["pt", "por", "por"],
    ["ro", "rum", "ron"],
    ["ru", "rus", "rus"],
    ["sk", "slo", "slk"],
    ["sl", "slv", "slv"],
    ["sq", "alb", "sqi"],
    ["sr", "srp", "srp"],
    ["sv", "swe", "swe"],
    ["ta", "tam", "tam"],
    ["te", "tel", "tel"],
    ["th", "tha", "tha"],
    ["tr", "tur", "tur"],
    ["uk", "ukr", "ukr"],
    ["ur", "urd", "urd"],
    ["vi", "vie", "vie"],
    ["zh", "chi", "zho"],
];

/// Whether two codes name one language. A region (`pt-BR`) says nothing of it.
pub fn same(a: &str, b: &str) -> bool {
    let (a, b) = (plain(a), plain(b));
    if a.is_empty() || b.is_empty() || a == "und" {
        return false;
    }
    let is_in = |codes: &&[&str; 3], code: &str| codes.contains(&code);
    a == b
        || CODES
            .iter()
            .any(|codes| is_in(&codes, &a) && is_in(&codes, &b))
}

fn plain(code: &str) -> String {
    let code = code.trim().split(['-', '_']).next().unwrap_or_default();
    code.to_ascii_lowercase()
}
