//! The process that the tests have their plugins run in.

fn main() -> std::process::ExitCode {
    audithook_plugin_process::serve()
}
