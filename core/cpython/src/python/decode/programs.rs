//! Operations that execute programs.

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{arg, event};

use super::{Arguments, Decoder, Handling, Scratch};
use crate::environment;
use crate::paths::Base;
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
        let directory = if is_popen {
            self.reader.text(self.reader.argument(2))
        } else {
            None
        };
        let environment = self.reader.argument(if is_popen { 3 } else { 2 });
        let program = self.reader.text(self.reader.argument(0));
        let argv = self.reader.argument(1);
        let program = program.or_else(|| self.reader.first_element(argv));
        let may_be_searched = matches!(
            symbol,
            event::OS_POSIX_SPAWN | event::_POSIXSUBPROCESS_FORK_EXEC
        );
        if may_be_searched && program.is_some_and(|program| !program.contains(&b'/')) {
            // `posix_spawnp` raises the same event: only the libc call shows whether PATH is searched.
            arguments.handling = Handling::AtCall;
            return arguments;
        }
        if let Some(program) = program {
            let base = match directory {
                Some(directory) if second.resolve(Base::Cwd, directory, true, false).is_ok() => {
                    Base::Directory(second.as_bytes())
                }
                _ => Base::Cwd,
            };
            let found = if program.contains(&b'/') {
                first.resolve(base, program, true, false).is_ok()
            } else if is_popen {
                environment::find_program(program, self.search_path(environment), base, first)
            } else {
                first.resolve(Base::Cwd, program, true, false).is_ok()
            };
            if found {
                arguments.push(arg::PATH, Value::path(first.as_bytes()));
            } else {
                // No such program: the operation fails by itself.
                arguments.handling = Handling::Free;
            }
            arguments.given = program;
            arguments.push(arg::RAW, Value::path(program));
        }
        let count = self.reader.strings(argv, list);
        arguments.push(arg::ARGS, Value::list(&list[..count]));
        if let Some(directory) = directory {
            arguments.push(arg::CWD, Value::path(directory));
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
