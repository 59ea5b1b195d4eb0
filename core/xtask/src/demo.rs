//! `cargo xtask demo`: a real Python program under a policy, from a fresh checkout.

use std::process::Command;

use crate::setup;
use crate::shell::{self, cargo, root, target};

pub(crate) fn run() -> Result<(), String> {
    setup::debian_packages();
    shell::run(&mut cargo(&["build", "--release"]))?;
    let audithook = target().join("release/audithook");
    let demo = root().join("examples/demo");
    let journal = target().join("demo.jsonl");
    // A journal is appended to; the demo shows one run.
    let _ = std::fs::remove_file(&journal);

    println!("\n--- the policy: examples/demo/hooks.toml\n");
    let policy =
        std::fs::read_to_string(demo.join("hooks.toml")).map_err(|error| error.to_string())?;
    print!("{policy}");

    println!("\n--- the program under the policy\n");
    shell::run(
        Command::new(&audithook)
            .args(["run", "-c", "hooks.toml", "--journal"])
            .arg(&journal)
            .args(["--", "python3", "app.py"])
            .current_dir(&demo),
    )?;

    println!("\n--- what was refused\n");
    shell::run(
        Command::new(&audithook)
            .arg("log")
            .arg(&journal)
            .args(["--verdict", "deny"]),
    )?;
    println!("\n--- some of what was allowed\n");
    shell::run(Command::new(&audithook).arg("log").arg(&journal).args([
        "--verdict",
        "allow",
        "--event",
        "s*",
    ]))?;
    println!("\n--- why, and what would change it\n");
    // 1 says that the answer is no.
    shell::run_to(
        1,
        Command::new(&audithook)
            .args(["explain", "-c", "hooks.toml", "open", "path=vault/key"])
            .current_dir(&demo),
    )?;
    println!(
        "\ndemo: it works; now read README.md, or begin with a policy of your own:\n  {} init",
        audithook.display()
    );
    Ok(())
}
