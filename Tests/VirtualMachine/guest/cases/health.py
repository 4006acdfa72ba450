# SPDX-License-Identifier: Apache-2.0
"""Checks of an upstream that is reached over vsock."""

import contextlib
import threading

from .. import sockets
from ..daemon import Daemon
from ..registry import case
from ..sockets import connect, receive_line
from ..waiting import equal, true, wait_for


class EchoingUpstream(threading.Thread):
    """Greets whoever connects to a port of vsock and echoes, until it is stopped."""

    def __init__(self, port, greeting=b""):
        super().__init__(daemon=True)
        self.greeting = greeting
        self.listening = sockets.listen(f"vsock://any:{port}")
        self.listening.settimeout(0.1)
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                sock, _ = self.listening.accept()
                threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        sock.settimeout(sockets.SECONDS)
        with contextlib.suppress(OSError), sock:
            sock.sendall(self.greeting)
            while data := sock.recv(65536):
                sock.sendall(data)

    def stop(self):
        self.over.set()
        self.join()
        self.listening.close()


def down_and_up(health, greeting=b""):
    upstream = EchoingUpstream(7201, greeting)
    daemon = Daemon(f'[listener.front]\nlisten = ["tcp://127.0.0.1:0", "vsock://any:7202"]\nservice = "forward"\n'
                    f'to = "vsock://1:7201"\nhealth = {health}\n')
    for index in range(2):
        client = connect(daemon.address("front", index))
        client.sendall(b"hello\n")
        equal(receive_line(client), greeting.decode() + "hello", "the echo")
        client.close()
    equal(daemon.records("upstream-down"), [], "records of an upstream that is up")

    upstream.stop()
    record = daemon.record("upstream-down")
    equal(sockets.split(record["upstream"]), sockets.split("vsock://1:7201"), "the upstream of the record")
    true(record["level"] in ("warning", "error"), f"the level of {record}")
    with contextlib.suppress(ConnectionResetError):
        equal(connect(daemon.address("front")).recv(1), b"", "what a client reads while the upstream is down")
    equal(daemon.record("refused")["rule"], "listener.to", "the rule")

    upstream = EchoingUpstream(7201, greeting)
    daemon.record("upstream-up")
    client = connect(daemon.address("front", 1))
    client.sendall(b"hello\n")
    equal(receive_line(client), greeting.decode() + "hello", "the echo once it is up again")
    client.close()
    upstream.stop()
    equal([len(daemon.records(event)) for event in ("upstream-down", "upstream-up")], [1, 1], "records of down and up")
    daemon.stop()


@case("vsock")
def health_of_a_vsock_upstream():
    down_and_up('{ interval = "1s" }')


@case("vsock")
def health_by_what_a_vsock_upstream_says():
    down_and_up('{ interval = "250ms", fall = 2, send = "PING\\n", expect = "PING" }')


@case("vsock")
def health_by_connections_alone():
    """Without checks, three connections that cannot be made take it down, and a trial brings it up."""
    daemon = Daemon('[listener.front]\nlisten = "tcp://127.0.0.1:0"\nservice = "forward"\nto = "vsock://1:7203"\n')
    for _ in range(3):
        with contextlib.suppress(ConnectionResetError):
            equal(connect(daemon.address("front")).recv(1), b"", "what a client reads")
    daemon.record("upstream-down")
    upstream = EchoingUpstream(7203)

    def answered():
        with contextlib.suppress(OSError):
            client = connect(daemon.address("front"))
            client.sendall(b"hello\n")
            return receive_line(client) == "hello"
        return False

    wait_for("an answer of the upstream", answered)
    daemon.record("upstream-up")
    upstream.stop()
