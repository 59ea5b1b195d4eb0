"""Tries every operation on files, below two directories, in this process, a child and a grandchild.

    operations.py prepare DIRECTORY LINKS          makes what the operations need
    operations.py try ALLOWED FORBIDDEN SPARE LINKS LEVEL

`try` prints {"LEVEL": {"OPERATION": {"allowed": RESULT, "forbidden": RESULT}}} as JSON, for each level from LEVEL
down to 0. A result is "ok" or {"type": …, "errno": …, "text": …}. Each operation has a directory of its own at each
level, `DIRECTORY/LEVEL/OPERATION`, so that none sees what another did.
"""

import codecs
import ctypes
import errno
import io
import json
import os
import pathlib
import runpy
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile

LEVELS = 3

# Certifies nothing: OpenSSL opens what it is given by itself.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUW1wsbxts8/+ilz+yrTIpSV2aCZkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE3MDMwNFoYDzIxMjYxMDMw
MTcwMzA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQIX7fIQ6ahZEbLdMf4kr7I3Xs15b3jIX34Ep83L+5saCdZrAfe47pv
xugQEU+AR2+GKJqoDCksjuZfmrsStcdKo1MwUTAdBgNVHQ4EFgQUziXsqAWfXxn0
PDv/Bils1ck1tPgwHwYDVR0jBBgwFoAUziXsqAWfXxn0PDv/Bils1ck1tPgwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA+YNcOfE+Lc90d0kla+3c
uV9feKR93wCHUFL+IIISyE0CIBrO87LQPmsTC/CwLDzuLayY9nAkxBb7z7AYgeXg
5L+8
-----END CERTIFICATE-----
"""

LIBC = ctypes.CDLL(None, use_errno=True)


class Path:
    """os.PathLike that is no str."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


class Str(str):
    """A str that lies about itself to those who ask it."""

    def __str__(self):
        return "/dev/null"

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class Bytes(bytes):
    pass


class At:
    """One operation's places: its directory, a directory elsewhere, and the links that lead to the first."""

    def __init__(self, here, spare, link):
        self.here, self.spare, self.link = here, spare, link
        self.file = here + "/file"
        self.new = here + "/new"
        self.dir = here + "/dir"


def read(path, opener=open):
    with opener(path, "rb") as file:
        assert file.read() == b"secret\n"


def write(path, mode="w"):
    with open(path, mode) as file:
        file.write("changed\n")


def read_fd(fd):
    try:
        assert os.read(fd, 100) == b"secret\n"
    finally:
        os.close(fd)


