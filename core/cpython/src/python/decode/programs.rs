//! Operations that execute programs.

use audithook_abi::{Symbol, VALUE_TRUNCATED, Value};
use audithook_catalogue::{arg, event};

use super::{Arguments, Decoder, Handling, Scratch};
use crate::environment;
use crate::paths::Base;
use crate::python::api::Kind;
use crate::python::objects::Item;

impl Decoder<'_, '_> {
    /// `executable, args, cwd, env`, or `path, args, env`.
    pub(super) fn program<'s>(
        &mut self,
        symbol: Symbol,
        scratch: &'s mut Scratch,
    ) -> Arguments<'s> {
        let Scratch {
            first,
            second,
            list,
            ..
        } = scratch;
        let mut arguments = Arguments::new();
        let is_popen = symbol == event::SUBPROCESS_POPEN;
        let (program, argv) = (self.reader.argument(0), self.reader.argument(1));
        let program = match self.reader.text(program) {
            // `Popen` without an `executable`.
            None if is_popen && self.reader.kind(program) == Kind::None => {
                self.reader.first_element(argv)
            }
            program => program,
        };
        let may_be_searched = matches!(
            symbol,
            event::OS_POSIX_SPAWN | event::_POSIXSUBPROCESS_FORK_EXEC
        );
        let is_name = program.is_some_and(|program| !program.contains(&b'/'));
        if !is_popen && (program.is_none() || may_be_searched && is_name) {
            // A descriptor, or a path that only the program's code could read. And `posix_spawnp` raises the event of
            // `posix_spawn`: only the libc call shows whether PATH is searched.
            arguments.handling = Handling::Left;
            return arguments;
        }
        let directory = self.reader.argument(if is_popen { 2 } else { usize::MAX });
        let environment = self.reader.argument(if is_popen { 3 } else { 2 });
        let is_elsewhere = self.reader.kind(directory) != Kind::None;
        let directory = self.reader.text(directory);
        let base = match directory {
            Some(directory) if second.resolve(Base::Cwd, directory, true, false).is_ok() => {
                Some(Base::Directory(second.as_bytes()))
            }
            _ if is_elsewhere => None,
            _ => Some(Base::Cwd),
        };
        let found = match (program, base) {
            (Some(program), Some(base)) if is_popen && is_name => {
                environment::find_program(program, self.search_path(environment), base, first)
            }
            (Some(program), Some(base)) => {
                first.resolve(base, program, true, false).is_ok() && environment::is_program(first)
            }
            _ => false,
        };
        if let Some(program) = program {
            arguments.given = program;
            if found {
                arguments.push(arg::PATH, Value::path(first.as_bytes()));
            }
            arguments.push(arg::RAW, Value::path(program));
        }
        if !found {
            // There is none, and the operation fails by itself; or only the call shows which it is. The hooks of `Popen`
            // are judged here: its child raises no event of this name.
            arguments.handling = if is_popen {
                Handling::ListsAtCall
            } else {
                Handling::Left
            };
        }
        let count = self.reader.strings(argv, list);
        arguments.push(arg::ARGS, Value::list(&list[..count]));
        match directory {
            Some(directory) => arguments.push(arg::CWD, Value::path(directory)),
            None if is_elsewhere => {
                arguments.push(arg::CWD, Value::NULL.flagged(VALUE_TRUNCATED));
            }
            None => {}
        }
        arguments
    }

    /// `PATH` of the environment that the child gets: of the dict given, else of this process.
    fn search_path<'s>(&mut self, environment: Item) -> Option<&'s [u8]> {
        match self.reader.dict_value(environment, b"PATH") {
            Some(path) => self.reader.text(path),
            None => environment::variable(c"PATH"),
        }
    }

    /// `command`, for the shell.
    pub(super) fn shell<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        if scratch
            .first
            .resolve(Base::Cwd, b"/bin/sh", true, false)
            .is_ok()
        {
            arguments.push(arg::PATH, Value::path(scratch.first.as_bytes()));
        }
        if let Some(command) = self.reader.text(self.reader.argument(0)) {
            arguments.push(arg::COMMAND, Value::str(command));
        }
        arguments
    }
}
