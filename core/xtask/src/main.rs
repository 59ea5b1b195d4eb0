//! The one door for developers: `cargo xtask {demo,test,ci,bench,gen,dist}`.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to the developer at the terminal"
)]

mod bench;
mod catalogue;
mod check;
mod demo;
mod dist;
mod generate;
mod pages;
mod setup;
mod shell;
mod specification;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo           build everything and run a Python program under a policy
  test           run all tests; install what they need into target/
  ci             what continuous integration checks beside the tests
  bench [NAME]   run the benches; print ratios against a baseline of the same run
  pages          run the examples of the README and of the book of plugins
  gen [--check]  write (or check) the generated files
  dist           put a release into target/dist";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let result = match (arguments.first().map(String::as_str), &rest[..]) {
        (Some("demo"), []) => demo::run(),
        (Some("test"), rest) => test::run(rest),
        (Some("ci"), []) => check::run(),
        (Some("bench"), rest) => bench::run(rest),
        (Some("pages"), []) => pages::check(),
        (Some("gen"), []) => generate::write(),
        (Some("gen"), ["--check"]) => generate::check(),
        (Some("dist"), []) => dist::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
