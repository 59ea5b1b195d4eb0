//! A process that starts programs when it is told to, and says how long each took: the same one outside and inside a run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use crate::place;

/// What makes this program the other end.
pub(crate) const ARGUMENT: &str = "--spawn-when-told";

/// The end that tells.
pub(crate) struct Spawner {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Spawner {
    /// Starts the other end, by way of `front` if there is one.
    pub(crate) fn start(front: Option<Command>, command: &Command) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut spawner = Command::new(own);
        spawner
            .arg(ARGUMENT)
            .arg(command.get_program())
            .args(command.get_args());
        let mut whole = match front {
            Some(front) => place::behind(front, &spawner),
            None => spawner,
        };
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                whole.env(key, value);
            }
        }
        let mut child = whole
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{whole:?}: {error}"))?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().ok_or("a pipe was asked for")?;
        Ok(Self {
            child,
            orders,
            answers: BufReader::new(answers),
        })
    }

    /// Has the program started once. Returns the nanoseconds from before its start until it was reaped.
    pub(crate) fn once(&mut self) -> Result<f64, String> {
        let orders = self.orders.as_mut().ok_or("it was told to end")?;
        let mut answer = String::new();
        orders
            .write_all(b"\n")
            .and_then(|()| self.answers.read_line(&mut answer))
            .map_err(|error| error.to_string())?;
        answer
            .trim()
            .parse()
            .map_err(|_| format!("the spawner answered `{}`", answer.trim()))
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        // Without orders it ends.
        self.orders = None;
        let _ = self.child.wait();
    }
}

/// The end that is told.
pub(crate) fn serve(command: &[String]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else {
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command.args(arguments);
    for _ in std::io::stdin().lines() {
        match place::time(&mut command) {
            Ok(nanoseconds) => println!("{nanoseconds}"),
            Err(error) => {
                eprintln!("bench: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
