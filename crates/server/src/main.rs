//! The `hookswitch` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// A webhook makes hundreds of small allocations on one thread that are freed on another. The system allocator took a
// quarter of the server's CPU time for that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hookswitch_server::cli::run()
}
