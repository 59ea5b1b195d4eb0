"""Tries every way to an address, in this process, a child and a grandchild.

    connections.py TCP UDP UNIX LEVEL

TCP and UDP are ports on 127.0.0.1, UNIX is a path. Prints {"LEVEL": {"OPERATION": RESULT}} as JSON; a result is "ok" or
{"type": …, "errno": …, "text": …}. socketpair, pipes and numeric look-ups are tried too: nothing may refuse them.
"""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import urllib.request
import xmlrpc.client

TCP, UDP, UNIX, LEVEL = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
TIMEOUT = 20


def tcp(host="127.0.0.1", family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(TIMEOUT)
        s.connect((host, TCP))


def connect():
    tcp()


def connect_blocking():
    with socket.socket() as s:
        s.connect(("127.0.0.1", TCP))


def connect_ex():
    with socket.socket() as s:
        s.settimeout(TIMEOUT)
        number = s.connect_ex(("127.0.0.1", TCP))
        if number:
            raise OSError(number, "connect_ex")


def create_connection():
    socket.create_connection(("127.0.0.1", TCP), TIMEOUT).close()


def subclass():
    class Socket(socket.socket):
        pass

    class Host(str):
        def __str__(self):
            return "192.0.2.1"

    with Socket() as s:
        s.settimeout(TIMEOUT)
        s.connect((Host("127.0.0.1"), TCP))


def host_bytes():
    tcp(b"127.0.0.1")


def host_bytearray():
    tcp(bytearray(b"127.0.0.1"))


def host_decimal():
    tcp("2130706433")


def host_octal():
    tcp("0177.0.0.1")


def host_hexadecimal():
    tcp("0x7f000001")


def host_short():
    tcp("127.1")


def host_mapped():
    tcp("::ffff:127.0.0.1", socket.AF_INET6)


def host_mapped_hexadecimal():
    tcp("::FFFF:7F00:1", socket.AF_INET6)


def host_unspecified():
    tcp("0.0.0.0")


def host_empty():
    tcp("")


def host_name():
    tcp("localhost")


def host_name_upper_case():
    tcp("LOCALHOST")


def host_name_mixed_case():
    tcp("LocalHost")


def udp_sendto():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("127.0.0.1", UDP))


def udp_sendto_flags():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", 0, ("127.0.0.1", UDP))


def udp_sendmsg():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendmsg([b"x"], [], 0, ("127.0.0.1", UDP))


def udp_connect():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", UDP))
        s.send(b"x")


def unix_connect():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(UNIX)


def unix_connect_bytes():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.fsencode(UNIX))


def unix_connect_relative():
    os.chdir(os.path.dirname(UNIX))
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("./" + os.path.basename(UNIX))


def unix_connect_symlink():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(UNIX + "-link")


def http_client():
    connection = http.client.HTTPConnection("127.0.0.1", TCP, timeout=TIMEOUT)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hello"


def urllib_open():
    assert urllib.request.urlopen("http://127.0.0.1:%d/" % TCP, timeout=TIMEOUT).read() == b"hello"


def urllib_decimal():
    assert urllib.request.urlopen("http://2130706433:%d/" % TCP, timeout=TIMEOUT).read() == b"hello"


def asyncio_connect():
    async def main():
        reader, writer = await asyncio.open_connection("127.0.0.1", TCP)
        writer.close()

    asyncio.run(main())


# Nothing may refuse these.


def free_socketpair():
    a, b = socket.socketpair()
    a.send(b"x")
    assert b.recv(1) == b"x"
    a.close(), b.close()


def free_pipe():
    r, w = os.pipe()
    os.close(r), os.close(w)


def free_numeric_look_up():
    assert socket.getaddrinfo("192.0.2.1", 80)[0][4][0] == "192.0.2.1"


def free_look_up_for_listening():
    socket.getaddrinfo(None, 80, flags=socket.AI_PASSIVE)


def free_asyncio_loop():
    asyncio.run(asyncio.sleep(0))


OPERATIONS = {
    name: function
    for name, function in list(globals().items())
    if name.split("_")[0]
    in ("connect", "create", "subclass", "host", "udp", "unix", "http", "urllib", "asyncio", "free")
    and callable(function)
    and getattr(function, "__module__", None) == "__main__"
}


def attempt(function):
    before = os.getcwd()
    try:
        function()
    except OSError as error:
        # urllib wraps what it catches.
        cause = getattr(error, "reason", error)
        cause = cause if isinstance(cause, OSError) else error
        return {"type": type(cause).__name__, "errno": cause.errno, "text": str(cause)}
    except Exception as error:
        return {"type": type(error).__name__, "errno": None, "text": str(error)}
    finally:
        os.chdir(before)
    return "ok"


def main():
    results = {LEVEL: {name: attempt(function) for name, function in OPERATIONS.items()}}
    if LEVEL > 0:
        command = [sys.executable, __file__] + sys.argv[1:4] + [str(LEVEL - 1)]
        results.update(json.loads(subprocess.check_output(command)))
    json.dump(results, sys.stdout)


main()
