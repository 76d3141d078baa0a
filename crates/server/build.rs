//! Builds again when a built-in module's folder gets a file.

fn main() {
    println!("cargo:rerun-if-changed=../../modules");
}
