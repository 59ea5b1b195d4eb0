//! A function as a command.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, Ident, ImplItemFn, LitChar, LitStr, Pat, Result, Token, Type, token,
};

use crate::plugin::{inner, is_shared};
use crate::text::{camel, dashed, documentation};

pub(crate) struct Command {
    function: Ident,
    holder: Ident,
    name: String,
    summary: String,
    help: String,
    is_default: bool,
    reads_input: bool,
    arguments: Vec<Argument>,
}

enum Argument {
    /// `call: &Call<'_>`
    Call,
    Param(Box<Param>),
}

struct Param {
    ty: Type,
    name: String,
    summary: String,
    options: Vec<ParamOption>,
}

/// `positional`, `letter = 'n'`, `default = "2"`, `value_name = "N"`, `choices("a", "b")`
enum ParamOption {
    Positional,
    Letter(LitChar),
    Default(LitStr),
    ValueName(LitStr),
    Choices(Punctuated<LitStr, Token![,]>),
}

impl Command {
    /// Reads the function, and takes off its parameters what only this understands.
    pub(crate) fn of(function: &mut ImplItemFn, mark: &Attribute) -> Result<Self> {
        let (mut is_default, mut reads_input) = (false, false);
        for word in inner::<Ident>(mark)? {
            match word.to_string().as_str() {
                "default" => is_default = true,
                "reads_input" => reads_input = true,
                _ => {
                    return Err(Error::new(
                        word.span(),
                        "unknown: there are `default` and `reads_input`",
                    ));
                }
            }
        }
        let span = function.sig.span();
        let mut inputs = function.sig.inputs.iter_mut();
        match inputs.next() {
            Some(FnArg::Receiver(this)) if is_shared(this) => {}
            _ => {
                return Err(Error::new(
                    span,
                    "a command takes `&self`: it may be called from many threads at once",
                ));
            }
        }
        let arguments = inputs.map(argument).collect::<Result<_>>()?;
        let name = function.sig.ident.to_string();
        let (summary, help) = documentation(&function.attrs);
        Ok(Self {
            function: function.sig.ident.clone(),
            holder: format_ident!("Command{}", camel(&name)),
            name: dashed(&name),
            summary,
            help,
            is_default,
            reads_input,
            arguments,
        })
    }

    pub(crate) fn expand(&self, plugin: &Type) -> TokenStream {
        let Self {
            function,
            holder,
            help,
            is_default,
            reads_input,
            ..
        } = self;
        let params = self.arguments.iter().filter_map(|argument| match argument {
            Argument::Call => None,
            Argument::Param(param) => Some(param.expand()),
        });
        let mut place = 0_usize;
        let given: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Call => quote!(call),
                Argument::Param(param) => {
                    let ty = &param.ty;
                    let read = quote!(<#ty as ::audithook_sdk::FromArgument>::read(call, #place)?);
                    place += 1;
                    read
                }
            })
            .collect();
        quote! {
            struct #holder;

            impl ::audithook_sdk::Command for #holder {
                type Plugin = #plugin;
                const PARAMS: &'static [::audithook_sdk::Param] = &[#(#params),*];
                const HELP: &'static str = #help;
                const DEFAULT: bool = #is_default;
                const READS_INPUT: bool = #reads_input;

                fn call(
                    plugin: &::std::sync::Arc<#plugin>,
                    call: &::audithook_sdk::Call<'_>,
                ) -> ::audithook_sdk::Result<::audithook_sdk::Answer> {
                    ::audithook_sdk::IntoAnswer::into_answer(plugin.#function(#(#given),*))
                }
            }
        }
    }

    /// The line of `plugin!`.
    pub(crate) fn line(&self) -> TokenStream {
        let (holder, name, summary) = (&self.holder, &self.name, &self.summary);
        quote!(#holder #name #summary)
    }
}

impl Param {
    fn expand(&self) -> TokenStream {
        let Self {
            ty,
            name,
            summary,
            options,
        } = self;
        let options = options.iter().map(|option| match option {
            ParamOption::Positional => quote!(.positional()),
            ParamOption::Letter(letter) => quote!(.letter(#letter)),
            ParamOption::Default(typed) => quote!(.default_value(#typed)),
            ParamOption::ValueName(name) => quote!(.value_name(#name)),
            ParamOption::Choices(choices) => {
                let choices = choices.iter();
                quote!(.choices(&[#(::audithook_sdk::Choice::new(#choices)),*]))
            }
        });
        quote!(::audithook_sdk::Param::of::<#ty>(#name, #summary) #(#options)*)
    }
}

fn argument(argument: &mut FnArg) -> Result<Argument> {
    let FnArg::Typed(typed) = argument else {
        return Err(Error::new(argument.span(), "`self` stands first"));
    };
    if let Type::Reference(reference) = &*typed.ty {
        let is_call = matches!(&*reference.elem, Type::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "Call"));
        return if is_call {
            Ok(Argument::Call)
        } else {
            Err(Error::new(
                typed.ty.span(),
                "a command owns its arguments: `String`, `PathBuf`, `Vec<…>`; only `call: &Call<'_>` is borrowed",
            ))
        };
    }
    let Pat::Ident(name) = &*typed.pat else {
        return Err(Error::new(typed.pat.span(), "a parameter has a name"));
    };
    let name = dashed(&name.ident.to_string());
    let (summary, _) = documentation(&typed.attrs);
    let mut options = Vec::new();
    for attribute in &typed.attrs {
        if attribute.path().is_ident("arg") {
            options.extend(inner::<ParamOption>(attribute)?);
        }
    }
    // The compiler knows neither doc comments nor `arg` there.
    typed
        .attrs
        .retain(|attribute| !attribute.path().is_ident("arg") && !attribute.path().is_ident("doc"));
    Ok(Argument::Param(Box::new(Param {
        ty: (*typed.ty).clone(),
        name,
        summary,
        options,
    })))
}

impl Parse for ParamOption {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let word: Ident = input.parse()?;
        let equals = |input: ParseStream<'_>| input.parse::<Token![=]>().map(drop);
        Ok(match word.to_string().as_str() {
            "positional" => Self::Positional,
            "letter" => {
                equals(input)?;
                Self::Letter(input.parse()?)
            }
            "default" => {
                equals(input)?;
                Self::Default(input.parse()?)
            }
            "value_name" => {
                equals(input)?;
                Self::ValueName(input.parse()?)
            }
            "choices" => {
                let choices;
                let _: token::Paren = syn::parenthesized!(choices in input);
                Self::Choices(Punctuated::parse_terminated(&choices)?)
            }
            _ => {
                return Err(Error::new(
                    word.span(),
                    "unknown: there are `positional`, `letter`, `default`, `value_name` and `choices`",
                ));
            }
        })
    }
}
