//! Links the command without libgcc_s, as the preload library is.
//!
//! The unwinder, which is all that Rust's panics need of it, is in libgcc_eh. To find, map and relocate libgcc_s, and to let it ask
//! the processor what it is, which traps in a virtual machine, costs each start of the command 0.1 ms.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let has_command = env::var_os("CARGO_FEATURE_CLI").is_some();
    if has_command && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "gnu") {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
