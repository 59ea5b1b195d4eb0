//! The block as a whole.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Ident, ImplItem, ImplItemFn, ItemImpl, LitBool, LitStr, Result, Token};

use crate::command::Command;
use crate::hook::Hook;
use crate::text::documentation;

/// `name = "port-limit", id = "org.example.port-limit", in_target = true`
struct Options {
    name: LitStr,
    id: Option<LitStr>,
    summary: Option<LitStr>,
    license: Option<LitStr>,
    in_target: bool,
    own_threads: bool,
    interfaces: Vec<Ident>,
}

pub(crate) fn expand(attributes: TokenStream, block: TokenStream) -> Result<TokenStream> {
    let options: Options = syn::parse2(attributes)?;
    let block: ItemImpl = syn::parse2(block)?;
    let is_plugin = block
        .trait_
        .as_ref()
        .and_then(|(path, _)| path.segments.last())
        .is_some_and(|last| last.ident == "Plugin");
    if !is_plugin {
        return Err(Error::new(
            block.self_ty.span(),
            "`#[plugin]` stands before an `impl Plugin for …` block",
        ));
    }
    if !block.generics.params.is_empty() {
        return Err(Error::new(
            block.generics.span(),
            "a plugin has no type parameters: a library exports one plugin",
        ));
    }
    let (summary_of_block, _) = documentation(&block.attrs);
    let (mut own, mut functions, mut hooks, mut commands) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for item in block.items {
        match item {
            ImplItem::Fn(mut function) => {
                let mark = take_mark(&mut function)?;
                match mark {
                    Some(mark) if mark.path().is_ident("command") => {
                        commands.push(Command::of(&mut function, &mark)?);
                        functions.push(function);
                    }
                    Some(mark) => {
                        hooks.push(Hook::of(&function, &mark)?);
                        functions.push(function);
                    }
                    None if is_of_the_trait(&function) => own.push(ImplItem::Fn(function)),
                    None => functions.push(function),
                }
            }
            item => own.push(item),
        }
    }
    if hooks.is_empty() && commands.is_empty() {
        return Err(Error::new(
            block.self_ty.span(),
            "the plugin offers nothing: mark a function with `#[gate(on_failure = Deny)]`, `#[observer]`, `#[after]` or \
             `#[command]`",
        ));
    }
    let (plugin, attributes, trait_path) = (
        &block.self_ty,
        &block.attrs,
        block.trait_.as_ref().map(|(path, _)| path),
    );
    let Options {
        name,
        id,
        summary,
        license,
        in_target,
        own_threads,
        interfaces,
    } = &options;
    let id = id.clone().map_or_else(
        || {
            let id = format!("plugin.{}", name.value());
            quote!(#id)
        },
        |id| quote!(#id),
    );
    let summary = match summary {
        Some(summary) => quote!(#summary),
        None if !summary_of_block.is_empty() => quote!(#summary_of_block),
        None => quote!(::core::env!("CARGO_PKG_DESCRIPTION")),
    };
    let license = license.as_ref().map_or_else(
        || quote!(::core::env!("CARGO_PKG_LICENSE")),
        |license| quote!(#license),
    );
    let hook_types = hooks.iter().map(|hook| hook.expand(plugin));
    let command_types = commands.iter().map(|command| command.expand(plugin));
    let hook_lines = hooks.iter().map(Hook::line);
    let command_lines = commands.iter().map(Command::line);
    let config = own
        .iter()
        .find_map(|item| match item {
            ImplItem::Type(known) if known.ident == "Config" => Some(known.ty.clone()),
            _ => None,
        })
        .ok_or_else(|| {
            Error::new(
                block.self_ty.span(),
                "the plugin does not say what `config` holds: `type Config = NoConfig;`, or a struct of yours",
            )
        })?;
    let module = format_ident!("__audithook_plugin");
    Ok(quote! {
        #(#attributes)*
        impl #trait_path for #plugin {
            #(#own)*

            fn config_schema() -> ::std::string::String {
                ::audithook_sdk::macro_support::schema_of::<#config>()
            }
        }

        impl #plugin {
            #(#functions)*
        }

        #[doc(hidden)]
        mod #module {
            use super::*;

            #(#hook_types)*
            #(#command_types)*

            ::audithook_sdk::export! {
                #plugin,
                id: #id,
                name: #name,
                summary: #summary,
                license: #license,
                in_target: #in_target,
                own_threads: #own_threads,
                hooks: [#(#hook_lines),*],
                commands: [#(#command_lines),*],
                interfaces: [#(#interfaces),*],
            }
        }

        #[doc(inline)]
        pub use #module::audithook_plugin_entry;
    })
}

fn is_of_the_trait(function: &ImplItemFn) -> bool {
    function.sig.ident == "create"
}

/// The attribute that makes a function a hook or a command; it is taken off.
fn take_mark(function: &mut ImplItemFn) -> Result<Option<syn::Attribute>> {
    let is_mark = |attribute: &syn::Attribute| {
        ["gate", "after", "observer", "command"]
            .iter()
            .any(|mark| attribute.path().is_ident(mark))
    };
    let mut marks = Vec::new();
    function.attrs.retain(|attribute| {
        let mark = is_mark(attribute);
        if mark {
            marks.push(attribute.clone());
        }
        !mark
    });
    match marks.len() {
        0 | 1 => Ok(marks.pop()),
        _ => Err(Error::new(
            marks[1].span(),
            "a function is one hook or one command: write a second function that calls the same",
        )),
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self {
            name: LitStr::new("", input.span()),
            id: None,
            summary: None,
            license: None,
            in_target: false,
            own_threads: false,
            interfaces: Vec::new(),
        };
        let mut named = false;
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            let word = key.to_string();
            if word == "report" {
                options.interfaces.push(key);
            } else {
                input.parse::<Token![=]>()?;
                match word.as_str() {
                    "name" => {
                        options.name = input.parse()?;
                        named = true;
                    }
                    "id" => options.id = Some(input.parse()?),
                    "summary" => options.summary = Some(input.parse()?),
                    "license" => options.license = Some(input.parse()?),
                    "in_target" => options.in_target = input.parse::<LitBool>()?.value,
                    "own_threads" => options.own_threads = input.parse::<LitBool>()?.value,
                    _ => {
                        return Err(Error::new(
                            key.span(),
                            "unknown: there are `name`, `id`, `summary`, `license`, `in_target`, `own_threads` and `report`",
                        ));
                    }
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if !named {
            return Err(Error::new(
                input.span(),
                "a plugin has a name, the word in `[plugin.NAME]`: `#[plugin(name = \"port-limit\")]`",
            ));
        }
        Ok(options)
    }
}

/// `a, b = c` in the parentheses of an attribute; nothing where there are none.
pub(crate) fn inner<T: Parse>(attribute: &syn::Attribute) -> Result<Vec<T>> {
    match &attribute.meta {
        syn::Meta::Path(_) => Ok(Vec::new()),
        syn::Meta::List(list) => list
            .parse_args_with(Punctuated::<T, Token![,]>::parse_terminated)
            .map(|all| all.into_iter().collect()),
        syn::Meta::NameValue(pair) => Err(Error::new(
            pair.span(),
            "what belongs to it stands in parentheses",
        )),
    }
}

/// `&self`
pub(crate) fn is_shared(receiver: &syn::Receiver) -> bool {
    matches!(receiver.kind, syn::ReceiverKind::Reference(_, _, None))
}
