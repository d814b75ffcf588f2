//! Rebuilds the crate when the dashboard's built files change, because they are embedded in it.

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
}
