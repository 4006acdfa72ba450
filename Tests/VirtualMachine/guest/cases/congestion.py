# SPDX-License-Identifier: Apache-2.0
"""RDS where it gets tight: receivers that do not read, and messages as long as there are."""

import os

from .. import sockets
from ..daemon import Daemon
from ..registry import case
from ..waiting import equal, true, wait_for
from ..wire import Wire


def relay(front, port, more=""):
    return Daemon(f'[listener.front]\nlisten = "{front}"\nservice = "forward"\nto = "rds://127.0.0.1:{port}"\n'
                  f'idle-timeout = "1m"\n{more}')


# An upstream on another host that reads nothing until it is told to, and then prints the numbers that came, to the last.
# (Over loopback the kernel knows no congestion: it keeps as much as there is memory for.)
SERVER = """
import socket, sys
s = socket.socket(socket.AF_RDS, socket.SOCK_SEQPACKET, 0)
s.bind(("10.77.0.9", 7420))
print("ready", flush=True)
sys.stdin.readline()
while (message := s.recv(65536)) != b"last":
    print(int.from_bytes(message[:4], "big"))
"""


@case("rds", "udp", "rds-upstream")
def rds_upstream_that_does_not_read():
    """Its buffer fills until the kernel says to all that its port is congested. What cannot be sent is dropped, counted and
    told of; once it reads again, what is sent arrives."""
    with Wire() as wire:
        server = wire.run(SERVER)
        try:
            equal(server.stdout.readline(), "ready\n", "what the upstream says")
            daemon = Daemon('[listener.front]\nlisten = "udp://127.0.0.1:0"\nservice = "forward"\n'
                            'to = "rds://10.77.0.9:7420"\nidle-timeout = "1m"\n')
            client = sockets.connect(daemon.address("front"))

            def told():
                # Some may be lost before, where the daemon's own socket has no room.
                return [record for record in daemon.records("lost") if "upstream" in record["message"]]

            sent = 0
            while not told():
                for _ in range(4):
                    client.send(sent.to_bytes(4, "big") + bytes(8_000))
                    sent += 1
                true(sent < 20_000, "the port is never congested")
            record = told()[0]
            true("reads too slowly" in record["message"], f"it says {record['message']}")
            true(record["errno"] in ("ENOBUFS", "EAGAIN"), f"the errno of {record}")
            server.stdin.write("\n")
            server.stdin.flush()

            def is_last():
                client.send(b"last")
                return server.poll() is not None

            wait_for("a message once the upstream reads again", is_last)
            found = [int(line) for line in server.stdout.read().split()]
            true(found, "nothing came")
            equal(found, sorted(set(found)), "what came: once, and in order")
            equal(daemon.records("close"), [], "flows that ended")
            daemon.stop()
            dropped = daemon.records("close")[0]["datagrams_dropped"]
            equal(sum(each["datagrams"] for each in told()), dropped, "those told of and those counted")
        finally:
            server.kill()
            server.wait()


@case("rds", "rds-upstream")
def rds_messages_as_long_as_there_are():
    with open("/proc/sys/net/core/wmem_max", "w", encoding="ascii") as file:
        file.write(str(4 << 20))
    upstream = sockets.bind("rds://127.0.0.1:7422")
    daemon = Daemon('[listener.echo]\nlisten = "rds://127.0.0.1:7423"\nservice = "echo"\n'
                    '[listener.front]\nlisten = "rds://127.0.0.1:7424"\nservice = "forward"\n'
                    'to = "rds://127.0.0.1:7422"\n')
    client = sockets.bind("rds://127.0.0.1:7523")
    client.setsockopt(sockets.socket.SOL_SOCKET, sockets.socket.SO_SNDBUF, 4 << 20)
    upstream.setsockopt(sockets.socket.SOL_SOCKET, sockets.socket.SO_SNDBUF, 4 << 20)
    for size in (65_536, 65_537, 100_000, 500_000, 1 << 20, 1):
        message = os.urandom(size)
        client.sendto(message, ("127.0.0.1", 7423))
        equal(sockets.checksum(client.recv(1 << 21)), sockets.checksum(message), f"the echo of {size} bytes")
        client.sendto(message, ("127.0.0.1", 7424))
        received, source = upstream.recvfrom(1 << 21)
        equal(sockets.checksum(received), sockets.checksum(message), f"{size} bytes at the upstream")
        upstream.sendto(message, source)
        equal(sockets.checksum(client.recv(1 << 21)), sockets.checksum(message), f"the answer of {size} bytes")
    daemon.stop()
    for record in daemon.records("close"):
        equal((record["datagrams_in"], record["datagrams_out"], record["datagrams_dropped"]), (6, 6, 0), "datagrams")


@case("rds", "udp", "rds-upstream")
def rds_messages_too_long_for_udp():
    """RDS has longer messages than UDP: they are dropped whole, counted and told of."""
    upstream = sockets.bind("rds://127.0.0.1:7425")
    daemon = relay("udp://127.0.0.1:0", 7425)
    client = sockets.connect(daemon.address("front"))
    client.send(b"question")
    _, source = upstream.recvfrom(64)
    for size in (65_508, 80_000, 100_000):
        upstream.sendto(bytes(size), source)
    upstream.sendto(b"answer", source)
    equal(client.recv(65536), b"answer", "what the client gets")
    true("EMSGSIZE" in daemon.record("lost")["message"], f"it says {daemon.record('lost')['message']}")
    daemon.stop()
    daemon.check_close(sockets.name(client), datagrams_out=1, datagrams_dropped=3)


@case("rds", "udp", "rds-upstream")
def rds_from_somebody_else_is_no_answer():
    upstream, stranger = sockets.bind("rds://127.0.0.1:7426"), sockets.bind("rds://127.0.0.1:7526")
    daemon = relay("udp://127.0.0.1:0", 7426)
    client = sockets.connect(daemon.address("front"))
    client.send(b"question")
    _, source = upstream.recvfrom(64)
    stranger.sendto(b"forged", source)
    upstream.sendto(b"true", source)
    equal(client.recv(64), b"true", "what the client gets")
    daemon.stop()
    daemon.check_close(sockets.name(client), datagrams_out=1, datagrams_dropped=1)


@case("rds", "udp", "rds-upstream")
def rds_upstream_is_checked():
    """A check asks, and an upstream that does not answer is down."""
    upstream = sockets.bind("rds://127.0.0.1:7427")
    daemon = relay("udp://127.0.0.1:0", 7427,
                   'health = { interval = "200ms", rise = 1, fall = 1, send = "PING", expect = "PONG" }\n')

    def answer():
        message, source = upstream.recvfrom(64)
        if message == b"PING":
            upstream.sendto(b"PONG", source)

    daemon.record("upstream-down")
    wait_for("the upstream to be up", lambda: answer() or daemon.records("upstream-up"))
    daemon.stop()
