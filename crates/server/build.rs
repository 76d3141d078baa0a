//! Builds again when a built-in module's folder gets a file, and a release when the web app was built anew.

fn main() {
    println!("cargo:rerun-if-changed=../../modules");
    // A debug build notes now where it will look for the web app, which may be built later.
    let web = "../../web/build";
    std::fs::create_dir_all(web).ok();
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={web}");
    }
}
