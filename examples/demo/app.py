"""A program that knows nothing of audithook. Some of what it does is refused."""

import json
import os
import socket
import subprocess
import sys
import tempfile


def attempt(what, operation):
    try:
        result = operation()
    except OSError as error:
        print(f"  {what}: refused\n      {error}")
    else:
        print(f"  {what}: {result!r}")


def listen_and_connect():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            return f"connected to {client.getpeername()[0]}"


def connect(host, port):
    with socket.socket() as client:
        client.settimeout(1)
        client.connect((host, port))


def child():
    code = "open('vault/key')"
    done = subprocess.run([sys.executable, "-I", "-c", code], env={}, capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1]


def write_a_file():
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump({"written": True}, file)
        return "written"


def link_to_the_vault():
    link = os.path.join(tempfile.mkdtemp(), "innocent")
    os.symlink(os.path.abspath("vault/key"), link)
    return open(link).read()


def order(amount):
    sys.audit("shop.order", amount)
    return "ordered"


print(f"Python {sys.version.split()[0]}")
attempt("write a temporary file", write_a_file)
attempt("talk to myself", listen_and_connect)
attempt("read the vault", lambda: open("vault/key").read())
attempt("read it through a link", link_to_the_vault)
attempt("connect to the metadata service", lambda: connect("169.254.169.254", 80))
attempt("the same by another spelling", lambda: connect("0xa9fea9fe", 80))
attempt("order 5", lambda: order(5))
attempt("order 5000", lambda: order(5000))
print(f"  a child without an environment: refused\n      {child()}")
