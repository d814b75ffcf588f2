//! Compiles the contracts with protox (no system protoc) into messages, clients, servers and one descriptor set.

use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

use prost::Message as _;

/// Live-stream responses, which servers send as ready bytes: see `Encoded` in lib.rs.
const STREAMED: [(&str, &str); 4] = [
    ("market", "StreamTicksResponse"),
    ("market", "StreamBarsResponse"),
    ("model", "StreamSignalsResponse"),
    ("portfolio", "StreamAllocationsResponse"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    collect(&root, &root.join("tickmesh"), &mut files)?;
    // Details that errors carry: needed to decode an Any, though no contract imports them.
    files.push("google/rpc/error_details.proto".into());
    files.sort();
    println!("cargo::rerun-if-changed=tickmesh");
    println!("cargo::rerun-if-changed=google");

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    fs::write(out.join("descriptor.binpb"), compiler.encode_file_descriptor_set())?;
    let mut set = prost_types::FileDescriptorSet::decode(compiler.encode_file_descriptor_set().as_slice())?;
    // Google's comments hold indented examples that rustdoc would take for doc tests.
    set.file.iter_mut().filter(|f| f.package().starts_with("google.")).for_each(|f| f.source_code_info = None);

    messages_and_clients(&out, set.clone())?;
    servers(&out.join("server"), set)
}

fn messages_and_clients(out: &Path, set: prost_types::FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    Ok(tonic_prost_build::configure().build_server(false).out_dir(out).compile_fds(set)?)
}

/// The same services once more as server traits over the messages above, in which a live stream's response is
/// `Encoded`.
fn servers(out: &Path, set: prost_types::FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let mut config = tonic_prost_build::configure().build_client(false).out_dir(out);
    for (domain, message) in STREAMED {
        config = config.extern_path(
            format!(".tickmesh.{domain}.v1.{message}"),
            format!("crate::Encoded<crate::{domain}::v1::{message}>"),
        );
    }
    for domain in ["market", "model", "portfolio", "r#type"] {
        config = config
            .extern_path(format!(".tickmesh.{}.v1", domain.trim_start_matches("r#")), format!("crate::{domain}::v1"));
    }
    for package in ["api", "rpc", "longrunning"] {
        config = config.extern_path(format!(".google.{package}"), format!("crate::google::{package}"));
    }
    Ok(config.compile_fds(set)?)
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            files.push(path.strip_prefix(root)?.to_owned());
        }
    }
    Ok(())
}
