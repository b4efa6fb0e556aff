//! Writes what is made from other files: `cargo run -p halley-codegen`.
//!
//! `crates/contracts/src/generated` comes from `proto/`, and `docs/errors.md` from the catalogue in `crates/model`.
//!
//! The output is checked in, so that a build needs no generator and a change of a contract shows in review;
//! `make check` runs this and fails when the tree differs.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use halley_model::error_code::{ErrorCode, NEVER_ANSWERED};
use prost::Message;

const PACKAGES: [&str; 9] =
    ["common", "auth", "identity", "groups", "messaging", "webhooks", "events", "realtime", "client"];

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let proto = root.join("proto");
    let out = root.join("crates/contracts/src/generated");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;

    let files = contract_files(&proto)?;
    let mut compiler = protox::Compiler::new([&proto])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    let mut config = prost_build::Config::new();
    config.format(true);
    tonic_prost_build::configure()
        .out_dir(&out)
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(compiler.file_descriptor_set(), config)
        .context("generate the Rust types")?;

    // The descriptor that reflection serves goes without comments.
    let mut shipped = protox::Compiler::new([&proto])?;
    shipped.include_imports(true).open_files(&files)?;
    fs::write(out.join("descriptor.bin"), shipped.file_descriptor_set().encode_to_vec())?;

    fs::create_dir_all(root.join("docs"))?;
    fs::write(root.join("docs/errors.md"), error_page())?;
    Ok(())
}

/// The catalogue of error codes for readers.
fn error_page() -> String {
    let mut page = String::from(
        "# Error codes\n\n\
        Every refusal and failure of the REST API is `{\"error\": {\"code\": …, \"message\": …, \"details\": …}}`. The code is \
        stable\nand for programs, the message is for people and may change, and `details` names the fields at fault. Over gRPC the \
        code is\nthe `reason` of an `ErrorInfo` in the status. This page is written from `crates/model/src/error_code.rs` by\n\
        `cargo run -p halley-codegen`.\n\n\
        | code | HTTP | gRPC | meaning |\n| --- | --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        let kept = NEVER_ANSWERED.iter().find(|(kept, _)| kept == code);
        let kept = kept.map(|(_, why)| format!(" Never answered: {why}.")).unwrap_or_default();
        let (name, http, grpc) = (code.as_str(), code.http(), code.grpc().as_str());
        page.push_str(&format!("| `{name}` | {http} | {grpc} | {}{kept} |\n", code.meaning()));
    }
    page
}

fn contract_files(proto: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for package in PACKAGES {
        for entry in fs::read_dir(proto.join("halley").join(package).join("v1"))? {
            files.push(entry?.path());
        }
    }
    files.sort();
    Ok(files)
}
