//! Triggers a rebuild when a file is added to a built-in module and, for releases, when the web app has been rebuilt.

fn main() {
    println!("cargo:rerun-if-changed=../../modules");
    // A debug build records now where to look for the web app, which may be built later.
    let web = "../../web/build";
    std::fs::create_dir_all(web).ok();
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={web}");
    }
}
