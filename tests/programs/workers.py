"""Pools of processes, a manager, shared memory: all that passes pickles from one process to another.

Usage: workers.py METHOD..., which are of `multiprocessing`: fork, spawn, forkserver. Without any, only the memory.
"""

import concurrent.futures
import datetime
import functools
import json
import multiprocessing
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import uuid
from multiprocessing import shared_memory


class Own(Exception):
    pass


class Job:
    def __init__(self, number):
        self.number = number

    def run(self, more):
        return self.number + more

    @staticmethod
    def eval(number):
        return number

    @classmethod
    def of(cls, number):
        return cls(number)


RAISED = [
    ValueError("boom"),
    Own("mine"),
    KeyError("key"),
    FileNotFoundError(2, "none", "file"),
    subprocess.CalledProcessError(1, ["x"]),
    subprocess.TimeoutExpired("x", 1),
    socket.timeout("late"),
    socket.gaierror(-2, "unknown"),
    json.JSONDecodeError("bad", "text", 0),
    shutil.SameFileError("same"),
]


def fail(number):
    raise RAISED[number]


def give(number):
    return [
        lambda: os.stat("."),
        os.times,
        os.uname,
        lambda: os.terminal_size((1, 2)),
        lambda: pathlib.Path("."),
        datetime.date.today,
        lambda: uuid.UUID(int=1),
        lambda: [range(3), {1}, frozenset([1]), slice(1), 1j, bytearray(b"x"), Ellipsis, int, Job],
        lambda: [socket.AF_INET, socket.SOCK_STREAM],
        lambda: subprocess.CompletedProcess(["x"], 0),
    ][number]()


def use(apply):
    for number in range(len(RAISED)):
        try:
            apply(fail, number)
        except Exception as error:
            print(type(error).__name__, error)
    print(apply(int, "1"), apply(len, "ab"), apply(str.upper, "a"), apply(functools.partial(max, 5), 1))
    print(apply(Job(1).run, 1), apply(Job.eval, 3), apply(Job.of, 4).number)
    print([type(apply(give, number)).__name__ for number in range(10)])


def child(queue, pipe, end):
    queue.put(Own("of a child"))
    pipe.send(ValueError("of a pipe"))
    end.sendall(b"through a socket")


def lengthen(shared):
    shared.append(3)
    return len(shared)


def main(methods):
    for method in methods:
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            use(lambda function, value: pool.map(function, [value])[0])
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
            use(lambda function, value: list(executor.map(function, [value]))[0])
        with context.Manager() as manager:
            shared, queue = manager.list([1, 2]), manager.Queue()
            queue.put(Own("queued"))
            print(queue.get(timeout=10), manager.dict(a=shared)["a"][:])
            try:
                manager.dict()["none"]
            except KeyError as error:
                print("KeyError", error)
            with context.Pool(1) as pool:
                print(pool.apply(lengthen, (shared,)))
        queue, (one, other), (near, far) = context.Queue(), context.Pipe(), socket.socketpair()
        process = context.Process(target=child, args=(queue, other, far))
        process.start()
        print(repr(queue.get(timeout=10)), repr(one.recv()), near.recv(99))
        process.join()
    memory()


def memory():
    print(multiprocessing.Value("i", 3).value, multiprocessing.Array("d", [1, 2])[:])
    made = shared_memory.SharedMemory(create=True, size=10)
    found = shared_memory.SharedMemory(made.name)
    found.buf[0] = 7
    print(made.buf[0])
    found.close()
    made.close()
    made.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
