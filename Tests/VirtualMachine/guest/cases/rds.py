# SPDX-License-Identifier: Apache-2.0
"""Listeners of RDS, which passes messages reliably and in order: AF_RDS, of the kernel's Documentation/networking/rds.rst."""

import os

from .. import sockets
from ..daemon import Daemon
from ..registry import case
from ..waiting import equal, true

ECHO = '[listener.echo]\nlisten = "rds://127.0.0.1:7401"\nservice = "echo"\nidle-timeout = "500ms"\n'
SERVER = ("127.0.0.1", 7401)


@case("rds")
def rds_echo():
    daemon = Daemon(ECHO)
    equal(daemon.address("echo"), "rds://127.0.0.1:7401", "where it listens")
    client = sockets.bind("rds://127.0.0.1:7501")
    messages = [b"one", b"", os.urandom(1200), os.urandom(30000), b"last"]
    for message in messages:
        client.sendto(message, SERVER)
        received, source = client.recvfrom(65536)
        equal(received, message, "the echo")
        equal(source, SERVER, "where it comes from")
    size = sum(map(len, messages))
    record = daemon.check_close("rds://127.0.0.1:7501", bytes_in=size, bytes_out=size, datagrams_in=len(messages),
                                datagrams_out=len(messages), datagrams_dropped=0, reason="idle-timeout")
    equal(record["local"], "rds://127.0.0.1:7401", "local of the record")
    daemon.stop()


@case("rds")
def rds_flows_of_several_clients():
    daemon = Daemon(ECHO)
    clients = {port: sockets.bind(f"rds://127.0.0.1:{port}") for port in range(7510, 7520)}
    for turn in range(5):
        for port, client in clients.items():
            client.sendto(f"{port} {turn}".encode(), SERVER)
        for port, client in clients.items():
            equal(client.recv(64), f"{port} {turn}".encode(), "the echo")
    for port in clients:
        daemon.check_close(f"rds://127.0.0.1:{port}", datagrams_in=5, datagrams_out=5)


@case("rds")
def rds_keeps_what_a_slow_client_has_not_read():
    daemon = Daemon(ECHO.replace("500ms", "1m"))
    client = sockets.bind("rds://127.0.0.1:7502")
    sent = [number.to_bytes(4, "big") + os.urandom(1000) for number in range(100)]
    for message in sent:
        client.sendto(message, SERVER)
    equal([client.recv(65536) for _ in sent], sent, "the echoes, in order")
    daemon.stop()
    equal(daemon.records("close")[0]["datagrams_out"], len(sent), "datagrams to the client")


@case("rds")
def rds_daytime():
    Daemon('[listener.day]\nlisten = "rds://127.0.0.1:7413"\nservice = "daytime"\n')
    client = sockets.bind("rds://127.0.0.1:7503")
    client.sendto(b"?", ("127.0.0.1", 7413))
    answer = client.recv(256)
    true(b"20" in answer and answer.endswith(b"\r\n"), f"the answer is {answer}")


@case("rds", "datagram-forward", "rds-upstream")
def rds_forward():
    upstream = sockets.bind("rds://127.0.0.1:7403")
    daemon = Daemon('[listener.front]\nlisten = "rds://127.0.0.1:7402"\nservice = "forward"\n'
                    'to = "rds://127.0.0.1:7403"\nidle-timeout = "500ms"\n')
    client = sockets.bind("rds://127.0.0.1:7504")
    for message in (b"question", b"", os.urandom(8000)):
        client.sendto(message, ("127.0.0.1", 7402))
        received, source = upstream.recvfrom(65536)
        equal(received, message, "what the upstream gets")
        upstream.sendto(received[::-1], source)
        answer, server = client.recvfrom(65536)
        equal(answer, message[::-1], "what the client gets")
        equal(server, ("127.0.0.1", 7402), "where it comes from")
    daemon.check_close("rds://127.0.0.1:7504", datagrams_in=3, datagrams_out=3, bytes_in=8008, bytes_out=8008,
                       upstream="rds://127.0.0.1:7403")


@case("rds", "udp", "datagram-forward", "rds-upstream")
def rds_forward_to_and_from_udp():
    upstream = sockets.bind("udp://127.0.0.1:0")
    service = sockets.bind("rds://127.0.0.1:7405")
    daemon = Daemon('[listener.out]\nlisten = "rds://127.0.0.1:7406"\nservice = "forward"\n'
                    f'to = "{sockets.name(upstream)}"\n'
                    '[listener.in]\nlisten = "udp://127.0.0.1:0"\nservice = "forward"\nto = "rds://127.0.0.1:7405"\n')
    client = sockets.bind("rds://127.0.0.1:7505")
    client.sendto(b"to UDP", ("127.0.0.1", 7406))
    received, source = upstream.recvfrom(64)
    equal(received, b"to UDP", "the datagram")
    upstream.sendto(b"to RDS", source)
    equal(client.recv(64), b"to RDS", "the message that came back")

    client = sockets.connect(daemon.address("in"))
    client.send(b"to RDS")
    received, source = service.recvfrom(64)
    equal(received, b"to RDS", "the message")
    service.sendto(b"to UDP", source)
    equal(client.recv(64), b"to UDP", "the datagram that came back")
    daemon.stop()
