"""A program at a terminal: says what it reads and which signals reach it.

    interactive.py [handle]

With `handle` it says so when SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGCONT or SIGWINCH comes; without, they do what
they do by themselves.
"""

import os
import signal
import sys


def say(*words):
    # Unbuffered and in one write: it may come from a handler.
    os.write(1, ("<" + " ".join(map(str, words)) + ">\n").encode())


if "handle" in sys.argv:
    for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGCONT", "SIGWINCH"):
        signal.signal(getattr(signal, name), lambda number, frame, name=name: say("signal", name))
say("begins", "with a terminal" if os.isatty(0) and os.isatty(1) else "without a terminal")
say("process", os.getpid())
while True:
    try:
        line = os.read(0, 1000)
    except InterruptedError:
        continue
    if not line:
        break
    say("read", line.decode().strip())
say("ends")
