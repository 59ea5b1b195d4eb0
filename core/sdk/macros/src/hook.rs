//! A function as a hook.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, Ident, ImplItemFn, MetaNameValue, Result, ReturnType, Type};

use crate::plugin::{inner, is_shared};
use crate::text::{camel, dashed, documentation};

pub(crate) struct Hook {
    kind: Kind,
    function: Ident,
    holder: Ident,
    name: String,
    summary: String,
    /// The type behind `&` of the first parameter.
    event: Type,
    /// The other parameters, in order.
    others: Vec<Other>,
    /// The function has no result.
    silent: bool,
}

enum Kind {
    Gate(syn::Expr),
    After,
    Observer,
}

enum Other {
    /// `with: &With`
    With(Box<Type>),
    /// `outcome: Outcome`
    Outcome,
    /// `cookie: u64`
    Cookie,
    /// `reply: &mut Reply<'_>`
    Reply,
}

impl Hook {
    pub(crate) fn of(function: &ImplItemFn, mark: &Attribute) -> Result<Self> {
        let signature = &function.sig;
        let kind = if mark.path().is_ident("gate") {
            Kind::Gate(on_failure(mark)?)
        } else if mark.path().is_ident("after") {
            Kind::After
        } else {
            Kind::Observer
        };
        let mut inputs = signature.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(this)) if is_shared(this) => {}
            _ => {
                return Err(Error::new(
                    signature.span(),
                    "a hook takes `&self`: it is called from many threads at once",
                ));
            }
        }
        let Some(FnArg::Typed(event)) = inputs.next() else {
            return Err(Error::new(
                signature.span(),
                "a hook takes the event: `event: &SocketConnect`, or `&Event` for any",
            ));
        };
        let Type::Reference(event) = &*event.ty else {
            return Err(Error::new(
                event.ty.span(),
                "the event is borrowed: put `&` before its type",
            ));
        };
        let others = inputs.map(other).collect::<Result<Vec<_>>>()?;
        for (wanted, allowed, what) in [
            (
                others.iter().any(|other| matches!(other, Other::Reply)),
                matches!(kind, Kind::Gate(_)),
                "only a gate has a reply",
            ),
            (
                others
                    .iter()
                    .any(|other| matches!(other, Other::Outcome | Other::Cookie)),
                matches!(kind, Kind::After),
                "only an after has an outcome and a cookie",
            ),
        ] {
            if wanted && !allowed {
                return Err(Error::new(signature.span(), what));
            }
        }
        let silent = matches!(signature.output, ReturnType::Default);
        if silent && matches!(kind, Kind::Gate(_)) {
            return Err(Error::new(
                signature.span(),
                "a gate answers: `-> Judgement`, or `-> Result<Judgement>`",
            ));
        }
        let name = signature.ident.to_string();
        Ok(Self {
            kind,
            function: signature.ident.clone(),
            holder: format_ident!("Hook{}", camel(&name)),
            name: dashed(&name),
            summary: documentation(&function.attrs).0,
            event: (*event.elem).clone(),
            others,
            silent,
        })
    }

    pub(crate) fn expand(&self, plugin: &Type) -> TokenStream {
        let Self {
            function,
            holder,
            event,
            others,
            ..
        } = self;
        let with = others.iter().find_map(|other| match other {
            Other::With(with) => Some(with),
            _ => None,
        });
        let with_type = with.map_or_else(|| quote!(::audithook_sdk::NoWith), |with| quote!(#with));
        let arguments = others.iter().map(|other| match other {
            Other::With(_) => quote!(&self._with),
            Other::Outcome => quote!(outcome),
            Other::Cookie => quote!(cookie),
            Other::Reply => quote!(reply),
        });
        // Any event has no names to ask for; it is handed on as it is.
        let (names, ask, call) = if self.takes_any() {
            (
                quote!(()),
                quote!(()),
                quote!(self.plugin.#function(event, #(#arguments),*)),
            )
        } else {
            (
                quote!(<#event as ::audithook_sdk::TypedEvent>::Names),
                quote!(<#event as ::audithook_sdk::TypedEvent>::names(&attach.host)?),
                quote! {
                    <#event as ::audithook_sdk::TypedEvent>::with(event, &self._names, |event| {
                        self.plugin.#function(event, #(#arguments),*)
                    })
                },
            )
        };
        let behaviour = match &self.kind {
            Kind::Gate(_) => quote! {
                impl ::audithook_sdk::Gate for #holder {
                    #[inline]
                    fn judge(
                        &self,
                        event: &::audithook_sdk::Event<'_>,
                        reply: &mut ::audithook_sdk::Reply<'_>,
                    ) -> ::audithook_sdk::Result<::audithook_sdk::Verdict> {
                        let judged = #call;
                        ::audithook_sdk::Judged::said(judged, reply)
                    }
                }
            },
            Kind::After => {
                let call = self.with_result(&call);
                quote! {
                    impl ::audithook_sdk::After for #holder {
                        fn ended(
                            &self,
                            event: &::audithook_sdk::Event<'_>,
                            outcome: ::audithook_sdk::Outcome,
                            cookie: u64,
                        ) -> ::audithook_sdk::Result<()> {
                            let (_, _) = (outcome, cookie);
                            #call
                        }
                    }
                }
            }
            Kind::Observer => {
                let call = self.with_result(&call);
                quote! {
                    impl ::audithook_sdk::Observer for #holder {
                        fn observe(
                            &self,
                            event: &::audithook_sdk::Event<'_>,
                        ) -> ::audithook_sdk::Result<()> {
                            #call
                        }
                    }
                }
            }
        };
        quote! {
            struct #holder {
                plugin: ::std::sync::Arc<#plugin>,
                // Not every function asks for them.
                _names: #names,
                _with: #with_type,
            }

            impl ::audithook_sdk::Hook for #holder {
                type Plugin = #plugin;
                type With = #with_type;

                fn with_schema() -> ::std::string::String {
                    ::audithook_sdk::macro_support::schema_of::<#with_type>()
                }

                fn attach(
                    plugin: &::std::sync::Arc<#plugin>,
                    attach: &::audithook_sdk::Attach<'_>,
                    with: #with_type,
                ) -> ::audithook_sdk::Result<Self> {
                    ::core::result::Result::Ok(Self {
                        plugin: ::std::sync::Arc::clone(plugin),
                        _names: #ask,
                        _with: with,
                    })
                }
            }

            #behaviour
        }
    }

    /// `&Event`: no type of one event's own.
    fn takes_any(&self) -> bool {
        matches!(&self.event, Type::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "Event"))
    }

    fn with_result(&self, call: &TokenStream) -> TokenStream {
        if self.silent {
            quote! { #call; ::core::result::Result::Ok(()) }
        } else {
            call.clone()
        }
    }

    /// The line of `plugin!`.
    pub(crate) fn line(&self) -> TokenStream {
        let (holder, name, summary) = (&self.holder, &self.name, &self.summary);
        match &self.kind {
            Kind::Gate(on_failure) => {
                quote!(#holder: gate(on_failure = #on_failure) #name #summary)
            }
            Kind::After => quote!(#holder: after #name #summary),
            Kind::Observer => quote!(#holder: observer #name #summary),
        }
    }
}

fn on_failure(mark: &Attribute) -> Result<syn::Expr> {
    let missing = || {
        Error::new(
            mark.span(),
            "a gate says what its failure means: `#[gate(on_failure = Deny)]`, or `Allow`, `Warn`, `Kill`",
        )
    };
    let mut options = inner::<MetaNameValue>(mark)?.into_iter();
    match (options.next(), options.next()) {
        (Some(option), None) if option.path.is_ident("on_failure") => {
            let is_verdict = matches!(&option.value, syn::Expr::Path(path)
                if ["Allow", "Warn", "Deny", "Kill"].iter().any(|verdict| path.path.is_ident(verdict)));
            if is_verdict {
                Ok(option.value)
            } else {
                Err(Error::new(
                    option.value.span(),
                    "a verdict: `Allow`, `Warn`, `Deny` or `Kill`",
                ))
            }
        }
        _ => Err(missing()),
    }
}

fn other(argument: &FnArg) -> Result<Other> {
    let FnArg::Typed(argument) = argument else {
        return Err(Error::new(argument.span(), "`self` stands first"));
    };
    let name = |ty: &Type| match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    };
    match &*argument.ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            if name(&reference.elem).as_deref() == Some("Reply") {
                return Ok(Other::Reply);
            }
        }
        Type::Reference(reference) => return Ok(Other::With(reference.elem.clone())),
        owned => match name(owned).as_deref() {
            Some("Outcome") => return Ok(Other::Outcome),
            Some("u64") => return Ok(Other::Cookie),
            _ => {}
        },
    }
    Err(Error::new(
        argument.span(),
        "a hook takes the event, and perhaps `with: &YourType`; a gate `reply: &mut Reply<'_>`; an after `outcome: Outcome` and \
         `cookie: u64`",
    ))
}
