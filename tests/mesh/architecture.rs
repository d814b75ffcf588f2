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

/// Every source file of a crate, with its text up to its tests.
fn code_of(krate: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    sources(&root().join(krate).join("src"), &mut files);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        (path.strip_prefix(root()).unwrap().to_owned(), code)
    };
    files.into_iter().map(read).collect()
}

fn lies_in(path: &Path, room: &str) -> bool {
    path.components().any(|c| c.as_os_str() == room || c.as_os_str() == format!("{room}.rs").as_str())
}

const SERVICES: [&str; 3] = ["market-svc", "model-svc", "portfolio-svc"];

#[test]
fn dependencies_point_one_way() {
    let above = [
        (
            "proto",
            vec![
                "tickmesh-mesh",
                "tickmesh-fanout",
                "market-svc",
                "model-svc",
                "portfolio-svc",
                "gateway",
                "tickmesh-stats",
            ],
        ),
        ("mesh", vec!["tickmesh-fanout", "market-svc", "model-svc", "portfolio-svc", "gateway", "tickmesh-stats"]),
        ("fanout", vec!["market-svc", "model-svc", "portfolio-svc", "gateway", "tickmesh-stats"]),
        (
            "stats",
            vec![
                "tickmesh-proto",
                "tickmesh-mesh",
                "tickmesh-fanout",
                "market-svc",
                "model-svc",
                "portfolio-svc",
                "gateway",
            ],
        ),
        ("market-svc", vec!["model-svc", "portfolio-svc", "gateway"]),
        ("model-svc", vec!["market-svc", "portfolio-svc", "gateway"]),
        ("portfolio-svc", vec!["market-svc", "model-svc", "gateway"]),
        ("gateway", vec!["market-svc", "model-svc", "portfolio-svc", "tickmesh-fanout"]),
    ];
    for (krate, forbidden) in above {
        let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
        for name in forbidden {
            let depends =
                manifest.lines().any(|l| l.starts_with(&format!("{name}.")) || l.starts_with(&format!("{name} ")));
            assert!(!depends, "{krate} must not depend on {name}");
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
        let names_the_wire =
            |line: &&str| ["tonic::", "prost::", "prost_types::", "::v1::"].iter().any(|w| line.contains(w));
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

#[test]
fn the_clock_is_read_in_one_place() {
    let crates = ["proto", "mesh", "fanout", "stats", "market-svc", "model-svc", "portfolio-svc", "gateway"];
    for (path, code) in crates.iter().flat_map(|s| code_of(s)) {
        if path != Path::new("mesh/src/clock.rs") {
            assert!(!code.contains("SystemTime::now"), "{} reads the clock", path.display());
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
