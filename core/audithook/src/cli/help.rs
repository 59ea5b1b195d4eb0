//! What the long help says beside the flags.

use clap::builder::styling::{AnsiColor, Styles};

pub(super) const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold())
    .valid(AnsiColor::Cyan.on_default())
    .invalid(AnsiColor::Yellow.on_default());

pub(super) const EXAMPLES: &str = "\
Examples:
  audithook init python                     write ./hooks.toml to start from
  audithook trust                           say that you have read it
  audithook run -- python3 app.py           run a program under it
  audithook run --preset python --read . --no-network -- python3 script.py
                                            a policy without a file
  audithook log --verdict deny              what the last run was denied
  audithook explain open path=/etc/shadow   what the policy says about one event

Exit status:
  run: the program's own; 123 with --fail-on-deny; 124 a time limit; 125 a fault of audithook,
  wrong usage included; 126 the program cannot be executed; 127 it was not found; 137 killed by
  the policy. When the program died of a signal, so does audithook.
  Other commands: 0 good; 1 the answer is no (invalid, refused, a failed test, a difference);
  2 wrong usage, or what was asked for cannot be read.";

pub(super) const RUN: &str = "\
Examples:
  audithook run -- python3 app.py                    ./hooks.toml, which you trust
  audithook run -c ci.toml -- pip install -e .       another policy
  audithook run --preset python --read ./data --no-network --exec @python -- python3 job.py
  audithook run --observe --journal seen.jsonl -- python3 app.py
  audithook run -c - -- pytest < policy.toml

Exit status:
  the program's own; when it died of a signal, so does audithook.
  123  with --fail-on-deny, if anything was denied
  124  a time limit of the policy
  125  a fault of audithook: wrong usage, a bad policy, a missing layer, a journal that cannot be
       written
  126  the program cannot be executed
  127  the program was not found
  137  killed by the policy";

pub(super) const INIT: &str = "\
Examples:
  audithook init                 for a Python program
  audithook init python pip      for pip install
  audithook init base -o -       to standard output";

pub(super) const TRUST: &str = "\
Examples:
  audithook trust                          ./hooks.toml, after you have read it
  audithook trust --list                   what you trust, in all directories
  audithook trust --remove ../old/hooks.toml";

pub(super) const EXPLAIN: &str = "\
Relative paths belong to the current directory. What is left out is what it usually is: `open`
reads, a connection is a TCP one. The elements of a list stand between commas.

Examples:
  audithook explain open path=./data/x flags=write
  audithook explain socket.connect host=pypi.org port=443
  audithook explain subprocess.Popen path=/usr/bin/git args=git,push
  audithook explain --preset python --read . open path=/etc/shadow
  audithook explain --journal out.jsonl --seq 17";

pub(super) const PLUGIN_NEW: &str = "\
Examples:
  audithook plugin new port-limit
  audithook plugin new port-limit --lang c --path ./plugins/port-limit";

pub(super) const EMIT: &str = "\
Examples:
  audithook emit order.created id=5 total=9.5
  audithook emit -c hooks.toml import module=json --times 3";

pub(super) const LOG: &str = "\
Examples:
  audithook log --verdict deny               what the last run was denied
  audithook log out.jsonl --event 'socket.*' --since 10m
  audithook log --follow
  audithook log --format json | jq .args.path";

pub(super) const COMPLETIONS: &str = "\
Examples:
  audithook completions bash > ~/.local/share/bash-completion/completions/audithook
  audithook completions fish > ~/.config/fish/completions/audithook.fish
  audithook completions zsh > ~/.zfunc/_audithook";

/// What only the manual has.
pub(super) const MANUAL: &str = concat!(
    "\
Files:
  ./hooks.toml
       the policy, if `audithook trust` recorded that you have read it. Its keys:
       docs/policy.md, or ",
    env!("CARGO_PKG_REPOSITORY"),
    "/blob/main/docs/policy.md
  ~/.local/state/audithook/*.jsonl
       journals that no flag and no policy puts elsewhere
  ~/.local/state/audithook/trust/
       what you trust
  ~/.local/share/audithook/plugins/
       plugins, beside those of AUDITHOOK_PLUGIN_PATH, of the executable's directory and of its
       ../lib/audithook

Environment:
  AUDITHOOK_PLUGIN_PATH  directories in which plugins are looked for first, with colons between
  NO_COLOR               nothing is coloured, if it is set to anything
  XDG_STATE_HOME         instead of ~/.local/state
  XDG_DATA_HOME          instead of ~/.local/share
  XDG_RUNTIME_DIR        where the directory of a run lies; /tmp, where it is unset, has a space or a colon,
                         is too long, or others than you and root may write to it or above it

See also:
  audithook-run(1), audithook-log(1), audithook-explain(1): `audithook man COMMAND`"
);

pub(super) const SEE_ALSO: &str = "\
See also:
  audithook(1)";
