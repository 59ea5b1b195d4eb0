//! `#[plugin]`: from an `impl Plugin` with marked functions to a plugin that a host can load.
//!
//! What it writes is what an author could write with the traits of `audithook-sdk` and `plugin!`: a type for each hook and each
//! command, and the export. The functions stay where they are, and can be called as they are.

mod command;
mod hook;
mod plugin;
mod text;

use proc_macro::TokenStream;

/// Makes a plugin of an `impl Plugin` block. See the documentation of `audithook_sdk`.
#[proc_macro_attribute]
pub fn plugin(attributes: TokenStream, block: TokenStream) -> TokenStream {
    plugin::expand(attributes.into(), block.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
