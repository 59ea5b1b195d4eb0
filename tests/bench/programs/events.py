"""Raises events in a loop and prints the nanoseconds of each: events.py KIND COUNT [PATH [HOOK RULES]]

With HOOK, `plain` or `tight`, the policy is a Python audit hook: what one writes without audithook.
"""

import fnmatch
import os
import re
import sys
from itertools import repeat
from time import perf_counter_ns


def ids(count):
    for _ in repeat(None, count):
        id(0)


def heap(count):
    audit = sys.audit
    # Made at run time: the name lies on the heap, where addresses are used again.
    name = ".".join(["bench", "custom"])
    for _ in repeat(None, count):
        audit(name, 1)


def opens(count):
    audit = sys.audit
    path = sys.argv[3]
    for _ in repeat(None, count):
        audit("open", path, "r", 0)


class Rules:
    """A file of rules: `+DIRECTORY` may be read, `-DIRECTORY` and `*GLOB` may not."""

    def __init__(self, path):
        with open(path) as file:
            lines = file.read().split()
        self.allowed = [line[1:] for line in lines if line[0] == "+"]
        self.denied = [line[1:] for line in lines if line[0] == "-"]
        self.globs = [line[1:] for line in lines if line[0] == "*"]


def add_plain_hook(rules):
    """As one writes it."""

    def covers(rule, path):
        return path == rule or path.startswith(rule + "/")

    def hook(event, args):
        if event != "open" or isinstance(args[0], int):
            return
        path = os.path.realpath(args[0])
        if (
            any(covers(rule, path) for rule in rules.denied)
            or any(fnmatch.fnmatchcase(path, glob) for glob in rules.globs)
            or not any(covers(rule, path) for rule in rules.allowed)
        ):
            raise PermissionError(13, "denied by the policy", path)

    sys.addaudithook(hook)


def add_tight_hook(rules):
    """As fast as Python can: one call into C for each list."""
    allowed = tuple(rule + "/" for rule in rules.allowed)
    denied = tuple(rule + "/" for rule in rules.denied)
    matches = re.compile("|".join(map(fnmatch.translate, rules.globs))).match
    realpath = os.path.realpath

    def hook(event, args):
        if event == "open":
            path = args[0]
            if path.__class__ is int:
                return
            path = realpath(path)
            if path.startswith(denied) or matches(path) or not path.startswith(allowed):
                raise PermissionError(13, "denied by the policy", path)

    sys.addaudithook(hook)


loop = {"ids": ids, "heap": heap, "opens": opens}[sys.argv[1]]
count = int(sys.argv[2])
if len(sys.argv) > 4:
    {"plain": add_plain_hook, "tight": add_tight_hook}[sys.argv[4]](Rules(sys.argv[5]))
loop(count // 10)
start = perf_counter_ns()
loop(count)
print((perf_counter_ns() - start) / count)
