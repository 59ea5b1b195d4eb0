"""A network of its own, with names of its own: to be run in fresh network and mount namespaces.

    stage.py HOSTS PORTS COMMAND...

HOSTS is a file for /etc/hosts; its IPv4 addresses become addresses of the loopback device. On each of PORTS
(comma-separated), at every address, somebody listens. Then the COMMAND runs; its status is this program's.
"""

import fcntl
import socket
import struct
import subprocess
import sys
import threading

SIOCSIFADDR, SIOCSIFFLAGS, UP_AND_RUNNING = 0x8916, 0x8914, 0x41

hosts, ports, command = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
subprocess.check_call(["mount", "--bind", hosts, "/etc/hosts"])
with open(hosts) as lines:
    addresses = sorted({line.split()[0] for line in lines if line.strip() and ":" not in line.split()[0]})

control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))
for number, address in enumerate(address for address in addresses if not address.startswith("127.")):
    name = ("lo:%d" % number).encode()
    packed = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
    fcntl.ioctl(control, SIOCSIFADDR, packed)


def listen(listener):
    while True:
        listener.accept()[0].close()


for port in ports:
    listener = socket.socket()
    listener.bind(("0.0.0.0", int(port)))
    listener.listen(100)
    threading.Thread(target=listen, args=(listener,), daemon=True).start()
sys.exit(subprocess.call(command))
