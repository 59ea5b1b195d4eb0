//! Made by `cargo xtask gen` from data/events.tsv: edit that file, not this one.

use crate::{ArgInfo, EventDetails, EventInfo, Journalled, Operation};

/// Every event, sorted by name.
#[rustfmt::skip]
pub static EVENTS: [EventInfo; 225] = [
    EventInfo { name: "_posixsubprocess.fork_exec", operation: Operation::Exec, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "args", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "_thread.start_joinable_thread", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "_thread.start_new_thread", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "_winapi.CreateFile", operation: Operation::None, args: &[ArgInfo { name: "file_name", kind: "any" }, ArgInfo { name: "desired_access", kind: "any" }, ArgInfo { name: "share_mode", kind: "any" }, ArgInfo { name: "creation_disposition", kind: "any" }, ArgInfo { name: "flags_and_attributes", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "_winapi.CreateJunction", operation: Operation::None, args: &[ArgInfo { name: "src_path", kind: "any" }, ArgInfo { name: "dst_path", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "_winapi.CreateNamedPipe", operation: Operation::None, args: &[ArgInfo { name: "name", kind: "any" }, ArgInfo { name: "open_mode", kind: "any" }, ArgInfo { name: "pipe_mode", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "_winapi.CreatePipe", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "_winapi.CreateProcess", operation: Operation::None, args: &[ArgInfo { name: "application_name", kind: "any" }, ArgInfo { name: "command_line", kind: "any" }, ArgInfo { name: "current_directory", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "_winapi.OpenProcess", operation: Operation::None, args: &[ArgInfo { name: "process_id", kind: "any" }, ArgInfo { name: "desired_access", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "_winapi.TerminateProcess", operation: Operation::None, args: &[ArgInfo { name: "handle", kind: "any" }, ArgInfo { name: "exit_code", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "array.__new__", operation: Operation::None, args: &[ArgInfo { name: "typecode", kind: "any" }, ArgInfo { name: "initializer", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "builtins.breakpoint", operation: Operation::None, args: &[ArgInfo { name: "breakpointhook", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "builtins.id", operation: Operation::None, args: &[ArgInfo { name: "id", kind: "u64" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "builtins.input", operation: Operation::None, args: &[ArgInfo { name: "prompt", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "builtins.input/result", operation: Operation::None, args: &[ArgInfo { name: "result", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "bus.lost", operation: Operation::None, args: &[ArgInfo { name: "count", kind: "u64" }, ArgInfo { name: "from", kind: "u64" }, ArgInfo { name: "to", kind: "u64" }, ArgInfo { name: "reason", kind: "str" }], journalled: Journalled::Always },
    EventInfo { name: "chroot", operation: Operation::Root, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "code.__new__", operation: Operation::None, args: &[ArgInfo { name: "filename", kind: "path" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "command.call", operation: Operation::None, args: &[ArgInfo { name: "plugin", kind: "str" }, ArgInfo { name: "command", kind: "str" }, ArgInfo { name: "args", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "compile", operation: Operation::None, args: &[ArgInfo { name: "source", kind: "str" }, ArgInfo { name: "filename", kind: "path" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "cpython.PyConfig_Set", operation: Operation::None, args: &[ArgInfo { name: "name", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "cpython.PyInterpreterState_Clear", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "cpython.PyInterpreterState_New", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "cpython._PySys_ClearAuditHooks", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "cpython.remote_debugger_script", operation: Operation::None, args: &[ArgInfo { name: "script_path", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "cpython.run_command", operation: Operation::None, args: &[ArgInfo { name: "command", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "cpython.run_file", operation: Operation::None, args: &[ArgInfo { name: "filename", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "cpython.run_interactivehook", operation: Operation::None, args: &[ArgInfo { name: "hook", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "cpython.run_module", operation: Operation::None, args: &[ArgInfo { name: "module", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "cpython.run_startup", operation: Operation::None, args: &[ArgInfo { name: "filename", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "cpython.run_stdin", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "ctypes.PyObj_FromPtr", operation: Operation::None, args: &[ArgInfo { name: "obj", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.addressof", operation: Operation::None, args: &[ArgInfo { name: "obj", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.call_function", operation: Operation::None, args: &[ArgInfo { name: "func_pointer", kind: "any" }, ArgInfo { name: "arguments", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.cdata", operation: Operation::None, args: &[ArgInfo { name: "address", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.cdata/buffer", operation: Operation::None, args: &[ArgInfo { name: "pointer", kind: "any" }, ArgInfo { name: "size", kind: "any" }, ArgInfo { name: "offset", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.create_string_buffer", operation: Operation::None, args: &[ArgInfo { name: "init", kind: "any" }, ArgInfo { name: "size", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.create_unicode_buffer", operation: Operation::None, args: &[ArgInfo { name: "init", kind: "any" }, ArgInfo { name: "size", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.dlopen", operation: Operation::Load, args: &[ArgInfo { name: "name", kind: "str" }, ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "ctypes.dlsym", operation: Operation::None, args: &[ArgInfo { name: "library", kind: "any" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.dlsym/handle", operation: Operation::None, args: &[ArgInfo { name: "handle", kind: "any" }, ArgInfo { name: "name", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.get_errno", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.get_last_error", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.memoryview_at", operation: Operation::None, args: &[ArgInfo { name: "address", kind: "any" }, ArgInfo { name: "size", kind: "any" }, ArgInfo { name: "readonly", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "ctypes.seh_exception", operation: Operation::None, args: &[ArgInfo { name: "code", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.set_errno", operation: Operation::None, args: &[ArgInfo { name: "errno", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.set_last_error", operation: Operation::None, args: &[ArgInfo { name: "error", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.string_at", operation: Operation::None, args: &[ArgInfo { name: "ptr", kind: "any" }, ArgInfo { name: "size", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ctypes.wstring_at", operation: Operation::None, args: &[ArgInfo { name: "ptr", kind: "any" }, ArgInfo { name: "size", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ensurepip.bootstrap", operation: Operation::None, args: &[ArgInfo { name: "root", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "exec", operation: Operation::None, args: &[ArgInfo { name: "filename", kind: "path" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "fcntl.fcntl", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "any" }, ArgInfo { name: "cmd", kind: "any" }, ArgInfo { name: "arg", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "fcntl.flock", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "any" }, ArgInfo { name: "operation", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "fcntl.ioctl", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "any" }, ArgInfo { name: "request", kind: "any" }, ArgInfo { name: "arg", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "fcntl.lockf", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "any" }, ArgInfo { name: "cmd", kind: "any" }, ArgInfo { name: "len", kind: "any" }, ArgInfo { name: "start", kind: "any" }, ArgInfo { name: "whence", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "ftplib.connect", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "ftplib.sendcmd", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "cmd", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "function.__new__", operation: Operation::None, args: &[ArgInfo { name: "filename", kind: "path" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "gc.get_objects", operation: Operation::None, args: &[ArgInfo { name: "generation", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "gc.get_referents", operation: Operation::None, args: &[ArgInfo { name: "objs", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "gc.get_referrers", operation: Operation::None, args: &[ArgInfo { name: "objs", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "glob.glob", operation: Operation::None, args: &[ArgInfo { name: "pattern", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "glob.glob/2", operation: Operation::None, args: &[ArgInfo { name: "pattern", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "hook.add", operation: Operation::None, args: &[ArgInfo { name: "hook", kind: "str" }, ArgInfo { name: "on", kind: "list" }, ArgInfo { name: "kind", kind: "str" }, ArgInfo { name: "plugin", kind: "str" }, ArgInfo { name: "origin", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "hook.mode", operation: Operation::None, args: &[ArgInfo { name: "mode", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "hook.remove", operation: Operation::None, args: &[ArgInfo { name: "hook", kind: "str" }, ArgInfo { name: "plugin", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "hook.replace", operation: Operation::None, args: &[ArgInfo { name: "count", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "hook.reset", operation: Operation::None, args: &[ArgInfo { name: "hook", kind: "str" }, ArgInfo { name: "plugin", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "http.client.connect", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "http.client.send", operation: Operation::None, args: &[ArgInfo { name: "data", kind: "bytes" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "imaplib.open", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "imaplib.send", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "data", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "import", operation: Operation::Load, args: &[ArgInfo { name: "module", kind: "str" }, ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "marshal.dumps", operation: Operation::None, args: &[ArgInfo { name: "value", kind: "any" }, ArgInfo { name: "version", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "marshal.load", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "marshal.loads", operation: Operation::None, args: &[ArgInfo { name: "length", kind: "u64" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "mmap.__new__", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "i64" }, ArgInfo { name: "length", kind: "i64" }, ArgInfo { name: "access", kind: "i64" }, ArgInfo { name: "offset", kind: "i64" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "mount", operation: Operation::Root, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "msvcrt.get_osfhandle", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "msvcrt.locking", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "any" }, ArgInfo { name: "mode", kind: "any" }, ArgInfo { name: "nbytes", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "msvcrt.open_osfhandle", operation: Operation::None, args: &[ArgInfo { name: "handle", kind: "any" }, ArgInfo { name: "flags", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "nntplib.connect", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "nntplib.putline", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "line", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "object.__delattr__", operation: Operation::None, args: &[ArgInfo { name: "type", kind: "str" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "object.__getattr__", operation: Operation::None, args: &[ArgInfo { name: "type", kind: "str" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "object.__setattr__", operation: Operation::None, args: &[ArgInfo { name: "type", kind: "str" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "open", operation: Operation::Open, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "flags", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "os.add_dll_directory", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.chdir", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.chflags", operation: Operation::Write, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "flags", kind: "u64" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.chmod", operation: Operation::Write, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "mode", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "os.chown", operation: Operation::Write, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "uid", kind: "i64" }, ArgInfo { name: "gid", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "os.exec", operation: Operation::Exec, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "args", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "os.fork", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "os.forkpty", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "os.fwalk", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.getxattr", operation: Operation::List, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "attribute", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.kill", operation: Operation::None, args: &[ArgInfo { name: "pid", kind: "i64" }, ArgInfo { name: "signal", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "os.killpg", operation: Operation::None, args: &[ArgInfo { name: "pgid", kind: "i64" }, ArgInfo { name: "signal", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "os.link", operation: Operation::Link, args: &[ArgInfo { name: "src", kind: "path" }, ArgInfo { name: "dst", kind: "path" }, ArgInfo { name: "raw_src", kind: "path" }, ArgInfo { name: "raw_dst", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.listdir", operation: Operation::List, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.listdrives", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.listmounts", operation: Operation::None, args: &[ArgInfo { name: "volume", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.listvolumes", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.listxattr", operation: Operation::List, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.lockf", operation: Operation::None, args: &[ArgInfo { name: "fd", kind: "any" }, ArgInfo { name: "cmd", kind: "any" }, ArgInfo { name: "len", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.mkdir", operation: Operation::Create, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "mode", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "os.mkfifo", operation: Operation::Create, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "mode", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "os.mknod", operation: Operation::Create, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "mode", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "os.posix_spawn", operation: Operation::Exec, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "args", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "os.putenv", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "str" }, ArgInfo { name: "value", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "os.remove", operation: Operation::Unlink, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.removexattr", operation: Operation::Write, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "attribute", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "os.rename", operation: Operation::Rename, args: &[ArgInfo { name: "src", kind: "path" }, ArgInfo { name: "dst", kind: "path" }, ArgInfo { name: "raw_src", kind: "path" }, ArgInfo { name: "raw_dst", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.rmdir", operation: Operation::Unlink, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.scandir", operation: Operation::List, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.setxattr", operation: Operation::Write, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "attribute", kind: "str" }, ArgInfo { name: "value", kind: "bytes" }, ArgInfo { name: "flags", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "os.spawn", operation: Operation::None, args: &[ArgInfo { name: "mode", kind: "any" }, ArgInfo { name: "path", kind: "any" }, ArgInfo { name: "args", kind: "any" }, ArgInfo { name: "env", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.startfile", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "any" }, ArgInfo { name: "operation", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.startfile/2", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "any" }, ArgInfo { name: "operation", kind: "any" }, ArgInfo { name: "arguments", kind: "any" }, ArgInfo { name: "cwd", kind: "any" }, ArgInfo { name: "show_cmd", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "os.symlink", operation: Operation::Symlink, args: &[ArgInfo { name: "target", kind: "path" }, ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "os.system", operation: Operation::Shell, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "command", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "os.truncate", operation: Operation::Write, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "length", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "os.unsetenv", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "os.utime", operation: Operation::Write, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "times", kind: "any" }, ArgInfo { name: "ns", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "os.walk", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "pathlib.Path.glob", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "pattern", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "pathlib.Path.rglob", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "pattern", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "pathlib.Path.walk", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "on_error", kind: "any" }, ArgInfo { name: "follow_symlinks", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "pdb.Pdb", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "pickle.find_class", operation: Operation::None, args: &[ArgInfo { name: "module", kind: "str" }, ArgInfo { name: "name", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "pivot_root", operation: Operation::Root, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "plugin.error", operation: Operation::None, args: &[ArgInfo { name: "plugin", kind: "str" }, ArgInfo { name: "hook", kind: "str" }, ArgInfo { name: "error", kind: "str" }, ArgInfo { name: "verdict", kind: "str" }], journalled: Journalled::Always },
    EventInfo { name: "plugin.exit", operation: Operation::None, args: &[ArgInfo { name: "plugin", kind: "str" }, ArgInfo { name: "reason", kind: "str" }, ArgInfo { name: "status", kind: "i64" }, ArgInfo { name: "signal", kind: "i64" }, ArgInfo { name: "wait_ms", kind: "u64" }], journalled: Journalled::Always },
    EventInfo { name: "plugin.load", operation: Operation::None, args: &[ArgInfo { name: "plugin", kind: "str" }, ArgInfo { name: "version", kind: "str" }, ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "sha256", kind: "str" }, ArgInfo { name: "placement", kind: "str" }], journalled: Journalled::Always },
    EventInfo { name: "plugin.quarantined", operation: Operation::None, args: &[ArgInfo { name: "plugin", kind: "str" }, ArgInfo { name: "hook", kind: "str" }, ArgInfo { name: "count", kind: "u64" }], journalled: Journalled::Always },
    EventInfo { name: "plugin.restart", operation: Operation::None, args: &[ArgInfo { name: "plugin", kind: "str" }, ArgInfo { name: "count", kind: "u64" }], journalled: Journalled::Always },
    EventInfo { name: "policy.reload", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "generation", kind: "u64" }, ArgInfo { name: "error", kind: "str" }, ArgInfo { name: "waits", kind: "list" }], journalled: Journalled::Always },
    EventInfo { name: "poplib.connect", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "poplib.putline", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "line", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "prlimit", operation: Operation::Limits, args: &[ArgInfo { name: "pid", kind: "i64" }, ArgInfo { name: "resource", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "process.exit", operation: Operation::None, args: &[ArgInfo { name: "status", kind: "i64" }, ArgInfo { name: "signal", kind: "i64" }, ArgInfo { name: "user_ns", kind: "u64" }, ArgInfo { name: "system_ns", kind: "u64" }, ArgInfo { name: "max_rss", kind: "u64" }], journalled: Journalled::Always },
    EventInfo { name: "process.start", operation: Operation::None, args: &[ArgInfo { name: "argv", kind: "list" }, ArgInfo { name: "exe", kind: "path" }, ArgInfo { name: "cwd", kind: "path" }, ArgInfo { name: "ppid", kind: "u64" }, ArgInfo { name: "uid", kind: "u64" }, ArgInfo { name: "labels", kind: "map" }, ArgInfo { name: "hooked", kind: "bool" }, ArgInfo { name: "policy", kind: "str" }, ArgInfo { name: "reason", kind: "str" }], journalled: Journalled::Always },
    EventInfo { name: "process.uncovered", operation: Operation::Uncovered, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "reason", kind: "str" }, ArgInfo { name: "args", kind: "list" }], journalled: Journalled::Always },
    EventInfo { name: "pty.spawn", operation: Operation::None, args: &[ArgInfo { name: "args", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "resource.prlimit", operation: Operation::None, args: &[ArgInfo { name: "pid", kind: "any" }, ArgInfo { name: "resource", kind: "any" }, ArgInfo { name: "limits", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "resource.setrlimit", operation: Operation::None, args: &[ArgInfo { name: "resource", kind: "any" }, ArgInfo { name: "limits", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "setns", operation: Operation::Namespace, args: &[ArgInfo { name: "namespaces", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "setopencodehook", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "shutil.chown", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "user", kind: "any" }, ArgInfo { name: "group", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.copyfile", operation: Operation::None, args: &[ArgInfo { name: "src", kind: "path" }, ArgInfo { name: "dst", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.copymode", operation: Operation::None, args: &[ArgInfo { name: "src", kind: "path" }, ArgInfo { name: "dst", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.copystat", operation: Operation::None, args: &[ArgInfo { name: "src", kind: "path" }, ArgInfo { name: "dst", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.copytree", operation: Operation::None, args: &[ArgInfo { name: "src", kind: "path" }, ArgInfo { name: "dst", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.make_archive", operation: Operation::None, args: &[ArgInfo { name: "base_name", kind: "any" }, ArgInfo { name: "format", kind: "any" }, ArgInfo { name: "root_dir", kind: "any" }, ArgInfo { name: "base_dir", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.move", operation: Operation::None, args: &[ArgInfo { name: "src", kind: "path" }, ArgInfo { name: "dst", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.rmtree", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "shutil.unpack_archive", operation: Operation::None, args: &[ArgInfo { name: "filename", kind: "any" }, ArgInfo { name: "extract_dir", kind: "any" }, ArgInfo { name: "format", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "signal.pthread_kill", operation: Operation::None, args: &[ArgInfo { name: "thread_id", kind: "any" }, ArgInfo { name: "signalnum", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "smtplib.SMTP.send", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "data", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "smtplib.connect", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "smtplib.send", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "data", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "socket.__new__", operation: Operation::Socket, args: &[ArgInfo { name: "family", kind: "str" }, ArgInfo { name: "kind", kind: "str" }, ArgInfo { name: "protocol", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "socket.bind", operation: Operation::Bind, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }, ArgInfo { name: "family", kind: "str" }, ArgInfo { name: "kind", kind: "str" }, ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "socket.connect", operation: Operation::Connect, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }, ArgInfo { name: "family", kind: "str" }, ArgInfo { name: "kind", kind: "str" }, ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "socket.getaddrinfo", operation: Operation::Resolve, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "any" }, ArgInfo { name: "family", kind: "str" }, ArgInfo { name: "kind", kind: "str" }, ArgInfo { name: "protocol", kind: "i64" }], journalled: Journalled::Default },
    EventInfo { name: "socket.gethostbyaddr", operation: Operation::Reverse, args: &[ArgInfo { name: "host", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "socket.gethostbyname", operation: Operation::Resolve, args: &[ArgInfo { name: "host", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "socket.gethostname", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "socket.getnameinfo", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "socket.getservbyname", operation: Operation::None, args: &[ArgInfo { name: "service", kind: "str" }, ArgInfo { name: "protocol", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "socket.getservbyport", operation: Operation::None, args: &[ArgInfo { name: "port", kind: "u64" }, ArgInfo { name: "protocol", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "socket.sendmsg", operation: Operation::Connect, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }, ArgInfo { name: "family", kind: "str" }, ArgInfo { name: "kind", kind: "str" }, ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "socket.sendto", operation: Operation::Connect, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }, ArgInfo { name: "family", kind: "str" }, ArgInfo { name: "kind", kind: "str" }, ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "socket.sethostname", operation: Operation::None, args: &[ArgInfo { name: "name", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "sqlite3.connect", operation: Operation::Database, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "sqlite3.connect/handle", operation: Operation::None, args: &[ArgInfo { name: "connection_handle", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "sqlite3.enable_load_extension", operation: Operation::None, args: &[ArgInfo { name: "connection", kind: "any" }, ArgInfo { name: "enabled", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "sqlite3.load_extension", operation: Operation::None, args: &[ArgInfo { name: "connection", kind: "any" }, ArgInfo { name: "path", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "subprocess.Popen", operation: Operation::Exec, args: &[ArgInfo { name: "path", kind: "path" }, ArgInfo { name: "raw", kind: "path" }, ArgInfo { name: "args", kind: "list" }, ArgInfo { name: "cwd", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "sys._current_exceptions", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "sys._current_frames", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "sys._getframe", operation: Operation::None, args: &[ArgInfo { name: "frame", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "sys._getframemodulename", operation: Operation::None, args: &[ArgInfo { name: "depth", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "sys.addaudithook", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "sys.excepthook", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "type", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "sys.monitoring.register_callback", operation: Operation::None, args: &[ArgInfo { name: "func", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "sys.remote_exec", operation: Operation::None, args: &[ArgInfo { name: "pid", kind: "any" }, ArgInfo { name: "script_path", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "sys.set_asyncgen_hook_finalizer", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "sys.set_asyncgen_hook_firstiter", operation: Operation::None, args: &[], journalled: Journalled::WhenNamed },
    EventInfo { name: "sys.set_asyncgen_hooks_finalizer", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "sys.set_asyncgen_hooks_firstiter", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "sys.setprofile", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "sys.settrace", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "sys.unraisablehook", operation: Operation::None, args: &[ArgInfo { name: "type", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "syslog.closelog", operation: Operation::None, args: &[], journalled: Journalled::Default },
    EventInfo { name: "syslog.openlog", operation: Operation::None, args: &[ArgInfo { name: "ident", kind: "any" }, ArgInfo { name: "logoption", kind: "any" }, ArgInfo { name: "facility", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "syslog.setlogmask", operation: Operation::None, args: &[ArgInfo { name: "maskpri", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "syslog.syslog", operation: Operation::None, args: &[ArgInfo { name: "priority", kind: "i64" }, ArgInfo { name: "message", kind: "str" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "telnetlib.Telnet.open", operation: Operation::None, args: &[ArgInfo { name: "host", kind: "str" }, ArgInfo { name: "port", kind: "u64" }], journalled: Journalled::Default },
    EventInfo { name: "telnetlib.Telnet.write", operation: Operation::None, args: &[ArgInfo { name: "_", kind: "any" }, ArgInfo { name: "buffer", kind: "any" }], journalled: Journalled::Default },
    EventInfo { name: "tempfile.mkdtemp", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "tempfile.mkstemp", operation: Operation::None, args: &[ArgInfo { name: "path", kind: "path" }], journalled: Journalled::Default },
    EventInfo { name: "time.sleep", operation: Operation::None, args: &[ArgInfo { name: "seconds", kind: "f64" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "unshare", operation: Operation::Namespace, args: &[ArgInfo { name: "namespaces", kind: "list" }], journalled: Journalled::Default },
    EventInfo { name: "urllib.Request", operation: Operation::None, args: &[ArgInfo { name: "url", kind: "str" }, ArgInfo { name: "method", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "webbrowser.open", operation: Operation::None, args: &[ArgInfo { name: "url", kind: "str" }], journalled: Journalled::Default },
    EventInfo { name: "winreg.ConnectRegistry", operation: Operation::None, args: &[ArgInfo { name: "computer_name", kind: "any" }, ArgInfo { name: "key", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.CreateKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "sub_key", kind: "any" }, ArgInfo { name: "access", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.DeleteKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "sub_key", kind: "any" }, ArgInfo { name: "access", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.DeleteValue", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "value", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.DisableReflectionKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.EnableReflectionKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.EnumKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "index", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.EnumValue", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "index", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.ExpandEnvironmentStrings", operation: Operation::None, args: &[ArgInfo { name: "str", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.LoadKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "sub_key", kind: "any" }, ArgInfo { name: "file_name", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.OpenKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "sub_key", kind: "any" }, ArgInfo { name: "access", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.OpenKey/result", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.PyHKEY.Detach", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.QueryInfoKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.QueryReflectionKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.QueryValue", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "sub_key", kind: "any" }, ArgInfo { name: "value_name", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.SaveKey", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "file_name", kind: "any" }], journalled: Journalled::WhenNamed },
    EventInfo { name: "winreg.SetValue", operation: Operation::None, args: &[ArgInfo { name: "key", kind: "any" }, ArgInfo { name: "sub_key", kind: "any" }, ArgInfo { name: "type", kind: "any" }, ArgInfo { name: "value", kind: "any" }], journalled: Journalled::WhenNamed },
];

/// What people want to know of each, in the same order.
#[rustfmt::skip]
pub static DETAILS: [EventDetails; 225] = [
    EventDetails { sources: &["cpython"], first: "3.14", last: "3.14", platform: "all", doc: "library/audit_events", notes: "until 3.13 a direct call of this function raised no event" },
    EventDetails { sources: &["cpython"], first: "3.13", last: "3.14", platform: "all", doc: "", notes: "not in the documentation of Python" },
    EventDetails { sources: &["cpython"], first: "3.12", last: "3.14", platform: "all", doc: "library/_thread", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/array", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/functions", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/functions", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/functions", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/functions", notes: "" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "records that were lost, and why" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc, because Python raises no event for os.chroot" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/types", notes: "3.8 raises it for every code object that is read from a .pyc file; later versions only where a program makes one itself" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a command of a plugin is called" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/functions", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.14", last: "3.14", platform: "all", doc: "c-api/init_config", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "c-api/init", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "c-api/init", notes: "for sub-interpreters; not for the main interpreter, and not for those that _interpreters.create() makes on 3.13" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "c-api/init", notes: "cannot be refused: the interpreter ends" },
    EventDetails { sources: &["cpython"], first: "3.14", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "using/cmdline", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "using/cmdline", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "using/cmdline", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "using/cmdline", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/asyncio", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/audit_events", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.14", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.11", platform: "windows", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ctypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ensurepip", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/functions", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/fcntl", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/fcntl", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/fcntl", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/fcntl", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ftplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/ftplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/types", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/gc", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/gc", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/gc", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/glob", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "all", doc: "library/glob", notes: "" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a hook is attached to a bus; gates may refuse it" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a bus is told what refusals amount to; gates may refuse it" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a hook is taken off a bus; gates may refuse it" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "all hooks of a policy are exchanged for others; gates may refuse it" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a hook in quarantine is entered again; gates may refuse it" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "all", doc: "library/http.client", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "all", doc: "library/http.client", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/imaplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/imaplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "reference/simple_stmts", notes: "raised when a module is loaded for the first time, not when it is imported again; an extension module raises it a second time with the path of its .so file" },
    EventDetails { sources: &["cpython"], first: "3.9", last: "3.14", platform: "all", doc: "library/marshal", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.9", last: "3.14", platform: "all", doc: "library/marshal", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.9", last: "3.14", platform: "all", doc: "library/marshal", notes: "raised for every .pyc file that is imported, too (3.9 and later)" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/mmap", notes: "" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc: mount, move_mount, open_tree (of a copy), fsmount, umount and umount2; without a path where it is not mounted anywhere yet" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/msvcrt", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/msvcrt", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/msvcrt", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.12", platform: "all", doc: "library/nntplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.12", platform: "all", doc: "library/nntplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "reference/datamodel", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/stdtypes", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "reference/datamodel", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/functions", notes: "also raised by os.open, where a path relative to `dir_fd` is not told; a NamedTemporaryFile raises it for its directory, too" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "bsd/macos", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "raised in the calling process, which is often a fork, before its program is replaced" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.9", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.12", last: "3.14", platform: "windows", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.12", last: "3.14", platform: "windows", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.12", last: "3.14", platform: "windows", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc (mkfifo, mkfifoat), because Python raises no event for it" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc (mknod, mknodat), because Python raises no event for it" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "also shm_unlink and sem_unlink, seen in libc" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/os", notes: "on Windows; elsewhere os.spawn* raises os.fork and os.exec" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "windows", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.9", last: "3.14", platform: "all", doc: "library/os", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.9", last: "3.14", platform: "all", doc: "library/pathlib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.9", last: "3.14", platform: "all", doc: "library/pathlib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.12", last: "3.14", platform: "all", doc: "", notes: "not in the documentation of Python" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/pdb", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/pickle", notes: "" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a hook failed, and its `on-error` decided" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "the process of a plugin ended, and the next one is to come after that time; what the kernel does not tell is null" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "the process of a plugin was started again, for the so many-th time" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a changed policy came into force, or was refused because of `error`" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/poplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/poplib", notes: "" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc: another process is given other limits. resource.prlimit raises an event of Python's for its own, too" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a process ended; what the kernel does not tell is null" },
    EventDetails { sources: &["app"], first: "", last: "", platform: "all", doc: "", notes: "a program of the tree started, or a forked process was first heard of" },
    EventDetails { sources: &["libc", "app"], first: "", last: "", platform: "all", doc: "", notes: "a program that the library cannot be loaded into: what it does is not judged" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/pty", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/resource", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/resource", notes: "" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc, because Python raises no event for os.setns; without namespaces where the descriptor does not tell which" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "c-api/file", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/shutil", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/signal", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/smtplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/smtplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/smtplib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "also listen of a socket that is not bound, seen in libc" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython", "libc"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "also getnameinfo and gethostbyaddr of libc, where they ask for the name of an address" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/socket", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sqlite3", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "all", doc: "library/sqlite3", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "all", doc: "library/sqlite3", notes: "only where Python was built with --enable-loadable-sqlite-extensions" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "all", doc: "library/sqlite3", notes: "only where Python was built with --enable-loadable-sqlite-extensions" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/subprocess", notes: "raised before the program is started; os.posix_spawn follows on 3.13, and before that only with close_fds=False" },
    EventDetails { sources: &["cpython"], first: "3.10", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.12", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "c-api/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.12", last: "3.14", platform: "all", doc: "library/sys.monitoring", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.14", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "", notes: "the name that Python raises; its documentation has sys.set_asyncgen_hooks_finalizer" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "", notes: "the name that Python raises; its documentation has sys.set_asyncgen_hooks_firstiter" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "the name in the documentation; Python raises sys.set_asyncgen_hook_finalizer" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "the name in the documentation; Python raises sys.set_asyncgen_hook_firstiter" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/sys", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/syslog", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/syslog", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/syslog", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/syslog", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.12", platform: "all", doc: "library/telnetlib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.12", platform: "all", doc: "library/telnetlib", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/tempfile", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/tempfile", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.13", last: "3.14", platform: "all", doc: "library/time", notes: "" },
    EventDetails { sources: &["libc"], first: "", last: "", platform: "all", doc: "", notes: "seen in libc (unshare, and clone with new namespaces), because Python raises no event for os.unshare" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/urllib.request", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "all", doc: "library/webbrowser", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
    EventDetails { sources: &["cpython"], first: "3.8", last: "3.14", platform: "windows", doc: "library/winreg", notes: "" },
];

/// The names of the events, then those of the arguments, each sorted.
#[rustfmt::skip]
pub static SYMBOLS: [&str; 384] = [
    "_posixsubprocess.fork_exec",
    "_thread.start_joinable_thread",
    "_thread.start_new_thread",
    "_winapi.CreateFile",
    "_winapi.CreateJunction",
    "_winapi.CreateNamedPipe",
    "_winapi.CreatePipe",
    "_winapi.CreateProcess",
    "_winapi.OpenProcess",
    "_winapi.TerminateProcess",
    "array.__new__",
    "builtins.breakpoint",
    "builtins.id",
    "builtins.input",
    "builtins.input/result",
    "bus.lost",
    "chroot",
    "code.__new__",
    "command.call",
    "compile",
    "cpython.PyConfig_Set",
    "cpython.PyInterpreterState_Clear",
    "cpython.PyInterpreterState_New",
    "cpython._PySys_ClearAuditHooks",
    "cpython.remote_debugger_script",
    "cpython.run_command",
    "cpython.run_file",
    "cpython.run_interactivehook",
    "cpython.run_module",
    "cpython.run_startup",
    "cpython.run_stdin",
    "ctypes.PyObj_FromPtr",
    "ctypes.addressof",
    "ctypes.call_function",
    "ctypes.cdata",
    "ctypes.cdata/buffer",
    "ctypes.create_string_buffer",
    "ctypes.create_unicode_buffer",
    "ctypes.dlopen",
    "ctypes.dlsym",
    "ctypes.dlsym/handle",
    "ctypes.get_errno",
    "ctypes.get_last_error",
    "ctypes.memoryview_at",
    "ctypes.seh_exception",
    "ctypes.set_errno",
    "ctypes.set_last_error",
    "ctypes.string_at",
    "ctypes.wstring_at",
    "ensurepip.bootstrap",
    "exec",
    "fcntl.fcntl",
    "fcntl.flock",
    "fcntl.ioctl",
    "fcntl.lockf",
    "ftplib.connect",
    "ftplib.sendcmd",
    "function.__new__",
    "gc.get_objects",
    "gc.get_referents",
    "gc.get_referrers",
    "glob.glob",
    "glob.glob/2",
    "hook.add",
    "hook.mode",
    "hook.remove",
    "hook.replace",
    "hook.reset",
    "http.client.connect",
    "http.client.send",
    "imaplib.open",
    "imaplib.send",
    "import",
    "marshal.dumps",
    "marshal.load",
    "marshal.loads",
    "mmap.__new__",
    "mount",
    "msvcrt.get_osfhandle",
    "msvcrt.locking",
    "msvcrt.open_osfhandle",
    "nntplib.connect",
    "nntplib.putline",
    "object.__delattr__",
    "object.__getattr__",
    "object.__setattr__",
    "open",
    "os.add_dll_directory",
    "os.chdir",
    "os.chflags",
    "os.chmod",
    "os.chown",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.fwalk",
    "os.getxattr",
    "os.kill",
    "os.killpg",
    "os.link",
    "os.listdir",
    "os.listdrives",
    "os.listmounts",
    "os.listvolumes",
    "os.listxattr",
    "os.lockf",
    "os.mkdir",
    "os.mkfifo",
    "os.mknod",
    "os.posix_spawn",
    "os.putenv",
    "os.remove",
    "os.removexattr",
    "os.rename",
    "os.rmdir",
    "os.scandir",
    "os.setxattr",
    "os.spawn",
    "os.startfile",
    "os.startfile/2",
    "os.symlink",
    "os.system",
    "os.truncate",
    "os.unsetenv",
    "os.utime",
    "os.walk",
    "pathlib.Path.glob",
    "pathlib.Path.rglob",
    "pathlib.Path.walk",
    "pdb.Pdb",
    "pickle.find_class",
    "pivot_root",
    "plugin.error",
    "plugin.exit",
    "plugin.load",
    "plugin.quarantined",
    "plugin.restart",
    "policy.reload",
    "poplib.connect",
    "poplib.putline",
    "prlimit",
    "process.exit",
    "process.start",
    "process.uncovered",
    "pty.spawn",
    "resource.prlimit",
    "resource.setrlimit",
    "setns",
    "setopencodehook",
    "shutil.chown",
    "shutil.copyfile",
    "shutil.copymode",
    "shutil.copystat",
    "shutil.copytree",
    "shutil.make_archive",
    "shutil.move",
    "shutil.rmtree",
    "shutil.unpack_archive",
    "signal.pthread_kill",
    "smtplib.SMTP.send",
    "smtplib.connect",
    "smtplib.send",
    "socket.__new__",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.gethostname",
    "socket.getnameinfo",
    "socket.getservbyname",
    "socket.getservbyport",
    "socket.sendmsg",
    "socket.sendto",
    "socket.sethostname",
    "sqlite3.connect",
    "sqlite3.connect/handle",
    "sqlite3.enable_load_extension",
    "sqlite3.load_extension",
    "subprocess.Popen",
    "sys._current_exceptions",
    "sys._current_frames",
    "sys._getframe",
    "sys._getframemodulename",
    "sys.addaudithook",
    "sys.excepthook",
    "sys.monitoring.register_callback",
    "sys.remote_exec",
    "sys.set_asyncgen_hook_finalizer",
    "sys.set_asyncgen_hook_firstiter",
    "sys.set_asyncgen_hooks_finalizer",
    "sys.set_asyncgen_hooks_firstiter",
    "sys.setprofile",
    "sys.settrace",
    "sys.unraisablehook",
    "syslog.closelog",
    "syslog.openlog",
    "syslog.setlogmask",
    "syslog.syslog",
    "telnetlib.Telnet.open",
    "telnetlib.Telnet.write",
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
    "time.sleep",
    "unshare",
    "urllib.Request",
    "webbrowser.open",
    "winreg.ConnectRegistry",
    "winreg.CreateKey",
    "winreg.DeleteKey",
    "winreg.DeleteValue",
    "winreg.DisableReflectionKey",
    "winreg.EnableReflectionKey",
    "winreg.EnumKey",
    "winreg.EnumValue",
    "winreg.ExpandEnvironmentStrings",
    "winreg.LoadKey",
    "winreg.OpenKey",
    "winreg.OpenKey/result",
    "winreg.PyHKEY.Detach",
    "winreg.QueryInfoKey",
    "winreg.QueryReflectionKey",
    "winreg.QueryValue",
    "winreg.SaveKey",
    "winreg.SetValue",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "_",
    "access",
    "address",
    "application_name",
    "arg",
    "args",
    "arguments",
    "argv",
    "attribute",
    "base_dir",
    "base_name",
    "breakpointhook",
    "buffer",
    "cmd",
    "code",
    "command",
    "command_line",
    "computer_name",
    "connection",
    "connection_handle",
    "count",
    "creation_disposition",
    "current_directory",
    "cwd",
    "data",
    "depth",
    "desired_access",
    "dst",
    "dst_path",
    "enabled",
    "env",
    "errno",
    "error",
    "exe",
    "exit_code",
    "extract_dir",
    "facility",
    "family",
    "fd",
    "file_name",
    "filename",
    "flags",
    "flags_and_attributes",
    "follow_symlinks",
    "format",
    "frame",
    "from",
    "func",
    "func_pointer",
    "generation",
    "gid",
    "group",
    "handle",
    "hook",
    "hooked",
    "host",
    "id",
    "ident",
    "index",
    "init",
    "initializer",
    "key",
    "kind",
    "labels",
    "len",
    "length",
    "library",
    "limits",
    "line",
    "logoption",
    "maskpri",
    "max_rss",
    "message",
    "method",
    "mode",
    "module",
    "name",
    "namespaces",
    "nbytes",
    "ns",
    "obj",
    "objs",
    "offset",
    "on",
    "on_error",
    "open_mode",
    "operation",
    "origin",
    "path",
    "pattern",
    "pgid",
    "pid",
    "pipe_mode",
    "placement",
    "plugin",
    "pointer",
    "policy",
    "port",
    "ppid",
    "priority",
    "process_id",
    "prompt",
    "protocol",
    "ptr",
    "raw",
    "raw_dst",
    "raw_src",
    "readonly",
    "reason",
    "request",
    "resource",
    "result",
    "root",
    "root_dir",
    "script_path",
    "seconds",
    "service",
    "sha256",
    "share_mode",
    "show_cmd",
    "signal",
    "signalnum",
    "size",
    "source",
    "src",
    "src_path",
    "start",
    "status",
    "str",
    "sub_key",
    "system_ns",
    "target",
    "thread_id",
    "times",
    "to",
    "type",
    "typecode",
    "uid",
    "url",
    "user",
    "user_ns",
    "value",
    "value_name",
    "verdict",
    "version",
    "volume",
    "wait_ms",
    "waits",
    "whence",
];

/// The events' symbols.
#[rustfmt::skip]
pub mod event {
    use crate::Symbol;
    /// `_posixsubprocess.fork_exec`
    pub const _POSIXSUBPROCESS_FORK_EXEC: Symbol = Symbol(0);
    /// `_thread.start_joinable_thread`
    pub const _THREAD_START_JOINABLE_THREAD: Symbol = Symbol(1);
    /// `_thread.start_new_thread`
    pub const _THREAD_START_NEW_THREAD: Symbol = Symbol(2);
    /// `_winapi.CreateFile`
    pub const _WINAPI_CREATEFILE: Symbol = Symbol(3);
    /// `_winapi.CreateJunction`
    pub const _WINAPI_CREATEJUNCTION: Symbol = Symbol(4);
    /// `_winapi.CreateNamedPipe`
    pub const _WINAPI_CREATENAMEDPIPE: Symbol = Symbol(5);
    /// `_winapi.CreatePipe`
    pub const _WINAPI_CREATEPIPE: Symbol = Symbol(6);
    /// `_winapi.CreateProcess`
    pub const _WINAPI_CREATEPROCESS: Symbol = Symbol(7);
    /// `_winapi.OpenProcess`
    pub const _WINAPI_OPENPROCESS: Symbol = Symbol(8);
    /// `_winapi.TerminateProcess`
    pub const _WINAPI_TERMINATEPROCESS: Symbol = Symbol(9);
    /// `array.__new__`
    pub const ARRAY___NEW__: Symbol = Symbol(10);
    /// `builtins.breakpoint`
    pub const BUILTINS_BREAKPOINT: Symbol = Symbol(11);
    /// `builtins.id`
    pub const BUILTINS_ID: Symbol = Symbol(12);
    /// `builtins.input`
    pub const BUILTINS_INPUT: Symbol = Symbol(13);
    /// `builtins.input/result`
    pub const BUILTINS_INPUT_RESULT: Symbol = Symbol(14);
    /// `bus.lost`
    pub const BUS_LOST: Symbol = Symbol(15);
    /// `chroot`
    pub const CHROOT: Symbol = Symbol(16);
    /// `code.__new__`
    pub const CODE___NEW__: Symbol = Symbol(17);
    /// `command.call`
    pub const COMMAND_CALL: Symbol = Symbol(18);
    /// `compile`
    pub const COMPILE: Symbol = Symbol(19);
    /// `cpython.PyConfig_Set`
    pub const CPYTHON_PYCONFIG_SET: Symbol = Symbol(20);
    /// `cpython.PyInterpreterState_Clear`
    pub const CPYTHON_PYINTERPRETERSTATE_CLEAR: Symbol = Symbol(21);
    /// `cpython.PyInterpreterState_New`
    pub const CPYTHON_PYINTERPRETERSTATE_NEW: Symbol = Symbol(22);
    /// `cpython._PySys_ClearAuditHooks`
    pub const CPYTHON__PYSYS_CLEARAUDITHOOKS: Symbol = Symbol(23);
    /// `cpython.remote_debugger_script`
    pub const CPYTHON_REMOTE_DEBUGGER_SCRIPT: Symbol = Symbol(24);
    /// `cpython.run_command`
    pub const CPYTHON_RUN_COMMAND: Symbol = Symbol(25);
    /// `cpython.run_file`
    pub const CPYTHON_RUN_FILE: Symbol = Symbol(26);
    /// `cpython.run_interactivehook`
    pub const CPYTHON_RUN_INTERACTIVEHOOK: Symbol = Symbol(27);
    /// `cpython.run_module`
    pub const CPYTHON_RUN_MODULE: Symbol = Symbol(28);
    /// `cpython.run_startup`
    pub const CPYTHON_RUN_STARTUP: Symbol = Symbol(29);
    /// `cpython.run_stdin`
    pub const CPYTHON_RUN_STDIN: Symbol = Symbol(30);
    /// `ctypes.PyObj_FromPtr`
    pub const CTYPES_PYOBJ_FROMPTR: Symbol = Symbol(31);
    /// `ctypes.addressof`
    pub const CTYPES_ADDRESSOF: Symbol = Symbol(32);
    /// `ctypes.call_function`
    pub const CTYPES_CALL_FUNCTION: Symbol = Symbol(33);
    /// `ctypes.cdata`
    pub const CTYPES_CDATA: Symbol = Symbol(34);
    /// `ctypes.cdata/buffer`
    pub const CTYPES_CDATA_BUFFER: Symbol = Symbol(35);
    /// `ctypes.create_string_buffer`
    pub const CTYPES_CREATE_STRING_BUFFER: Symbol = Symbol(36);
    /// `ctypes.create_unicode_buffer`
    pub const CTYPES_CREATE_UNICODE_BUFFER: Symbol = Symbol(37);
    /// `ctypes.dlopen`
    pub const CTYPES_DLOPEN: Symbol = Symbol(38);
    /// `ctypes.dlsym`
    pub const CTYPES_DLSYM: Symbol = Symbol(39);
    /// `ctypes.dlsym/handle`
    pub const CTYPES_DLSYM_HANDLE: Symbol = Symbol(40);
    /// `ctypes.get_errno`
    pub const CTYPES_GET_ERRNO: Symbol = Symbol(41);
    /// `ctypes.get_last_error`
    pub const CTYPES_GET_LAST_ERROR: Symbol = Symbol(42);
    /// `ctypes.memoryview_at`
    pub const CTYPES_MEMORYVIEW_AT: Symbol = Symbol(43);
    /// `ctypes.seh_exception`
    pub const CTYPES_SEH_EXCEPTION: Symbol = Symbol(44);
    /// `ctypes.set_errno`
    pub const CTYPES_SET_ERRNO: Symbol = Symbol(45);
    /// `ctypes.set_last_error`
    pub const CTYPES_SET_LAST_ERROR: Symbol = Symbol(46);
    /// `ctypes.string_at`
    pub const CTYPES_STRING_AT: Symbol = Symbol(47);
    /// `ctypes.wstring_at`
    pub const CTYPES_WSTRING_AT: Symbol = Symbol(48);
    /// `ensurepip.bootstrap`
    pub const ENSUREPIP_BOOTSTRAP: Symbol = Symbol(49);
    /// `exec`
    pub const EXEC: Symbol = Symbol(50);
    /// `fcntl.fcntl`
    pub const FCNTL_FCNTL: Symbol = Symbol(51);
    /// `fcntl.flock`
    pub const FCNTL_FLOCK: Symbol = Symbol(52);
    /// `fcntl.ioctl`
    pub const FCNTL_IOCTL: Symbol = Symbol(53);
    /// `fcntl.lockf`
    pub const FCNTL_LOCKF: Symbol = Symbol(54);
    /// `ftplib.connect`
    pub const FTPLIB_CONNECT: Symbol = Symbol(55);
    /// `ftplib.sendcmd`
    pub const FTPLIB_SENDCMD: Symbol = Symbol(56);
    /// `function.__new__`
    pub const FUNCTION___NEW__: Symbol = Symbol(57);
    /// `gc.get_objects`
    pub const GC_GET_OBJECTS: Symbol = Symbol(58);
    /// `gc.get_referents`
    pub const GC_GET_REFERENTS: Symbol = Symbol(59);
    /// `gc.get_referrers`
    pub const GC_GET_REFERRERS: Symbol = Symbol(60);
    /// `glob.glob`
    pub const GLOB_GLOB: Symbol = Symbol(61);
    /// `glob.glob/2`
    pub const GLOB_GLOB_2: Symbol = Symbol(62);
    /// `hook.add`
    pub const HOOK_ADD: Symbol = Symbol(63);
    /// `hook.mode`
    pub const HOOK_MODE: Symbol = Symbol(64);
    /// `hook.remove`
    pub const HOOK_REMOVE: Symbol = Symbol(65);
    /// `hook.replace`
    pub const HOOK_REPLACE: Symbol = Symbol(66);
    /// `hook.reset`
    pub const HOOK_RESET: Symbol = Symbol(67);
    /// `http.client.connect`
    pub const HTTP_CLIENT_CONNECT: Symbol = Symbol(68);
    /// `http.client.send`
    pub const HTTP_CLIENT_SEND: Symbol = Symbol(69);
    /// `imaplib.open`
    pub const IMAPLIB_OPEN: Symbol = Symbol(70);
    /// `imaplib.send`
    pub const IMAPLIB_SEND: Symbol = Symbol(71);
    /// `import`
    pub const IMPORT: Symbol = Symbol(72);
    /// `marshal.dumps`
    pub const MARSHAL_DUMPS: Symbol = Symbol(73);
    /// `marshal.load`
    pub const MARSHAL_LOAD: Symbol = Symbol(74);
    /// `marshal.loads`
    pub const MARSHAL_LOADS: Symbol = Symbol(75);
    /// `mmap.__new__`
    pub const MMAP___NEW__: Symbol = Symbol(76);
    /// `mount`
    pub const MOUNT: Symbol = Symbol(77);
    /// `msvcrt.get_osfhandle`
    pub const MSVCRT_GET_OSFHANDLE: Symbol = Symbol(78);
    /// `msvcrt.locking`
    pub const MSVCRT_LOCKING: Symbol = Symbol(79);
    /// `msvcrt.open_osfhandle`
    pub const MSVCRT_OPEN_OSFHANDLE: Symbol = Symbol(80);
    /// `nntplib.connect`
    pub const NNTPLIB_CONNECT: Symbol = Symbol(81);
    /// `nntplib.putline`
    pub const NNTPLIB_PUTLINE: Symbol = Symbol(82);
    /// `object.__delattr__`
    pub const OBJECT___DELATTR__: Symbol = Symbol(83);
    /// `object.__getattr__`
    pub const OBJECT___GETATTR__: Symbol = Symbol(84);
    /// `object.__setattr__`
    pub const OBJECT___SETATTR__: Symbol = Symbol(85);
    /// `open`
    pub const OPEN: Symbol = Symbol(86);
    /// `os.add_dll_directory`
    pub const OS_ADD_DLL_DIRECTORY: Symbol = Symbol(87);
    /// `os.chdir`
    pub const OS_CHDIR: Symbol = Symbol(88);
    /// `os.chflags`
    pub const OS_CHFLAGS: Symbol = Symbol(89);
    /// `os.chmod`
    pub const OS_CHMOD: Symbol = Symbol(90);
    /// `os.chown`
    pub const OS_CHOWN: Symbol = Symbol(91);
    /// `os.exec`
    pub const OS_EXEC: Symbol = Symbol(92);
    /// `os.fork`
    pub const OS_FORK: Symbol = Symbol(93);
    /// `os.forkpty`
    pub const OS_FORKPTY: Symbol = Symbol(94);
    /// `os.fwalk`
    pub const OS_FWALK: Symbol = Symbol(95);
    /// `os.getxattr`
    pub const OS_GETXATTR: Symbol = Symbol(96);
    /// `os.kill`
    pub const OS_KILL: Symbol = Symbol(97);
    /// `os.killpg`
    pub const OS_KILLPG: Symbol = Symbol(98);
    /// `os.link`
    pub const OS_LINK: Symbol = Symbol(99);
    /// `os.listdir`
    pub const OS_LISTDIR: Symbol = Symbol(100);
    /// `os.listdrives`
    pub const OS_LISTDRIVES: Symbol = Symbol(101);
    /// `os.listmounts`
    pub const OS_LISTMOUNTS: Symbol = Symbol(102);
    /// `os.listvolumes`
    pub const OS_LISTVOLUMES: Symbol = Symbol(103);
    /// `os.listxattr`
    pub const OS_LISTXATTR: Symbol = Symbol(104);
    /// `os.lockf`
    pub const OS_LOCKF: Symbol = Symbol(105);
    /// `os.mkdir`
    pub const OS_MKDIR: Symbol = Symbol(106);
    /// `os.mkfifo`
    pub const OS_MKFIFO: Symbol = Symbol(107);
    /// `os.mknod`
    pub const OS_MKNOD: Symbol = Symbol(108);
    /// `os.posix_spawn`
    pub const OS_POSIX_SPAWN: Symbol = Symbol(109);
    /// `os.putenv`
    pub const OS_PUTENV: Symbol = Symbol(110);
    /// `os.remove`
    pub const OS_REMOVE: Symbol = Symbol(111);
    /// `os.removexattr`
    pub const OS_REMOVEXATTR: Symbol = Symbol(112);
    /// `os.rename`
    pub const OS_RENAME: Symbol = Symbol(113);
    /// `os.rmdir`
    pub const OS_RMDIR: Symbol = Symbol(114);
    /// `os.scandir`
    pub const OS_SCANDIR: Symbol = Symbol(115);
    /// `os.setxattr`
    pub const OS_SETXATTR: Symbol = Symbol(116);
    /// `os.spawn`
    pub const OS_SPAWN: Symbol = Symbol(117);
    /// `os.startfile`
    pub const OS_STARTFILE: Symbol = Symbol(118);
    /// `os.startfile/2`
    pub const OS_STARTFILE_2: Symbol = Symbol(119);
    /// `os.symlink`
    pub const OS_SYMLINK: Symbol = Symbol(120);
    /// `os.system`
    pub const OS_SYSTEM: Symbol = Symbol(121);
    /// `os.truncate`
    pub const OS_TRUNCATE: Symbol = Symbol(122);
    /// `os.unsetenv`
    pub const OS_UNSETENV: Symbol = Symbol(123);
    /// `os.utime`
    pub const OS_UTIME: Symbol = Symbol(124);
    /// `os.walk`
    pub const OS_WALK: Symbol = Symbol(125);
    /// `pathlib.Path.glob`
    pub const PATHLIB_PATH_GLOB: Symbol = Symbol(126);
    /// `pathlib.Path.rglob`
    pub const PATHLIB_PATH_RGLOB: Symbol = Symbol(127);
    /// `pathlib.Path.walk`
    pub const PATHLIB_PATH_WALK: Symbol = Symbol(128);
    /// `pdb.Pdb`
    pub const PDB_PDB: Symbol = Symbol(129);
    /// `pickle.find_class`
    pub const PICKLE_FIND_CLASS: Symbol = Symbol(130);
    /// `pivot_root`
    pub const PIVOT_ROOT: Symbol = Symbol(131);
    /// `plugin.error`
    pub const PLUGIN_ERROR: Symbol = Symbol(132);
    /// `plugin.exit`
    pub const PLUGIN_EXIT: Symbol = Symbol(133);
    /// `plugin.load`
    pub const PLUGIN_LOAD: Symbol = Symbol(134);
    /// `plugin.quarantined`
    pub const PLUGIN_QUARANTINED: Symbol = Symbol(135);
    /// `plugin.restart`
    pub const PLUGIN_RESTART: Symbol = Symbol(136);
    /// `policy.reload`
    pub const POLICY_RELOAD: Symbol = Symbol(137);
    /// `poplib.connect`
    pub const POPLIB_CONNECT: Symbol = Symbol(138);
    /// `poplib.putline`
    pub const POPLIB_PUTLINE: Symbol = Symbol(139);
    /// `prlimit`
    pub const PRLIMIT: Symbol = Symbol(140);
    /// `process.exit`
    pub const PROCESS_EXIT: Symbol = Symbol(141);
    /// `process.start`
    pub const PROCESS_START: Symbol = Symbol(142);
    /// `process.uncovered`
    pub const PROCESS_UNCOVERED: Symbol = Symbol(143);
    /// `pty.spawn`
    pub const PTY_SPAWN: Symbol = Symbol(144);
    /// `resource.prlimit`
    pub const RESOURCE_PRLIMIT: Symbol = Symbol(145);
    /// `resource.setrlimit`
    pub const RESOURCE_SETRLIMIT: Symbol = Symbol(146);
    /// `setns`
    pub const SETNS: Symbol = Symbol(147);
    /// `setopencodehook`
    pub const SETOPENCODEHOOK: Symbol = Symbol(148);
    /// `shutil.chown`
    pub const SHUTIL_CHOWN: Symbol = Symbol(149);
    /// `shutil.copyfile`
    pub const SHUTIL_COPYFILE: Symbol = Symbol(150);
    /// `shutil.copymode`
    pub const SHUTIL_COPYMODE: Symbol = Symbol(151);
    /// `shutil.copystat`
    pub const SHUTIL_COPYSTAT: Symbol = Symbol(152);
    /// `shutil.copytree`
    pub const SHUTIL_COPYTREE: Symbol = Symbol(153);
    /// `shutil.make_archive`
    pub const SHUTIL_MAKE_ARCHIVE: Symbol = Symbol(154);
    /// `shutil.move`
    pub const SHUTIL_MOVE: Symbol = Symbol(155);
    /// `shutil.rmtree`
    pub const SHUTIL_RMTREE: Symbol = Symbol(156);
    /// `shutil.unpack_archive`
    pub const SHUTIL_UNPACK_ARCHIVE: Symbol = Symbol(157);
    /// `signal.pthread_kill`
    pub const SIGNAL_PTHREAD_KILL: Symbol = Symbol(158);
    /// `smtplib.SMTP.send`
    pub const SMTPLIB_SMTP_SEND: Symbol = Symbol(159);
    /// `smtplib.connect`
    pub const SMTPLIB_CONNECT: Symbol = Symbol(160);
    /// `smtplib.send`
    pub const SMTPLIB_SEND: Symbol = Symbol(161);
    /// `socket.__new__`
    pub const SOCKET___NEW__: Symbol = Symbol(162);
    /// `socket.bind`
    pub const SOCKET_BIND: Symbol = Symbol(163);
    /// `socket.connect`
    pub const SOCKET_CONNECT: Symbol = Symbol(164);
    /// `socket.getaddrinfo`
    pub const SOCKET_GETADDRINFO: Symbol = Symbol(165);
    /// `socket.gethostbyaddr`
    pub const SOCKET_GETHOSTBYADDR: Symbol = Symbol(166);
    /// `socket.gethostbyname`
    pub const SOCKET_GETHOSTBYNAME: Symbol = Symbol(167);
    /// `socket.gethostname`
    pub const SOCKET_GETHOSTNAME: Symbol = Symbol(168);
    /// `socket.getnameinfo`
    pub const SOCKET_GETNAMEINFO: Symbol = Symbol(169);
    /// `socket.getservbyname`
    pub const SOCKET_GETSERVBYNAME: Symbol = Symbol(170);
    /// `socket.getservbyport`
    pub const SOCKET_GETSERVBYPORT: Symbol = Symbol(171);
    /// `socket.sendmsg`
    pub const SOCKET_SENDMSG: Symbol = Symbol(172);
    /// `socket.sendto`
    pub const SOCKET_SENDTO: Symbol = Symbol(173);
    /// `socket.sethostname`
    pub const SOCKET_SETHOSTNAME: Symbol = Symbol(174);
    /// `sqlite3.connect`
    pub const SQLITE3_CONNECT: Symbol = Symbol(175);
    /// `sqlite3.connect/handle`
    pub const SQLITE3_CONNECT_HANDLE: Symbol = Symbol(176);
    /// `sqlite3.enable_load_extension`
    pub const SQLITE3_ENABLE_LOAD_EXTENSION: Symbol = Symbol(177);
    /// `sqlite3.load_extension`
    pub const SQLITE3_LOAD_EXTENSION: Symbol = Symbol(178);
    /// `subprocess.Popen`
    pub const SUBPROCESS_POPEN: Symbol = Symbol(179);
    /// `sys._current_exceptions`
    pub const SYS__CURRENT_EXCEPTIONS: Symbol = Symbol(180);
    /// `sys._current_frames`
    pub const SYS__CURRENT_FRAMES: Symbol = Symbol(181);
    /// `sys._getframe`
    pub const SYS__GETFRAME: Symbol = Symbol(182);
    /// `sys._getframemodulename`
    pub const SYS__GETFRAMEMODULENAME: Symbol = Symbol(183);
    /// `sys.addaudithook`
    pub const SYS_ADDAUDITHOOK: Symbol = Symbol(184);
    /// `sys.excepthook`
    pub const SYS_EXCEPTHOOK: Symbol = Symbol(185);
    /// `sys.monitoring.register_callback`
    pub const SYS_MONITORING_REGISTER_CALLBACK: Symbol = Symbol(186);
    /// `sys.remote_exec`
    pub const SYS_REMOTE_EXEC: Symbol = Symbol(187);
    /// `sys.set_asyncgen_hook_finalizer`
    pub const SYS_SET_ASYNCGEN_HOOK_FINALIZER: Symbol = Symbol(188);
    /// `sys.set_asyncgen_hook_firstiter`
    pub const SYS_SET_ASYNCGEN_HOOK_FIRSTITER: Symbol = Symbol(189);
    /// `sys.set_asyncgen_hooks_finalizer`
    pub const SYS_SET_ASYNCGEN_HOOKS_FINALIZER: Symbol = Symbol(190);
    /// `sys.set_asyncgen_hooks_firstiter`
    pub const SYS_SET_ASYNCGEN_HOOKS_FIRSTITER: Symbol = Symbol(191);
    /// `sys.setprofile`
    pub const SYS_SETPROFILE: Symbol = Symbol(192);
    /// `sys.settrace`
    pub const SYS_SETTRACE: Symbol = Symbol(193);
    /// `sys.unraisablehook`
    pub const SYS_UNRAISABLEHOOK: Symbol = Symbol(194);
    /// `syslog.closelog`
    pub const SYSLOG_CLOSELOG: Symbol = Symbol(195);
    /// `syslog.openlog`
    pub const SYSLOG_OPENLOG: Symbol = Symbol(196);
    /// `syslog.setlogmask`
    pub const SYSLOG_SETLOGMASK: Symbol = Symbol(197);
    /// `syslog.syslog`
    pub const SYSLOG_SYSLOG: Symbol = Symbol(198);
    /// `telnetlib.Telnet.open`
    pub const TELNETLIB_TELNET_OPEN: Symbol = Symbol(199);
    /// `telnetlib.Telnet.write`
    pub const TELNETLIB_TELNET_WRITE: Symbol = Symbol(200);
    /// `tempfile.mkdtemp`
    pub const TEMPFILE_MKDTEMP: Symbol = Symbol(201);
    /// `tempfile.mkstemp`
    pub const TEMPFILE_MKSTEMP: Symbol = Symbol(202);
    /// `time.sleep`
    pub const TIME_SLEEP: Symbol = Symbol(203);
    /// `unshare`
    pub const UNSHARE: Symbol = Symbol(204);
    /// `urllib.Request`
    pub const URLLIB_REQUEST: Symbol = Symbol(205);
    /// `webbrowser.open`
    pub const WEBBROWSER_OPEN: Symbol = Symbol(206);
    /// `winreg.ConnectRegistry`
    pub const WINREG_CONNECTREGISTRY: Symbol = Symbol(207);
    /// `winreg.CreateKey`
    pub const WINREG_CREATEKEY: Symbol = Symbol(208);
    /// `winreg.DeleteKey`
    pub const WINREG_DELETEKEY: Symbol = Symbol(209);
    /// `winreg.DeleteValue`
    pub const WINREG_DELETEVALUE: Symbol = Symbol(210);
    /// `winreg.DisableReflectionKey`
    pub const WINREG_DISABLEREFLECTIONKEY: Symbol = Symbol(211);
    /// `winreg.EnableReflectionKey`
    pub const WINREG_ENABLEREFLECTIONKEY: Symbol = Symbol(212);
    /// `winreg.EnumKey`
    pub const WINREG_ENUMKEY: Symbol = Symbol(213);
    /// `winreg.EnumValue`
    pub const WINREG_ENUMVALUE: Symbol = Symbol(214);
    /// `winreg.ExpandEnvironmentStrings`
    pub const WINREG_EXPANDENVIRONMENTSTRINGS: Symbol = Symbol(215);
    /// `winreg.LoadKey`
    pub const WINREG_LOADKEY: Symbol = Symbol(216);
    /// `winreg.OpenKey`
    pub const WINREG_OPENKEY: Symbol = Symbol(217);
    /// `winreg.OpenKey/result`
    pub const WINREG_OPENKEY_RESULT: Symbol = Symbol(218);
    /// `winreg.PyHKEY.Detach`
    pub const WINREG_PYHKEY_DETACH: Symbol = Symbol(219);
    /// `winreg.QueryInfoKey`
    pub const WINREG_QUERYINFOKEY: Symbol = Symbol(220);
    /// `winreg.QueryReflectionKey`
    pub const WINREG_QUERYREFLECTIONKEY: Symbol = Symbol(221);
    /// `winreg.QueryValue`
    pub const WINREG_QUERYVALUE: Symbol = Symbol(222);
    /// `winreg.SaveKey`
    pub const WINREG_SAVEKEY: Symbol = Symbol(223);
    /// `winreg.SetValue`
    pub const WINREG_SETVALUE: Symbol = Symbol(224);
}

/// The symbols of the arguments' names.
#[rustfmt::skip]
pub mod arg {
    use crate::Symbol;
    /// `0`
    pub const PLACE_0: Symbol = Symbol(225);
    /// `1`
    pub const PLACE_1: Symbol = Symbol(226);
    /// `2`
    pub const PLACE_2: Symbol = Symbol(227);
    /// `3`
    pub const PLACE_3: Symbol = Symbol(228);
    /// `4`
    pub const PLACE_4: Symbol = Symbol(229);
    /// `5`
    pub const PLACE_5: Symbol = Symbol(230);
    /// `6`
    pub const PLACE_6: Symbol = Symbol(231);
    /// `7`
    pub const PLACE_7: Symbol = Symbol(232);
    /// `8`
    pub const PLACE_8: Symbol = Symbol(233);
    /// `9`
    pub const PLACE_9: Symbol = Symbol(234);
    /// `_`
    pub const UNDECODED: Symbol = Symbol(235);
    /// `access`
    pub const ACCESS: Symbol = Symbol(236);
    /// `address`
    pub const ADDRESS: Symbol = Symbol(237);
    /// `application_name`
    pub const APPLICATION_NAME: Symbol = Symbol(238);
    /// `arg`
    pub const ARG: Symbol = Symbol(239);
    /// `args`
    pub const ARGS: Symbol = Symbol(240);
    /// `arguments`
    pub const ARGUMENTS: Symbol = Symbol(241);
    /// `argv`
    pub const ARGV: Symbol = Symbol(242);
    /// `attribute`
    pub const ATTRIBUTE: Symbol = Symbol(243);
    /// `base_dir`
    pub const BASE_DIR: Symbol = Symbol(244);
    /// `base_name`
    pub const BASE_NAME: Symbol = Symbol(245);
    /// `breakpointhook`
    pub const BREAKPOINTHOOK: Symbol = Symbol(246);
    /// `buffer`
    pub const BUFFER: Symbol = Symbol(247);
    /// `cmd`
    pub const CMD: Symbol = Symbol(248);
    /// `code`
    pub const CODE: Symbol = Symbol(249);
    /// `command`
    pub const COMMAND: Symbol = Symbol(250);
    /// `command_line`
    pub const COMMAND_LINE: Symbol = Symbol(251);
    /// `computer_name`
    pub const COMPUTER_NAME: Symbol = Symbol(252);
    /// `connection`
    pub const CONNECTION: Symbol = Symbol(253);
    /// `connection_handle`
    pub const CONNECTION_HANDLE: Symbol = Symbol(254);
    /// `count`
    pub const COUNT: Symbol = Symbol(255);
    /// `creation_disposition`
    pub const CREATION_DISPOSITION: Symbol = Symbol(256);
    /// `current_directory`
    pub const CURRENT_DIRECTORY: Symbol = Symbol(257);
    /// `cwd`
    pub const CWD: Symbol = Symbol(258);
    /// `data`
    pub const DATA: Symbol = Symbol(259);
    /// `depth`
    pub const DEPTH: Symbol = Symbol(260);
    /// `desired_access`
    pub const DESIRED_ACCESS: Symbol = Symbol(261);
    /// `dst`
    pub const DST: Symbol = Symbol(262);
    /// `dst_path`
    pub const DST_PATH: Symbol = Symbol(263);
    /// `enabled`
    pub const ENABLED: Symbol = Symbol(264);
    /// `env`
    pub const ENV: Symbol = Symbol(265);
    /// `errno`
    pub const ERRNO: Symbol = Symbol(266);
    /// `error`
    pub const ERROR: Symbol = Symbol(267);
    /// `exe`
    pub const EXE: Symbol = Symbol(268);
    /// `exit_code`
    pub const EXIT_CODE: Symbol = Symbol(269);
    /// `extract_dir`
    pub const EXTRACT_DIR: Symbol = Symbol(270);
    /// `facility`
    pub const FACILITY: Symbol = Symbol(271);
    /// `family`
    pub const FAMILY: Symbol = Symbol(272);
    /// `fd`
    pub const FD: Symbol = Symbol(273);
    /// `file_name`
    pub const FILE_NAME: Symbol = Symbol(274);
    /// `filename`
    pub const FILENAME: Symbol = Symbol(275);
    /// `flags`
    pub const FLAGS: Symbol = Symbol(276);
    /// `flags_and_attributes`
    pub const FLAGS_AND_ATTRIBUTES: Symbol = Symbol(277);
    /// `follow_symlinks`
    pub const FOLLOW_SYMLINKS: Symbol = Symbol(278);
    /// `format`
    pub const FORMAT: Symbol = Symbol(279);
    /// `frame`
    pub const FRAME: Symbol = Symbol(280);
    /// `from`
    pub const FROM: Symbol = Symbol(281);
    /// `func`
    pub const FUNC: Symbol = Symbol(282);
    /// `func_pointer`
    pub const FUNC_POINTER: Symbol = Symbol(283);
    /// `generation`
    pub const GENERATION: Symbol = Symbol(284);
    /// `gid`
    pub const GID: Symbol = Symbol(285);
    /// `group`
    pub const GROUP: Symbol = Symbol(286);
    /// `handle`
    pub const HANDLE: Symbol = Symbol(287);
    /// `hook`
    pub const HOOK: Symbol = Symbol(288);
    /// `hooked`
    pub const HOOKED: Symbol = Symbol(289);
    /// `host`
    pub const HOST: Symbol = Symbol(290);
    /// `id`
    pub const ID: Symbol = Symbol(291);
    /// `ident`
    pub const IDENT: Symbol = Symbol(292);
    /// `index`
    pub const INDEX: Symbol = Symbol(293);
    /// `init`
    pub const INIT: Symbol = Symbol(294);
    /// `initializer`
    pub const INITIALIZER: Symbol = Symbol(295);
    /// `key`
    pub const KEY: Symbol = Symbol(296);
    /// `kind`
    pub const KIND: Symbol = Symbol(297);
    /// `labels`
    pub const LABELS: Symbol = Symbol(298);
    /// `len`
    pub const LEN: Symbol = Symbol(299);
    /// `length`
    pub const LENGTH: Symbol = Symbol(300);
    /// `library`
    pub const LIBRARY: Symbol = Symbol(301);
    /// `limits`
    pub const LIMITS: Symbol = Symbol(302);
    /// `line`
    pub const LINE: Symbol = Symbol(303);
    /// `logoption`
    pub const LOGOPTION: Symbol = Symbol(304);
    /// `maskpri`
    pub const MASKPRI: Symbol = Symbol(305);
    /// `max_rss`
    pub const MAX_RSS: Symbol = Symbol(306);
    /// `message`
    pub const MESSAGE: Symbol = Symbol(307);
    /// `method`
    pub const METHOD: Symbol = Symbol(308);
    /// `mode`
    pub const MODE: Symbol = Symbol(309);
    /// `module`
    pub const MODULE: Symbol = Symbol(310);
    /// `name`
    pub const NAME: Symbol = Symbol(311);
    /// `namespaces`
    pub const NAMESPACES: Symbol = Symbol(312);
    /// `nbytes`
    pub const NBYTES: Symbol = Symbol(313);
    /// `ns`
    pub const NS: Symbol = Symbol(314);
    /// `obj`
    pub const OBJ: Symbol = Symbol(315);
    /// `objs`
    pub const OBJS: Symbol = Symbol(316);
    /// `offset`
    pub const OFFSET: Symbol = Symbol(317);
    /// `on`
    pub const ON: Symbol = Symbol(318);
    /// `on_error`
    pub const ON_ERROR: Symbol = Symbol(319);
    /// `open_mode`
    pub const OPEN_MODE: Symbol = Symbol(320);
    /// `operation`
    pub const OPERATION: Symbol = Symbol(321);
    /// `origin`
    pub const ORIGIN: Symbol = Symbol(322);
    /// `path`
    pub const PATH: Symbol = Symbol(323);
    /// `pattern`
    pub const PATTERN: Symbol = Symbol(324);
    /// `pgid`
    pub const PGID: Symbol = Symbol(325);
    /// `pid`
    pub const PID: Symbol = Symbol(326);
    /// `pipe_mode`
    pub const PIPE_MODE: Symbol = Symbol(327);
    /// `placement`
    pub const PLACEMENT: Symbol = Symbol(328);
    /// `plugin`
    pub const PLUGIN: Symbol = Symbol(329);
    /// `pointer`
    pub const POINTER: Symbol = Symbol(330);
    /// `policy`
    pub const POLICY: Symbol = Symbol(331);
    /// `port`
    pub const PORT: Symbol = Symbol(332);
    /// `ppid`
    pub const PPID: Symbol = Symbol(333);
    /// `priority`
    pub const PRIORITY: Symbol = Symbol(334);
    /// `process_id`
    pub const PROCESS_ID: Symbol = Symbol(335);
    /// `prompt`
    pub const PROMPT: Symbol = Symbol(336);
    /// `protocol`
    pub const PROTOCOL: Symbol = Symbol(337);
    /// `ptr`
    pub const PTR: Symbol = Symbol(338);
    /// `raw`
    pub const RAW: Symbol = Symbol(339);
    /// `raw_dst`
    pub const RAW_DST: Symbol = Symbol(340);
    /// `raw_src`
    pub const RAW_SRC: Symbol = Symbol(341);
    /// `readonly`
    pub const READONLY: Symbol = Symbol(342);
    /// `reason`
    pub const REASON: Symbol = Symbol(343);
    /// `request`
    pub const REQUEST: Symbol = Symbol(344);
    /// `resource`
    pub const RESOURCE: Symbol = Symbol(345);
    /// `result`
    pub const RESULT: Symbol = Symbol(346);
    /// `root`
    pub const ROOT: Symbol = Symbol(347);
    /// `root_dir`
    pub const ROOT_DIR: Symbol = Symbol(348);
    /// `script_path`
    pub const SCRIPT_PATH: Symbol = Symbol(349);
    /// `seconds`
    pub const SECONDS: Symbol = Symbol(350);
    /// `service`
    pub const SERVICE: Symbol = Symbol(351);
    /// `sha256`
    pub const SHA256: Symbol = Symbol(352);
    /// `share_mode`
    pub const SHARE_MODE: Symbol = Symbol(353);
    /// `show_cmd`
    pub const SHOW_CMD: Symbol = Symbol(354);
    /// `signal`
    pub const SIGNAL: Symbol = Symbol(355);
    /// `signalnum`
    pub const SIGNALNUM: Symbol = Symbol(356);
    /// `size`
    pub const SIZE: Symbol = Symbol(357);
    /// `source`
    pub const SOURCE: Symbol = Symbol(358);
    /// `src`
    pub const SRC: Symbol = Symbol(359);
    /// `src_path`
    pub const SRC_PATH: Symbol = Symbol(360);
    /// `start`
    pub const START: Symbol = Symbol(361);
    /// `status`
    pub const STATUS: Symbol = Symbol(362);
    /// `str`
    pub const STR: Symbol = Symbol(363);
    /// `sub_key`
    pub const SUB_KEY: Symbol = Symbol(364);
    /// `system_ns`
    pub const SYSTEM_NS: Symbol = Symbol(365);
    /// `target`
    pub const TARGET: Symbol = Symbol(366);
    /// `thread_id`
    pub const THREAD_ID: Symbol = Symbol(367);
    /// `times`
    pub const TIMES: Symbol = Symbol(368);
    /// `to`
    pub const TO: Symbol = Symbol(369);
    /// `type`
    pub const TYPE: Symbol = Symbol(370);
    /// `typecode`
    pub const TYPECODE: Symbol = Symbol(371);
    /// `uid`
    pub const UID: Symbol = Symbol(372);
    /// `url`
    pub const URL: Symbol = Symbol(373);
    /// `user`
    pub const USER: Symbol = Symbol(374);
    /// `user_ns`
    pub const USER_NS: Symbol = Symbol(375);
    /// `value`
    pub const VALUE: Symbol = Symbol(376);
    /// `value_name`
    pub const VALUE_NAME: Symbol = Symbol(377);
    /// `verdict`
    pub const VERDICT: Symbol = Symbol(378);
    /// `version`
    pub const VERSION: Symbol = Symbol(379);
    /// `volume`
    pub const VOLUME: Symbol = Symbol(380);
    /// `wait_ms`
    pub const WAIT_MS: Symbol = Symbol(381);
    /// `waits`
    pub const WAITS: Symbol = Symbol(382);
    /// `whence`
    pub const WHENCE: Symbol = Symbol(383);
}
