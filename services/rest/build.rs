//! A release build holds the browser's files, so it is made anew when they change.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Other builds read the files when they are asked for.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        for app in ["chat", "dashboard"] {
            println!("cargo::rerun-if-changed=../../web/{app}/dist");
        }
    }
}
