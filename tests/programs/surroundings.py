"""Prints what a program can see of where it runs, as JSON: what a wrapper must not change."""

import json
import os
import resource
import signal
import sys


def descriptors():
    """Number, kind and flags of each; the directory's own descriptor is closed again when they are looked at."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue
        with open("/proc/self/fdinfo/" + name) as info:
            flags = [line.split()[1] for line in info if line.startswith("flags")]
        # A pipe's number is another in each run.
        found[name] = (target.split(":")[0], flags)
    return found


def status(*names):
    with open("/proc/self/status") as lines:
        pairs = (line.split(":\t") for line in lines)
        return {name: value.strip() for name, value in pairs if name in names}


def mask():
    before = os.umask(0)
    os.umask(before)
    return before


json.dump(
    {
        "argv": sys.argv,
        "orig_argv": getattr(sys, "orig_argv", None),
        "path": sys.path,
        "flags": str(sys.flags),
        "modules": sorted(sys.modules),
        "executable": sys.executable,
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "umask": mask(),
        "descriptors": descriptors(),
        "status": status("SigBlk", "SigIgn", "SigCgt", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Threads", "CapEff"),
        "handlers": {str(number): str(signal.getsignal(number)) for number in range(1, 32)},
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")},
        "nice": os.nice(0),
        "leads its group": os.getpid() == os.getpgrp(),
        "leads its session": os.getpid() == os.getsid(0),
        "terminal": [os.isatty(number) for number in range(3)],
    },
    sys.stdout,
    sort_keys=True,
)
