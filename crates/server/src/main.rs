//! The `hookswitch` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// A webhook is hundreds of small allocations, made on one thread and freed on another: the system's allocator took a
// quarter of the server's processor time there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hookswitch_server::cli::run()
}
