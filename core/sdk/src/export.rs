//! The macro that exports a plugin.

/// Exports a plugin: the one per library.
///
/// ```ignore
/// audithook_sdk::export! {
///     PortLimit,                              // implements `Plugin`
///     id: "org.example.port-limit",           // a reversed domain name
///     name: "port-limit",                     // the word in `[plugin.NAME]`
///     summary: "Refuses connections to ports above a limit.",
///     license: "MIT",
///     in_target: true,                        // may be left out: may run inside the program that is watched
///     own_threads: true,                      // may be left out: starts threads
///     hooks: [
///         Check: gate(on_failure = Deny) "check" "Judges the port of a connection.",
///         Timer: around(on_failure = Allow) "time" "Times operations.",
///         Ends: after "ends" "Sees how operations end.",
///         Count: observer "count" "Counts connections.",
///     ],
///     commands: [                             // may be left out
///         Ports "ports" "Lists the ports that were refused.",
///     ],
///     interfaces: [report],                   // may be left out
/// }
/// ```
///
/// `on_failure` is the verdict that you mean an error of the hook to have: it is shown with the plugin, and the policy's
/// `on-error` decides. The version is that of the crate. A crate with `forbid(unsafe_code)` cannot export: say `deny`.
#[macro_export]
macro_rules! export {
    (
        $plugin:ty,
        id: $id:expr,
        name: $name:expr,
        summary: $summary:expr,
        license: $license:expr,
        $(in_target: $in_target:expr,)?
        $(own_threads: $own_threads:expr,)?
        hooks: [$($hook:ty: $kind:ident $((on_failure = $on_failure:ident))? $function:literal $what:literal),* $(,)?]
        $(, commands: [$($command:ident $verb:literal $does:literal),* $(,)?])?
        $(, interfaces: [$($interface:ident),* $(,)?])?
        $(,)?
    ) => {
        impl $crate::macro_support::Export for $plugin {
            const ID: &'static str = $id;
            const NAME: &'static str = $name;
            const VERSION: &'static str = ::core::env!("CARGO_PKG_VERSION");
            const SUMMARY: &'static str = $summary;
            const LICENSE: &'static str = $license;
            const FLAGS: u64 = 0
                $(| if $in_target { $crate::macro_support::PLUGIN_IN_TARGET } else { 0 })?
                $(| if $own_threads { $crate::macro_support::PLUGIN_OWN_THREADS } else { 0 })?;
            fn hooks() -> ::std::vec::Vec<$crate::macro_support::RawHook> {
                $(const {
                    assert!(
                        $crate::macro_support::is_name($function),
                        "a hook's name is 1 to 64 of a-z 0-9 - _, a letter first"
                    );
                })*
                ::std::vec![$($crate::__hook!($kind $(($on_failure))? $hook, $function, $what)),*]
            }
            const ATTACH: &'static [$crate::macro_support::AttachHook<Self>] = &[
                $($crate::macro_support::attach_hook::<$hook>),*
            ];
            $(const COMMANDS: &'static [$crate::macro_support::RawCommand] = &[
                $($crate::macro_support::command::<$command>($verb, $does)),*
            ];)?
            const INTERFACES: &'static [(&'static str, $crate::macro_support::Interface)] = &[
                $crate::macro_support::command_interface::<$plugin>(),
                $($($crate::__interface!($interface $plugin)),*)?
            ];
        }

        /// The library's entry: the plugin, for a host of this major version of the ABI.
        #[expect(unsafe_code, reason = "the one symbol that a plugin exports; nothing else may have its name")]
        #[unsafe(no_mangle)]
        pub extern "C" fn audithook_plugin_entry(
            host_abi_major: u32,
        ) -> *const $crate::macro_support::RawPlugin {
            static PLUGIN: ::std::sync::OnceLock<Option<$crate::macro_support::RawPlugin>> =
                ::std::sync::OnceLock::new();
            if host_abi_major != $crate::macro_support::ABI_MAJOR as u32 {
                return ::core::ptr::null();
            }
            match PLUGIN.get_or_init($crate::macro_support::descriptor::<$plugin>) {
                ::core::option::Option::Some(plugin) => plugin,
                ::core::option::Option::None => ::core::ptr::null(),
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __hook {
    (gate($on_failure:ident) $hook:ty, $function:literal, $what:literal) => {
        $crate::macro_support::gate_hook::<$hook>($function, $what, $crate::Verdict::$on_failure)
    };
    (around($on_failure:ident) $hook:ty, $function:literal, $what:literal) => {
        $crate::macro_support::around_hook::<$hook>($function, $what, $crate::Verdict::$on_failure)
    };
    (after $hook:ty, $function:literal, $what:literal) => {
        $crate::macro_support::after_hook::<$hook>($function, $what)
    };
    (observer $hook:ty, $function:literal, $what:literal) => {
        $crate::macro_support::observer_hook::<$hook>($function, $what)
    };
    ($(gate)? $(around)? $hook:ty, $function:literal, $what:literal) => {
        ::core::compile_error!("a gate says what its failure means: gate(on_failure = Deny)")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __interface {
    (report $plugin:ty) => {
        $crate::macro_support::report_interface::<$plugin>()
    };
}
