//! A release build holds the browser's files, so it is made anew when they change; other builds read the files when they are
//! asked for, from folders that must be there when this is compiled.

use std::fs;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_release = std::env::var("PROFILE").as_deref() == Ok("release");
    for app in ["chat", "dashboard"] {
        let folder = format!("../../web/{app}/dist");
        // Where it can't be made there are no sources of the browser side, either.
        if let Err(error) = fs::create_dir_all(&folder) {
            println!("cargo::warning=the {app} app will not be served: {folder}: {error}");
        }
        if is_release {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
}