class Directory:
    """A directory's descriptor that gives access to nothing: O_PATH."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.fd = os.open(self.path, os.O_PATH | os.O_DIRECTORY)
        return self.fd

    def __exit__(self, *_):
        os.close(self.fd)


def in_directory(path, function):
    before = os.getcwd()
    os.chdir(path)
    try:
        function()
    finally:
        os.chdir(before)


# What each does is its name; the table in files.rs says which event the journal must have for it.


def open_read(at):
    read(at.file)


def open_write(at):
    write(at.file)


def open_append(at):
    write(at.file, "a")


def open_update(at):
    write(at.file, "r+")


def open_exclusive(at):
    write(at.new, "x")


def open_bytes(at):
    read(os.fsencode(at.file))


def open_bytes_subclass(at):
    read(Bytes(os.fsencode(at.file)))


def open_str_subclass(at):
    read(Str(at.file))


def open_pathlike(at):
    read(Path(at.file))


def open_pathlike_bytes(at):
    read(Path(os.fsencode(at.file)))


def open_odd_name(at):
    read(os.fsencode(at.here) + b"/odd\n\xff name")


def open_relative(at):
    in_directory(at.here, lambda: read("file"))


def open_by_opener(at):
    read(at.file, lambda path, mode: open(path, mode, opener=os.open))


def os_open_read(at):
    read_fd(os.open(at.file, os.O_RDONLY))


def os_open_write(at):
    os.close(os.open(at.file, os.O_WRONLY))


def os_open_update(at):
    os.close(os.open(at.file, os.O_RDWR | os.O_CLOEXEC))


def os_open_create(at):
    os.close(os.open(at.new, os.O_CREAT | os.O_RDONLY))


def os_open_truncate(at):
    os.close(os.open(at.file, os.O_TRUNC | os.O_RDONLY))


def os_open_unnamed(at):
    os.close(os.open(at.here, os.O_TMPFILE | os.O_RDWR))


def os_open_dir_fd(at):
    with Directory(at.here) as fd:
        read_fd(os.open("file", os.O_RDONLY, dir_fd=fd))


def os_open_dir_fd_below(at):
    with Directory(os.path.dirname(at.here)) as fd:
        read_fd(os.open(os.path.basename(at.here) + "/dir/../file", os.O_RDONLY, dir_fd=fd))


def io_open(at):
    read(at.file, io.open)


def io_file(at):
    with io.FileIO(at.file) as file:
        file.read()


def io_open_code(at):
    with io.open_code(at.file) as file:
        file.read()


def codecs_open(at):
    with codecs.open(at.file, "r", "utf-8") as file:
        file.read()


def pathlib_read(at):
    pathlib.Path(at.file).read_bytes()


def pathlib_write(at):
    pathlib.Path(at.file).write_text("changed\n")


def pathlib_unlink(at):
    pathlib.Path(at.file).unlink()


def pathlib_mkdir(at):
    pathlib.Path(at.new).mkdir()


def pathlib_list(at):
    assert len(list(pathlib.Path(at.here).iterdir())) > 0


def run_script(at):
    runpy.run_path(at.here + "/script.py")


def tempfile_named(at):
    tempfile.NamedTemporaryFile(dir=at.here).close()


def sqlite3_connect(at):
    connection = sqlite3.connect(at.here + "/data.sqlite")
    connection.execute("create table t (a)")
    connection.close()


def sqlite3_uri(at):
    connection = sqlite3.connect("file:" + at.here + "/data.sqlite?mode=rwc", uri=True)
    connection.execute("create table t (a)")
    connection.close()


def ssl_load_chain(at):
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(at.here + "/certificate.pem")
    except ssl.SSLError as error:
        # It was read: there is no key in it.
        assert "PEM" in str(error), error


def ssl_load_authorities(at):
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(at.here + "/certificate.pem")


def in_libc(function, *arguments):
    """Calls a function that gives null, or -1, for an error."""
    function = LIBC[function]
    function.restype = ctypes.c_long
    result = function(*arguments)
    if result == 0 or ctypes.c_int(result).value == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def libc_fopen(at):
    in_libc("fopen", os.fsencode(at.file), b"r")


def libc_fopen64_append(at):
    in_libc("fopen64", os.fsencode(at.file), b"a+")


def libc_freopen(at):
    LIBC.tmpfile.restype = ctypes.c_void_p
    in_libc("freopen", os.fsencode(at.file), b"r", ctypes.c_void_p(LIBC.tmpfile()))


def libc_checked_open(at):
    in_libc("__open64_2", os.fsencode(at.file), os.O_RDONLY)


def libc_checked_openat(at):
    with Directory(at.here) as fd:
        in_libc("__openat64_2", fd, b"file", os.O_RDONLY)


def libc_opendir(at):
    in_libc("opendir", os.fsencode(at.here))


def spawn_open(at):
    action = (os.POSIX_SPAWN_OPEN, 0, at.file, os.O_RDONLY, 0)
    child = os.posix_spawn("/bin/cat", ["cat"], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), action])
    assert os.waitpid(child, 0)[1] == 0


def os_listdir(at):
    assert "file" in os.listdir(at.here)


def os_scandir(at):
    assert "file" in [entry.name for entry in os.scandir(at.here)]


def os_rename_from(at):
    os.rename(at.file, at.spare + "/file")


def os_rename_into(at):
    os.rename(at.spare + "/own", at.new)


def os_rename_dir_fd(at):
    with Directory(at.here) as fd:
        os.rename("file", "new", src_dir_fd=fd, dst_dir_fd=fd)


def os_replace(at):
    os.replace(at.spare + "/own", at.file)


def os_remove(at):
    os.remove(at.file)


def os_unlink_dir_fd(at):
    with Directory(at.here) as fd:
        os.unlink("file", dir_fd=fd)


def os_rmdir(at):
    os.rmdir(at.dir)


def os_mkdir(at):
    os.mkdir(at.new)


def os_mkdir_dir_fd(at):
    with Directory(at.here) as fd:
        os.mkdir("new", dir_fd=fd)


def os_makedirs(at):
    os.makedirs(at.new + "/and/more")


def os_symlink(at):
    os.symlink("/etc/hostname", at.new)


def os_symlink_dir_fd(at):
    with Directory(at.here) as fd:
        os.symlink("/etc/hostname", "new", dir_fd=fd)


def os_link_from(at):
    os.link(at.file, at.spare + "/link")


def os_link_into(at):
    os.link(at.spare + "/own", at.new)


def os_link_from_dir_fd(at):
    with Directory(at.here) as fd:
        os.link("file", at.spare + "/link", src_dir_fd=fd)


def os_truncate(at):
    os.truncate(at.file, 1)


def os_chmod(at):
    os.chmod(at.file, 0o600)


def os_chmod_dir_fd(at):
    with Directory(at.here) as fd:
        os.chmod("file", 0o600, dir_fd=fd)


def os_chown(at):
    os.chown(at.file, os.getuid(), os.getgid())


def os_utime(at):
    os.utime(at.file, (1, 1))


def os_chown_link(at):
    os.lchown(at.here + "/out", os.getuid(), os.getgid())


def os_utime_link(at):
    os.utime(at.here + "/out", (1, 1), follow_symlinks=False)


def os_utime_link_dir_fd(at):
    with Directory(at.here) as fd:
        os.utime("out", (1, 1), dir_fd=fd, follow_symlinks=False)


def os_setxattr(at):
    os.setxattr(at.file, "user.audithook", b"1")


def os_getxattr(at):
    try:
        os.getxattr(at.file, "user.audithook")
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise


def os_listxattr(at):
    os.listxattr(at.file)


def os_mkfifo(at):
    os.mkfifo(at.new)


def os_mknod(at):
    os.mknod(at.new)


def shutil_copy_from(at):
    shutil.copyfile(at.file, at.spare + "/copy")


def shutil_copy_into(at):
    shutil.copyfile(at.spare + "/own", at.new)


def shutil_copytree(at):
    shutil.copytree(at.here + "/tree", at.spare + "/tree")


def shutil_move_from(at):
    shutil.move(at.file, at.spare + "/moved")


def shutil_move_into(at):
    shutil.move(at.spare + "/own", at.new)


def shutil_rmtree(at):
    shutil.rmtree(at.here + "/tree")


# The same file by other names.


def through_dot_dot(at):
    read(at.here + "/dir/../file")


def through_dot_dot_before(at):
    name = os.path.basename(at.here)
    in_directory(at.dir, lambda: read("../../" + name + "/./file"))


def through_slashes(at):
    read("//" + at.here.replace("/", "//") + "///file")


def through_proc_root(at):
    read("/proc/self/root" + at.file)


def through_proc_root_of_thread(at):
    read("/proc/thread-self/root" + at.file)


def through_proc_pid_root(at):
    read("/proc/%d/root%s" % (os.getpid(), at.file))


def through_proc_cwd(at):
    in_directory(at.here, lambda: read("/proc/self/cwd/file"))


def through_proc_fd(at):
    fd = os.open(at.file, os.O_PATH)
    try:
        read("/proc/self/fd/%d" % fd)
    finally:
        os.close(fd)


def through_dev_fd(at):
    with Directory(at.here) as fd:
        read("/dev/fd/%d/file" % fd)


def through_fchdir(at):
    before = os.getcwd()
    with Directory(at.here) as fd:
        os.fchdir(fd)
    try:
        read("file")
    finally:
        os.chdir(before)


def through_symlink_to_file(at):
    read(at.link + "-file")


def through_symlink_to_directory(at):
    read(at.link + "-dir/file")


def through_symlink_to_symlink(at):
    read(at.link + "-again/file")


def through_relative_symlink(at):
    read(at.link + "-relative/file")


def through_own_symlink(at):
    os.symlink(at.here, at.spare + "/way")
    write(at.spare + "/way/file")


def through_dangling_symlink(at):
    write(at.link + "-dangling")


def through_remove(at):
    os.remove(at.link + "-dir/file")


def through_truncate(at):
    os.truncate(at.link + "-file", 0)


def through_chmod(at):
    os.chmod(at.link + "-file", 0o600)


def through_chown(at):
    os.chown(at.link + "-file", os.getuid(), os.getgid())


def through_utime(at):
    os.utime(at.link + "-file", (1, 1))


def through_listxattr(at):
    os.listxattr(at.link + "-file")


def through_link(at):
    # Only `linkat` with AT_SYMLINK_FOLLOW makes a link to what the symlink names.
    with Directory(os.path.dirname(at.link)) as fd:
        os.link(os.path.basename(at.link) + "-file", at.spare + "/link", src_dir_fd=fd)


def through_rename(at):
    os.rename(at.link + "-dir/file", at.spare + "/file")


def through_sqlite3(at):
    sqlite3.connect(at.link + "-dir/data.sqlite").execute("create table t (a)")


PREFIXES = "open os io codecs pathlib run tempfile sqlite3 ssl libc spawn shutil through".split()

OPERATIONS = {
    name: function
    for name, function in list(globals().items())
    if name.split("_")[0] in PREFIXES and callable(function)
}


def prepare(directory, links):
    for level in range(LEVELS):
        for operation in OPERATIONS:
            here = "%s/%d/%s" % (directory, level, operation)
            os.makedirs(here + "/dir")
            os.makedirs(here + "/tree/inner")
            for name in (b"/file", b"/tree/inner/file", b"/odd\n\xff name"):
                with open(os.fsencode(here) + name, "w") as file:
                    file.write("secret\n")
            with open(here + "/script.py", "w") as file:
                file.write("pass\n")
            with open(here + "/certificate.pem", "w") as file:
                file.write(CERTIFICATE)
            os.symlink("/etc/hostname", here + "/out")
            link = "%s/%d-%s" % (links, level, operation)
            os.symlink(here + "/file", link + "-file")
            os.symlink(here, link + "-dir")
            os.symlink(link + "-dir", link + "-again")
            os.symlink(os.path.relpath(here, links), link + "-relative")
            os.symlink(here + "/new", link + "-dangling")


def attempt(function, at):
    os.makedirs(at.spare)
    with open(at.spare + "/own", "w") as file:
        file.write("own\n")
    try:
        function(at)
    except OSError as error:
        return {"type": type(error).__name__, "errno": error.errno, "text": str(error)}
    except Exception as error:
        return {"type": type(error).__name__, "errno": None, "text": str(error)}
    return "ok"


def try_all(directories, spare, links, level):
    results = {}
    for operation, function in OPERATIONS.items():
        results[operation] = {
            kind: attempt(
                function,
                At(
                    "%s/%d/%s" % (directory, level, operation),
                    "%s/%d-%s-%s" % (spare, level, operation, kind),
                    "%s/%s/%d-%s" % (links, kind, level, operation),
                ),
            )
            for kind, directory in directories.items()
        }
    return results


def go_down(arguments, level):
    """A child by subprocess; its child, where there is one, by fork and exec."""
    command = [sys.executable, __file__, "try"] + arguments + [str(level)]
    if level % 2:
        return json.loads(subprocess.check_output(command))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1)
        os.execv(command[0], command)
    os.close(writer)
    with open(reader) as pipe:
        answer = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(answer)


def main():
    if sys.argv[1] == "prepare":
        return prepare(sys.argv[2], sys.argv[3])
    allowed, forbidden, spare, links, level = sys.argv[2:]
    level = int(level)
    results = {level: try_all({"allowed": allowed, "forbidden": forbidden}, spare, links, level)}
    if level > 0:
        results.update(go_down(sys.argv[2:6], level - 1))
    json.dump(results, sys.stdout)


main()
