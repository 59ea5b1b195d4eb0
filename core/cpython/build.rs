//! Links the preload library without libgcc_s.
//!
//! Every program of a tree loads this library, most of them small ones that need no libgcc_s themselves: finding, mapping
//! and relocating it costs each of them 0.09 ms. The little that Rust's panics need of it, the unwinder, is in libgcc_eh.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "gnu") {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
