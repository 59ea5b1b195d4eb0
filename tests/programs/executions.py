"""Tries every way to run a program, in this process, a child and a grandchild.

    executions.py PROGRAM MARKS LEVEL

PROGRAM appends a line to the file that its first argument names: `MARKS/LEVEL-OPERATION`. Prints
{"LEVEL": {"OPERATION": RESULT}} as JSON; a result is "ran", "refused" (PermissionError, EACCES) or what else happened.
"""

import asyncio
import json
import os
import pty
import subprocess
import sys

PROGRAM, MARKS, LEVEL = sys.argv[1], sys.argv[2], int(sys.argv[3])
NAME, DIRECTORY = os.path.basename(PROGRAM), os.path.dirname(PROGRAM)


def in_fork(function):
    """Runs it in a forked child, which it may replace; gives back what became of that."""
    child = os.fork()
    if child == 0:
        try:
            function()
        except PermissionError as error:
            os._exit(13 if error.errno == 13 else 99)
        finally:
            os._exit(98)
    status(os.waitpid(child, 0)[1])


def status(number):
    code = os.WEXITSTATUS(number) if os.WIFEXITED(number) else -os.WTERMSIG(number)
    if code in (13, 126, 127):
        raise PermissionError(13, "status %d" % code)
    if code:
        raise RuntimeError("status %d" % code)


def check(code):
    if code in (13, 126, 127):
        raise PermissionError(13, "status %d" % code)
    if code:
        raise RuntimeError("status %d" % code)


def search(mark):
    return dict(os.environ, PATH=DIRECTORY + ":" + os.environ["PATH"])


def subprocess_run(mark):
    check(subprocess.run([PROGRAM, mark]).returncode)


def subprocess_bytes(mark):
    check(subprocess.call([os.fsencode(PROGRAM), os.fsencode(mark)]))


def subprocess_executable(mark):
    check(subprocess.call(["innocent", mark], executable=PROGRAM))


def subprocess_cwd(mark):
    check(subprocess.call(["./" + NAME, mark], cwd=DIRECTORY))


def subprocess_path(mark):
    check(subprocess.call([NAME, mark], env=search(mark)))


def subprocess_no_close_fds(mark):
    check(subprocess.call([PROGRAM, mark], close_fds=False))


def subprocess_preexec(mark):
    check(subprocess.call([PROGRAM, mark], preexec_fn=os.setpgrp))


def subprocess_session(mark):
    check(subprocess.call([PROGRAM, mark], start_new_session=True))


def subprocess_empty_environment(mark):
    check(subprocess.call([PROGRAM, mark], env={}))


def subprocess_shell(mark):
    check(subprocess.call("'%s' '%s'" % (PROGRAM, mark), shell=True))


def subprocess_symlink(mark):
    check(subprocess.call([PROGRAM + "-link", mark]))


def subprocess_dot_dot(mark):
    check(subprocess.call([DIRECTORY + "/../" + os.path.basename(DIRECTORY) + "/" + NAME, mark]))


def subprocess_proc_root(mark):
    check(subprocess.call(["/proc/self/root" + PROGRAM, mark]))


def subprocess_through_env(mark):
    check(subprocess.call(["env", PROGRAM, mark]))


def subprocess_through_sh(mark):
    check(subprocess.call(["sh", "-c", 'exec "$0" "$1"', PROGRAM, mark]))


def os_system(mark):
    status(os.system("'%s' '%s'" % (PROGRAM, mark)))


def os_popen(mark):
    code = os.popen("'%s' '%s'" % (PROGRAM, mark)).close()
    status(code or 0)


def os_execv(mark):
    in_fork(lambda: os.execv(PROGRAM, [NAME, mark]))


def os_execve(mark):
    in_fork(lambda: os.execve(PROGRAM, [NAME, mark], {}))


def os_execvp(mark):
    def run():
        os.environ["PATH"] = DIRECTORY
        os.execvp(NAME, [NAME, mark])

    in_fork(run)


def os_execl(mark):
    in_fork(lambda: os.execl(PROGRAM, NAME, mark))


def os_spawnv(mark):
    check(os.spawnv(os.P_WAIT, PROGRAM, [NAME, mark]))


def os_spawnve(mark):
    check(os.spawnve(os.P_WAIT, PROGRAM, [NAME, mark], {}))


def os_posix_spawn(mark):
    status(os.waitpid(os.posix_spawn(PROGRAM, [NAME, mark], os.environ), 0)[1])


def os_posix_spawn_empty(mark):
    status(os.waitpid(os.posix_spawn(PROGRAM, [NAME, mark], {}), 0)[1])


def os_posix_spawnp(mark):
    before = os.environ["PATH"]
    os.environ["PATH"] = DIRECTORY
    try:
        status(os.waitpid(os.posix_spawnp(NAME, [NAME, mark], os.environ), 0)[1])
    finally:
        os.environ["PATH"] = before


def pty_spawn(mark):
    # It wants a terminal to copy to; the child's end is all that counts.
    child, master = pty.fork()
    if child == 0:
        try:
            os.execv(PROGRAM, [NAME, mark])
        except PermissionError:
            os._exit(13)
        finally:
            os._exit(98)
    code = os.waitpid(child, 0)[1]
    os.close(master)
    status(code)


def asyncio_exec(mark):
    async def main():
        process = await asyncio.create_subprocess_exec(PROGRAM, mark)
        return await process.wait()

    check(asyncio.run(main()))


OPERATIONS = {
    name: function
    for name, function in list(globals().items())
    if name.split("_")[0] in ("subprocess", "os", "pty", "asyncio") and callable(function)
}


def attempt(name, function):
    mark = "%s/%d-%s" % (MARKS, LEVEL, name)
    try:
        function(mark)
    except PermissionError as error:
        return "refused" if error.errno == 13 else repr(error)
    except Exception as error:
        return repr(error)
    return "ran"


def main():
    results = {LEVEL: {name: attempt(name, function) for name, function in OPERATIONS.items()}}
    if LEVEL > 0:
        command = [sys.executable, __file__, PROGRAM, MARKS, str(LEVEL - 1)]
        results.update(json.loads(subprocess.check_output(command)))
    json.dump(results, sys.stdout)


main()
