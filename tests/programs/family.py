"""A family that wants to live: children, grandchildren, daemons in sessions of their own, processes that ignore signals.

    family.py LIFELINE

Each of them holds the writing end of LIFELINE (a FIFO) and writes a line to it when it is there: 10 lines in all.
"""

import os
import signal
import subprocess
import sys
import threading

SIZE = 10
lifeline = os.open(sys.argv[1], os.O_WRONLY)
os.set_inheritable(lifeline, True)


def live(name):
    os.write(lifeline, (name + "\n").encode())
    while True:
        signal.pause()


def fork(function, *arguments):
    if os.fork() == 0:
        function(*arguments)
        os._exit(0)


def daemon(name):
    os.setsid()
    fork(live, name)


def stubborn(name):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    live(name)


def deep(depth):
    if depth:
        fork(deep, depth - 1)
    live("deep %d" % depth)


def busy(name):
    os.write(lifeline, (name + "\n").encode())
    while True:
        sys.audit("busy", 1)


fork(daemon, "daemon")
fork(stubborn, "stubborn")
fork(deep, 2)
fork(busy, "busy")
subprocess.Popen(["sh", "-c", "echo shell >&%d; while :; do sleep 1000; done" % lifeline], pass_fds=[lifeline])
subprocess.Popen(
    ["sh", "-c", "trap '' TERM HUP; echo session >&%d; exec sleep 1000" % lifeline], pass_fds=[lifeline], start_new_session=True, env={}
)
threading.Thread(target=live, args=("thread",), daemon=True).start()
live("root")
