//! The events of the catalogue by type. Made by `cargo xtask gen` from `core/catalogue/data/events.tsv`.
//!
//! An accessor gives `None` where the event does not have the argument, or has it in another type: sources leave out what they cannot tell.

use crate::typed::typed_events;

#[rustfmt::skip]
typed_events! {
    /// `_posixsubprocess.fork_exec`.
    PosixsubprocessForkExec { path: path = 0 "path", raw: path = 1 "raw", args: value = 2 "args", } [3]
    /// `_thread.start_joinable_thread`.
    ThreadStartJoinableThread { } [0]
    /// `_thread.start_new_thread`.
    ThreadStartNewThread { } [0]
    /// `array.__new__`.
    ArrayNew { typecode: value = 0 "typecode", initializer: value = 1 "initializer", } [2]
    /// `builtins.breakpoint`.
    BuiltinsBreakpoint { breakpointhook: value = 0 "breakpointhook", } [1]
    /// `builtins.id`.
    BuiltinsId { id: u64 = 0 "id", } [1]
    /// `builtins.input`.
    BuiltinsInput { prompt: str = 0 "prompt", } [1]
    /// `builtins.input/result`.
    BuiltinsInputResult { result: value = 0 "result", } [1]
    /// `bus.lost`.
    BusLost { count: u64 = 0 "count", from: u64 = 1 "from", to: u64 = 2 "to", reason: str = 3 "reason", } [4]
    /// `chroot`.
    Chroot { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `code.__new__`.
    CodeNew { filename: path = 0 "filename", name: str = 1 "name", } [2]
    /// `command.call`.
    CommandCall { plugin: str = 0 "plugin", command: str = 1 "command", args: value = 2 "args", } [3]
    /// `compile`.
    Compile { source: str = 0 "source", filename: path = 1 "filename", } [2]
    /// `cpython.PyConfig_Set`.
    CpythonPyConfigSet { name: str = 0 "name", } [1]
    /// `cpython.PyInterpreterState_Clear`.
    CpythonPyInterpreterStateClear { } [0]
    /// `cpython.PyInterpreterState_New`.
    CpythonPyInterpreterStateNew { } [0]
    /// `cpython._PySys_ClearAuditHooks`.
    CpythonPySysClearAuditHooks { } [0]
    /// `cpython.remote_debugger_script`.
    CpythonRemoteDebuggerScript { script_path: value = 0 "script_path", } [1]
    /// `cpython.run_command`.
    CpythonRunCommand { command: str = 0 "command", } [1]
    /// `cpython.run_file`.
    CpythonRunFile { filename: path = 0 "filename", } [1]
    /// `cpython.run_interactivehook`.
    CpythonRunInteractivehook { hook: value = 0 "hook", } [1]
    /// `cpython.run_module`.
    CpythonRunModule { module: str = 0 "module", } [1]
    /// `cpython.run_startup`.
    CpythonRunStartup { filename: path = 0 "filename", } [1]
    /// `cpython.run_stdin`.
    CpythonRunStdin { } [0]
    /// `ctypes.PyObj_FromPtr`.
    CtypesPyObjFromPtr { obj: value = 0 "obj", } [1]
    /// `ctypes.addressof`.
    CtypesAddressof { obj: value = 0 "obj", } [1]
    /// `ctypes.call_function`.
    CtypesCallFunction { func_pointer: value = 0 "func_pointer", arguments: value = 1 "arguments", } [2]
    /// `ctypes.cdata`.
    CtypesCdata { address: value = 0 "address", } [1]
    /// `ctypes.cdata/buffer`.
    CtypesCdataBuffer { pointer: value = 0 "pointer", size: value = 1 "size", offset: value = 2 "offset", } [3]
    /// `ctypes.create_string_buffer`.
    CtypesCreateStringBuffer { init: value = 0 "init", size: value = 1 "size", } [2]
    /// `ctypes.create_unicode_buffer`.
    CtypesCreateUnicodeBuffer { init: value = 0 "init", size: value = 1 "size", } [2]
    /// `ctypes.dlopen`.
    CtypesDlopen { name: str = 0 "name", path: path = 1 "path", } [2]
    /// `ctypes.dlsym`.
    CtypesDlsym { library: value = 0 "library", name: str = 1 "name", } [2]
    /// `ctypes.dlsym/handle`.
    CtypesDlsymHandle { handle: value = 0 "handle", name: value = 1 "name", } [2]
    /// `ctypes.get_errno`.
    CtypesGetErrno { } [0]
    /// `ctypes.memoryview_at`.
    CtypesMemoryviewAt { address: value = 0 "address", size: value = 1 "size", readonly: value = 2 "readonly", } [3]
    /// `ctypes.set_errno`.
    CtypesSetErrno { errno: value = 0 "errno", } [1]
    /// `ctypes.string_at`.
    CtypesStringAt { ptr: value = 0 "ptr", size: value = 1 "size", } [2]
    /// `ctypes.wstring_at`.
    CtypesWstringAt { ptr: value = 0 "ptr", size: value = 1 "size", } [2]
    /// `ensurepip.bootstrap`.
    EnsurepipBootstrap { root: value = 0 "root", } [1]
    /// `exec`.
    Exec { filename: path = 0 "filename", name: str = 1 "name", } [2]
    /// `fcntl.fcntl`.
    FcntlFcntl { fd: value = 0 "fd", cmd: value = 1 "cmd", arg: value = 2 "arg", } [3]
    /// `fcntl.flock`.
    FcntlFlock { fd: value = 0 "fd", operation: value = 1 "operation", } [2]
    /// `fcntl.ioctl`.
    FcntlIoctl { fd: value = 0 "fd", request: value = 1 "request", arg: value = 2 "arg", } [3]
    /// `fcntl.lockf`.
    FcntlLockf { fd: value = 0 "fd", cmd: value = 1 "cmd", len: value = 2 "len", start: value = 3 "start", whence: value = 4 "whence", } [5]
    /// `ftplib.connect`.
    FtplibConnect { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `ftplib.sendcmd`.
    FtplibSendcmd { cmd: value = 0 "cmd", } [1]
    /// `function.__new__`.
    FunctionNew { filename: path = 0 "filename", name: str = 1 "name", } [2]
    /// `gc.get_objects`.
    GcGetObjects { generation: value = 0 "generation", } [1]
    /// `gc.get_referents`.
    GcGetReferents { objs: value = 0 "objs", } [1]
    /// `gc.get_referrers`.
    GcGetReferrers { objs: value = 0 "objs", } [1]
    /// `glob.glob`.
    GlobGlob { pattern: str = 0 "pattern", } [1]
    /// `glob.glob/2`.
    GlobGlob2 { pattern: str = 0 "pattern", } [1]
    /// `hook.add`.
    HookAdd { hook: str = 0 "hook", on: value = 1 "on", kind: str = 2 "kind", plugin: str = 3 "plugin", origin: str = 4 "origin", } [5]
    /// `hook.mode`.
    HookMode { mode: str = 0 "mode", } [1]
    /// `hook.remove`.
    HookRemove { hook: str = 0 "hook", plugin: str = 1 "plugin", } [2]
    /// `hook.replace`.
    HookReplace { count: u64 = 0 "count", } [1]
    /// `hook.reset`.
    HookReset { hook: str = 0 "hook", plugin: str = 1 "plugin", } [2]
    /// `http.client.connect`.
    HttpClientConnect { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `http.client.send`.
    HttpClientSend { data: bytes = 0 "data", } [1]
    /// `imaplib.open`.
    ImaplibOpen { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `imaplib.send`.
    ImaplibSend { data: value = 0 "data", } [1]
    /// `import`.
    Import { module: str = 0 "module", path: path = 1 "path", } [2]
    /// `marshal.dumps`.
    MarshalDumps { value: value = 0 "value", version: value = 1 "version", } [2]
    /// `marshal.load`.
    MarshalLoad { } [0]
    /// `marshal.loads`.
    MarshalLoads { length: u64 = 0 "length", } [1]
    /// `mmap.__new__`.
    MmapNew { fd: i64 = 0 "fd", length: i64 = 1 "length", access: i64 = 2 "access", offset: i64 = 3 "offset", } [4]
    /// `mount`.
    Mount { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `nntplib.connect`.
    NntplibConnect { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `nntplib.putline`.
    NntplibPutline { line: value = 0 "line", } [1]
    /// `object.__delattr__`.
    ObjectDelattr { r#type: str = 0 "type", name: str = 1 "name", } [2]
    /// `object.__getattr__`.
    ObjectGetattr { r#type: str = 0 "type", name: str = 1 "name", } [2]
    /// `object.__setattr__`.
    ObjectSetattr { r#type: str = 0 "type", name: str = 1 "name", } [2]
    /// `open`.
    Open { path: path = 0 "path", raw: path = 1 "raw", flags: value = 2 "flags", } [3]
    /// `os.chdir`.
    OsChdir { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `os.chmod`.
    OsChmod { path: path = 0 "path", raw: path = 1 "raw", mode: u64 = 2 "mode", } [3]
    /// `os.chown`.
    OsChown { path: path = 0 "path", raw: path = 1 "raw", uid: i64 = 2 "uid", gid: i64 = 3 "gid", } [4]
    /// `os.exec`.
    OsExec { path: path = 0 "path", raw: path = 1 "raw", args: value = 2 "args", } [3]
    /// `os.fork`.
    OsFork { } [0]
    /// `os.forkpty`.
    OsForkpty { } [0]
    /// `os.fwalk`.
    OsFwalk { path: path = 0 "path", } [1]
    /// `os.getxattr`.
    OsGetxattr { path: path = 0 "path", raw: path = 1 "raw", attribute: str = 2 "attribute", } [3]
    /// `os.kill`.
    OsKill { pid: i64 = 0 "pid", signal: i64 = 1 "signal", } [2]
    /// `os.killpg`.
    OsKillpg { pgid: i64 = 0 "pgid", signal: i64 = 1 "signal", } [2]
    /// `os.link`.
    OsLink { src: path = 0 "src", dst: path = 1 "dst", raw_src: path = 2 "raw_src", raw_dst: path = 3 "raw_dst", } [4]
    /// `os.listdir`.
    OsListdir { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `os.listxattr`.
    OsListxattr { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `os.lockf`.
    OsLockf { fd: value = 0 "fd", cmd: value = 1 "cmd", len: value = 2 "len", } [3]
    /// `os.mkdir`.
    OsMkdir { path: path = 0 "path", raw: path = 1 "raw", mode: u64 = 2 "mode", } [3]
    /// `os.mkfifo`.
    OsMkfifo { path: path = 0 "path", raw: path = 1 "raw", mode: u64 = 2 "mode", } [3]
    /// `os.mknod`.
    OsMknod { path: path = 0 "path", raw: path = 1 "raw", mode: u64 = 2 "mode", } [3]
    /// `os.posix_spawn`.
    OsPosixSpawn { path: path = 0 "path", raw: path = 1 "raw", args: value = 2 "args", } [3]
    /// `os.putenv`.
    OsPutenv { key: str = 0 "key", value: str = 1 "value", } [2]
    /// `os.remove`.
    OsRemove { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `os.removexattr`.
    OsRemovexattr { path: path = 0 "path", raw: path = 1 "raw", attribute: str = 2 "attribute", } [3]
    /// `os.rename`.
    OsRename { src: path = 0 "src", dst: path = 1 "dst", raw_src: path = 2 "raw_src", raw_dst: path = 3 "raw_dst", } [4]
    /// `os.rmdir`.
    OsRmdir { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `os.scandir`.
    OsScandir { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `os.setxattr`.
    OsSetxattr { path: path = 0 "path", raw: path = 1 "raw", attribute: str = 2 "attribute", value: bytes = 3 "value", flags: i64 = 4 "flags", } [5]
    /// `os.symlink`.
    OsSymlink { target: path = 0 "target", path: path = 1 "path", raw: path = 2 "raw", } [3]
    /// `os.system`.
    OsSystem { path: path = 0 "path", command: str = 1 "command", } [2]
    /// `os.truncate`.
    OsTruncate { path: path = 0 "path", raw: path = 1 "raw", length: i64 = 2 "length", } [3]
    /// `os.unsetenv`.
    OsUnsetenv { key: str = 0 "key", } [1]
    /// `os.utime`.
    OsUtime { path: path = 0 "path", raw: path = 1 "raw", times: value = 2 "times", ns: value = 3 "ns", } [4]
    /// `os.walk`.
    OsWalk { path: path = 0 "path", } [1]
    /// `pathlib.Path.glob`.
    PathlibPathGlob { pattern: value = 0 "pattern", } [1]
    /// `pathlib.Path.rglob`.
    PathlibPathRglob { pattern: value = 0 "pattern", } [1]
    /// `pathlib.Path.walk`.
    PathlibPathWalk { on_error: value = 0 "on_error", follow_symlinks: value = 1 "follow_symlinks", } [2]
    /// `pdb.Pdb`.
    PdbPdb { } [0]
    /// `pickle.find_class`.
    PickleFindClass { module: str = 0 "module", name: str = 1 "name", } [2]
    /// `pivot_root`.
    PivotRoot { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `plugin.error`.
    PluginError { plugin: str = 0 "plugin", hook: str = 1 "hook", error: str = 2 "error", verdict: str = 3 "verdict", } [4]
    /// `plugin.exit`.
    PluginExit { plugin: str = 0 "plugin", reason: str = 1 "reason", status: i64 = 2 "status", signal: i64 = 3 "signal", wait_ms: u64 = 4 "wait_ms", } [5]
    /// `plugin.load`.
    PluginLoad { plugin: str = 0 "plugin", version: str = 1 "version", path: path = 2 "path", sha256: str = 3 "sha256", placement: str = 4 "placement", } [5]
    /// `plugin.quarantined`.
    PluginQuarantined { plugin: str = 0 "plugin", hook: str = 1 "hook", count: u64 = 2 "count", } [3]
    /// `plugin.restart`.
    PluginRestart { plugin: str = 0 "plugin", count: u64 = 1 "count", } [2]
    /// `policy.reload`.
    PolicyReload { path: path = 0 "path", generation: u64 = 1 "generation", error: str = 2 "error", waits: value = 3 "waits", } [4]
    /// `poplib.connect`.
    PoplibConnect { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `poplib.putline`.
    PoplibPutline { line: value = 0 "line", } [1]
    /// `prlimit`.
    Prlimit { pid: i64 = 0 "pid", resource: i64 = 1 "resource", } [2]
    /// `process.exit`.
    ProcessExit { status: i64 = 0 "status", signal: i64 = 1 "signal", user_ns: u64 = 2 "user_ns", system_ns: u64 = 3 "system_ns", max_rss: u64 = 4 "max_rss", } [5]
    /// `process.start`.
    ProcessStart { argv: value = 0 "argv", exe: path = 1 "exe", cwd: path = 2 "cwd", ppid: u64 = 3 "ppid", uid: u64 = 4 "uid", labels: value = 5 "labels", hooked: bool = 6 "hooked", policy: str = 7 "policy", reason: str = 8 "reason", } [9]
    /// `process.uncovered`.
    ProcessUncovered { path: path = 0 "path", raw: path = 1 "raw", reason: str = 2 "reason", args: value = 3 "args", } [4]
    /// `pty.spawn`.
    PtySpawn { args: value = 0 "args", } [1]
    /// `resource.prlimit`.
    ResourcePrlimit { pid: value = 0 "pid", resource: value = 1 "resource", limits: value = 2 "limits", } [3]
    /// `resource.setrlimit`.
    ResourceSetrlimit { resource: value = 0 "resource", limits: value = 1 "limits", } [2]
    /// `setns`.
    Setns { namespaces: value = 0 "namespaces", } [1]
    /// `setopencodehook`.
    Setopencodehook { } [0]
    /// `shutil.chown`.
    ShutilChown { path: path = 0 "path", user: value = 1 "user", group: value = 2 "group", } [3]
    /// `shutil.copyfile`.
    ShutilCopyfile { src: path = 0 "src", dst: path = 1 "dst", } [2]
    /// `shutil.copymode`.
    ShutilCopymode { src: path = 0 "src", dst: path = 1 "dst", } [2]
    /// `shutil.copystat`.
    ShutilCopystat { src: path = 0 "src", dst: path = 1 "dst", } [2]
    /// `shutil.copytree`.
    ShutilCopytree { src: path = 0 "src", dst: path = 1 "dst", } [2]
    /// `shutil.make_archive`.
    ShutilMakeArchive { base_name: value = 0 "base_name", format: value = 1 "format", root_dir: value = 2 "root_dir", base_dir: value = 3 "base_dir", } [4]
    /// `shutil.move`.
    ShutilMove { src: path = 0 "src", dst: path = 1 "dst", } [2]
    /// `shutil.rmtree`.
    ShutilRmtree { path: path = 0 "path", } [1]
    /// `shutil.unpack_archive`.
    ShutilUnpackArchive { filename: value = 0 "filename", extract_dir: value = 1 "extract_dir", format: value = 2 "format", } [3]
    /// `signal.pthread_kill`.
    SignalPthreadKill { thread_id: value = 0 "thread_id", signalnum: value = 1 "signalnum", } [2]
    /// `smtplib.SMTP.send`.
    SmtplibSMTPSend { data: value = 0 "data", } [1]
    /// `smtplib.connect`.
    SmtplibConnect { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `smtplib.send`.
    SmtplibSend { data: value = 0 "data", } [1]
    /// `socket.__new__`.
    SocketNew { family: str = 0 "family", kind: str = 1 "kind", protocol: i64 = 2 "protocol", } [3]
    /// `socket.bind`.
    SocketBind { host: str = 0 "host", port: u64 = 1 "port", family: str = 2 "family", kind: str = 3 "kind", path: path = 4 "path", } [5]
    /// `socket.connect`.
    SocketConnect { host: str = 0 "host", port: u64 = 1 "port", family: str = 2 "family", kind: str = 3 "kind", path: path = 4 "path", } [5]
    /// `socket.getaddrinfo`.
    SocketGetaddrinfo { host: str = 0 "host", port: value = 1 "port", family: str = 2 "family", kind: str = 3 "kind", protocol: i64 = 4 "protocol", } [5]
    /// `socket.gethostbyaddr`.
    SocketGethostbyaddr { host: str = 0 "host", } [1]
    /// `socket.gethostbyname`.
    SocketGethostbyname { host: str = 0 "host", } [1]
    /// `socket.gethostname`.
    SocketGethostname { } [0]
    /// `socket.getnameinfo`.
    SocketGetnameinfo { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `socket.getservbyname`.
    SocketGetservbyname { service: str = 0 "service", protocol: str = 1 "protocol", } [2]
    /// `socket.getservbyport`.
    SocketGetservbyport { port: u64 = 0 "port", protocol: str = 1 "protocol", } [2]
    /// `socket.sendmsg`.
    SocketSendmsg { host: str = 0 "host", port: u64 = 1 "port", family: str = 2 "family", kind: str = 3 "kind", path: path = 4 "path", } [5]
    /// `socket.sendto`.
    SocketSendto { host: str = 0 "host", port: u64 = 1 "port", family: str = 2 "family", kind: str = 3 "kind", path: path = 4 "path", } [5]
    /// `socket.sethostname`.
    SocketSethostname { name: value = 0 "name", } [1]
    /// `sqlite3.connect`.
    Sqlite3Connect { path: path = 0 "path", raw: path = 1 "raw", } [2]
    /// `sqlite3.connect/handle`.
    Sqlite3ConnectHandle { connection_handle: value = 0 "connection_handle", } [1]
    /// `sqlite3.enable_load_extension`.
    Sqlite3EnableLoadExtension { connection: value = 0 "connection", enabled: value = 1 "enabled", } [2]
    /// `sqlite3.load_extension`.
    Sqlite3LoadExtension { connection: value = 0 "connection", path: value = 1 "path", } [2]
    /// `subprocess.Popen`.
    SubprocessPopen { path: path = 0 "path", raw: path = 1 "raw", args: value = 2 "args", cwd: path = 3 "cwd", } [4]
    /// `sys._current_exceptions`.
    SysCurrentExceptions { } [0]
    /// `sys._current_frames`.
    SysCurrentFrames { } [0]
    /// `sys._getframe`.
    SysGetframe { frame: value = 0 "frame", } [1]
    /// `sys._getframemodulename`.
    SysGetframemodulename { depth: value = 0 "depth", } [1]
    /// `sys.addaudithook`.
    SysAddaudithook { } [0]
    /// `sys.excepthook`.
    SysExcepthook { r#type: str = 0 "type", } [1]
    /// `sys.monitoring.register_callback`.
    SysMonitoringRegisterCallback { func: value = 0 "func", } [1]
    /// `sys.remote_exec`.
    SysRemoteExec { pid: value = 0 "pid", script_path: value = 1 "script_path", } [2]
    /// `sys.set_asyncgen_hook_finalizer`.
    SysSetAsyncgenHookFinalizer { } [0]
    /// `sys.set_asyncgen_hook_firstiter`.
    SysSetAsyncgenHookFirstiter { } [0]
    /// `sys.set_asyncgen_hooks_finalizer`.
    SysSetAsyncgenHooksFinalizer { } [0]
    /// `sys.set_asyncgen_hooks_firstiter`.
    SysSetAsyncgenHooksFirstiter { } [0]
    /// `sys.setprofile`.
    SysSetprofile { } [0]
    /// `sys.settrace`.
    SysSettrace { } [0]
    /// `sys.unraisablehook`.
    SysUnraisablehook { r#type: str = 0 "type", } [1]
    /// `syslog.closelog`.
    SyslogCloselog { } [0]
    /// `syslog.openlog`.
    SyslogOpenlog { ident: value = 0 "ident", logoption: value = 1 "logoption", facility: value = 2 "facility", } [3]
    /// `syslog.setlogmask`.
    SyslogSetlogmask { maskpri: value = 0 "maskpri", } [1]
    /// `syslog.syslog`.
    SyslogSyslog { priority: i64 = 0 "priority", message: str = 1 "message", } [2]
    /// `telnetlib.Telnet.open`.
    TelnetlibTelnetOpen { host: str = 0 "host", port: u64 = 1 "port", } [2]
    /// `telnetlib.Telnet.write`.
    TelnetlibTelnetWrite { buffer: value = 0 "buffer", } [1]
    /// `tempfile.mkdtemp`.
    TempfileMkdtemp { path: path = 0 "path", } [1]
    /// `tempfile.mkstemp`.
    TempfileMkstemp { path: path = 0 "path", } [1]
    /// `time.sleep`.
    TimeSleep { seconds: f64 = 0 "seconds", } [1]
    /// `unshare`.
    Unshare { namespaces: value = 0 "namespaces", } [1]
    /// `urllib.Request`.
    UrllibRequest { url: str = 0 "url", method: str = 1 "method", } [2]
    /// `webbrowser.open`.
    WebbrowserOpen { url: str = 0 "url", } [1]
}
