//! The invariants of ARCHITECTURE.md that can be read off the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of a crate that is no test's, with its text without tests.
fn code_of(krate: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    sources(&root().join(krate).join("src"), &mut files);
    let mut test_modules = Vec::new();
    let mut read = |path: &PathBuf| {
        let (code, tests) = split(&fs::read_to_string(path).unwrap());
        let is_face = path.file_name().is_some_and(|f| f == "mod.rs" || f == "lib.rs" || f == "main.rs");
        let home = if is_face { path.parent().unwrap().to_owned() } else { path.with_extension("") };
        test_modules.extend(tests.into_iter().map(|name| home.join(name)));
        (path.clone(), code)
    };
    let all: Vec<_> = files.iter().map(&mut read).collect();
    let is_test = |path: &Path| test_modules.iter().any(|module| path.with_extension("").starts_with(module));
    let code = all.into_iter().filter(|(path, _)| !is_test(path));
    code.map(|(path, code)| (path.strip_prefix(root()).unwrap().to_owned(), code)).collect()
}

/// A file's text without its `#[cfg(test)]` items, and the names of the modules among these that are files of their
/// own.
fn split(text: &str) -> (String, Vec<String>) {
    let (mut code, mut modules) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let closes = |l: &&str| l.len() - l.trim_start().len() == indent && l.trim_start().starts_with('}');
        let item = lines.find(|l| !l.trim().starts_with("#[")).unwrap_or_default();
        match item.trim().strip_suffix(';') {
            Some(item) => modules.extend(item.rsplit_once("mod ").map(|(_, name)| name.to_owned())),
            None if item.ends_with('}') => {}
            None => drop(lines.find(closes)),
        }
    }
    (code, modules)
}

#[test]
fn what_follows_a_test_is_read_too() {
    let text = "a\n#[cfg(test)]\nmod crash;\nb\n#[cfg(test)]\nmod tests {\n    c\n}\nd\n    #[cfg(test)]\n    fn e() {\n    }\nf\n";
    assert_eq!(split(text), ("a\nb\nd\nf\n".to_owned(), vec!["crash".to_owned()]));
    let log = code_of("fanout").into_iter().find(|(path, _)| path.ends_with("log/mod.rs")).unwrap();
    assert!(log.1.contains("pub fn append"), "the log's own code");
    assert!(code_of("fanout").iter().all(|(path, _)| !path.ends_with("log/crash.rs")), "a file of tests");
}

fn lies_in(path: &Path, room: &str) -> bool {
    path.components().any(|c| c.as_os_str() == room || c.as_os_str() == format!("{room}.rs").as_str())
}

const SERVICES: [&str; 3] = ["market-svc", "model-svc", "portfolio-svc"];

#[test]
fn dependencies_point_one_way() {
    let allowed: [(&str, &[&str]); 8] = [
        ("proto", &[]),
        ("stats", &[]),
        ("mesh", &["proto"]),
        ("fanout", &["proto", "mesh"]),
        ("market-svc", &["proto", "mesh", "fanout"]),
        ("model-svc", &["proto", "mesh", "fanout", "stats"]),
        ("portfolio-svc", &["proto", "mesh", "fanout", "stats"]),
        ("gateway", &["proto", "mesh"]),
    ];
    for (krate, below) in allowed {
        let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
        for (room, _) in allowed.iter().filter(|(room, _)| !below.contains(room)) {
            let names = [format!("tickmesh-{room}"), (*room).to_owned()];
            let depends = manifest
                .lines()
                .any(|l| names.iter().any(|n| l.starts_with(&format!("{n}.")) || l.starts_with(&format!("{n} "))));
            assert!(!depends, "{krate} must not depend on {room}");
        }
    }
}

#[test]
fn the_wire_stays_in_grpc() {
    let mut strays = Vec::new();
    for (path, code) in SERVICES.iter().flat_map(|s| code_of(s)) {
        let composes = path.file_name().is_some_and(|f| f == "lib.rs" || f == "main.rs" || f == "app.rs");
        if composes || lies_in(&path, "grpc") {
            continue;
        }
        let names_the_wire = |line: &&str| {
            ["tonic::", "prost::", "prost_types::", "::v1::", "crate::grpc"].iter().any(|w| line.contains(w))
        };
        let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        strays.extend(lines.filter(names_the_wire).map(|line| format!("{}: {line}", path.display())));
    }
    assert!(strays.is_empty(), "below grpc/ the wire is named:\n{}", strays.join("\n"));
}

#[test]
fn sql_stays_in_store() {
    let crates = ["mesh", "market-svc", "model-svc", "portfolio-svc", "gateway", "fanout"];
    let sources = crates.iter().flat_map(|s| code_of(s));
    let strays = sources.filter(|(path, code)| !lies_in(path, "store") && code.contains("sqlx::"));
    let strays: Vec<_> = strays.map(|(path, _)| path.display().to_string()).collect();
    assert!(strays.is_empty(), "outside store/ sqlx is named: {strays:?}");
}

/// Where a service stamps and names what it does: at its edge, and where it keeps what has happened.
const STAMPS: [&str; 6] = ["grpc", "app", "jobs", "pipeline", "live", "feed"];

#[test]
fn the_clock_is_read_in_one_place_and_never_by_a_computation() {
    let crates = ["proto", "mesh", "fanout", "stats", "market-svc", "model-svc", "portfolio-svc", "gateway"];
    for (path, code) in crates.iter().flat_map(|s| code_of(s)) {
        if path != Path::new("mesh/src/clock.rs") {
            assert!(!code.contains("SystemTime::now"), "{} reads the clock", path.display());
        }
        let computes = path.starts_with("stats")
            || SERVICES.iter().any(|s| path.starts_with(s)) && !STAMPS.iter().any(|room| lies_in(&path, room));
        for word in ["clock::now", "Uuid::new_v4", "rand::random", "thread_rng", "from_entropy"] {
            assert!(!computes || !code.contains(word), "{} computes with {word}", path.display());
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let reasons = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in section.lines().filter(|l| l.contains(" = ") && !l.contains("path = ")) {
        let name = line.split(" = ").next().unwrap();
        let stem = name.split('-').next().unwrap();
        assert!(reasons.contains(stem), "{name} has no reason in ARCHITECTURE.md");
    }
}
