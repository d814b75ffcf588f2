use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    data_dir: String,
    store_url: Option<String>,
    token: String,
    token_file: Option<String>,
    market: Market,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Market {
    speed: f64,
    symbols: Vec<String>,
    max_age: crate::serve::Seconds,
    feed: Feed,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Feed {
    #[default]
    Replay,
    None,
}

impl Default for Config {
    fn default() -> Self {
        let market = Market::default();
        Self { data_dir: "./.tickmesh".into(), store_url: None, token: String::new(), token_file: None, market }
    }
}

impl Default for Market {
    fn default() -> Self {
        Self { speed: 1.0, symbols: Vec::new(), max_age: 1800.0.try_into().unwrap(), feed: Feed::default() }
    }
}

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn refusal(sources: Sources) -> String {
    let error = load::<Config>(sources).unwrap_err();
    assert_eq!(error.exit_code(), 64);
    let text = error.to_string();
    assert!(!text.contains('\n'), "one line: {text}");
    text
}

#[test]
fn later_sources_win_and_each_value_knows_its_own() {
    let file = file("data_dir = \"/from/file\"\n[market]\nspeed = 2\nsymbols = [\"AAPL\"]\n");
    let variables = env(&[("TICKMESH_MARKET__SPEED", "3.5"), ("TICKMESH_DATA_DIR", "/from/env"), ("HOME", "/root")]);
    let sources = Sources::new().file(Some(file.path())).env(variables).flag("--speed", "market.speed", Some(5.0));
    let loaded = load::<Config>(sources).unwrap();
    assert_eq!(loaded.config.market.speed, 5.0);
    assert_eq!(loaded.config.data_dir, "/from/env");
    assert_eq!(loaded.config.market.symbols, ["AAPL"]);
    let source = |key: &str| loaded.entries().iter().find(|entry| entry.key == key).unwrap().source.clone();
    assert_eq!(source("market.speed"), "--speed");
    assert_eq!(source("data_dir"), "TICKMESH_DATA_DIR");
    assert_eq!(source("market.symbols"), file.path().display().to_string());
    assert_eq!(source("market.max_age"), "default");
}

#[test]
fn the_environment_may_name_the_file() {
    let file = file("[market]\nspeed = 2\n");
    let loaded =
        load::<Config>(Sources::new().env(env(&[("TICKMESH_CONFIG", file.path().to_str().unwrap())]))).unwrap();
    assert_eq!(loaded.config.market.speed, 2.0);
}

#[test]
fn unknown_keys_are_refused_with_key_value_and_rule() {
    let text = refusal(Sources::new().env(env(&[("TICKMESH_MARKET__SPEEED", "5")])));
    assert_eq!(
        text,
        "unknown key market.speeed = 5 (from TICKMESH_MARKET__SPEEED): known here are speed, symbols, max_age, feed"
    );
    let file = file("sped = 1\n");
    let text = refusal(Sources::new().file(Some(file.path())));
    assert!(text.starts_with(&format!("unknown key sped = 1 (from {}): known here", file.path().display())), "{text}");
}

#[test]
fn values_that_break_their_rule_are_refused_with_it() {
    let text = refusal(Sources::new().flag("--max-age", "market.max_age", Some(-1.0)));
    assert_eq!(
        text,
        "market.max_age = -1.0 (from --max-age) is refused: must be a positive number of seconds, at most a year"
    );
    let text = refusal(Sources::new().env(env(&[("TICKMESH_MARKET__SPEED", "fast")])));
    assert!(text.starts_with("market.speed = \"fast\" (from TICKMESH_MARKET__SPEED) is refused: "), "{text}");
}

#[test]
fn numbers_that_are_none_are_refused() {
    for (written, shown) in [("inf", "inf"), ("-inf", "-inf"), ("nan", "NaN")] {
        let file = file(&format!("[market]\nspeed = {written}\n"));
        let text = refusal(Sources::new().file(Some(file.path())));
        let rule =
            format!("market.speed = {shown} (from {}) is refused: must be a finite number", file.path().display());
        assert_eq!(text, rule);
    }
    let text = refusal(Sources::new().flag("--speed", "market.speed", Some(f64::INFINITY)));
    assert_eq!(text, "market.speed = inf (from --speed) is refused: must be a finite number");
}

#[test]
fn a_name_that_is_none_of_those_known_is_refused_with_them() {
    let text = refusal(Sources::new().flag("--feed", "market.feed", Some("alpaca")));
    assert_eq!(text, "market.feed = \"alpaca\" (from --feed) is refused: must be one of replay, none");
}

#[test]
fn a_file_may_be_called_as_what_nobody_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(super::sources::DEFAULT);
    std::fs::write(&path, "data_dir = \"/from/file\"\n").unwrap();
    let layer = Sources::new().file(Some(&path)).flag("default", "market.speed", Some(2.0));
    let loaded = load::<Config>(layer).unwrap();
    let given = loaded.entries().iter().filter(|entry| entry.is_given).map(|entry| entry.key.as_str());
    assert_eq!(given.collect::<Vec<_>>(), ["data_dir", "market.speed"]);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let text = refusal(Sources::new().file(Some(std::path::Path::new("/nowhere/tickmesh.toml"))));
    assert!(text.contains("/nowhere/tickmesh.toml"), "{text}");
    let file = file("[market\nspeed");
    assert!(refusal(Sources::new().file(Some(file.path()))).contains("no TOML"));
}

#[test]
fn what_is_printed_can_be_read_again_and_shows_no_secret() {
    let set = [("TICKMESH_TOKEN", "hunter2"), ("TICKMESH_TOKEN_FILE", "/run/token")];
    let url = Some("postgres://mesh:hunter2@db:5432/mesh");
    let loaded = load::<Config>(Sources::new().env(env(&set)).flag("--store", "store_url", url)).unwrap();
    let printed = loaded.to_string();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("token_file = \"/run/token\" # TICKMESH_TOKEN_FILE"), "{printed}");
    assert!(printed.contains("store_url = \"postgres://…@db:5432/mesh\" # --store"), "{printed}");
    let again = load::<Config>(Sources::new().file(Some(file(&printed).path()))).unwrap();
    assert_eq!(again.config.market, loaded.config.market);
}
