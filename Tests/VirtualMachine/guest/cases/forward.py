# SPDX-License-Identifier: Apache-2.0
"""Relays from and to vsock: bytes, ends and resets pass, and the records say so."""

import contextlib
import os
import socket
import threading

from .. import features, sockets
from ..daemon import Daemon
from ..registry import case
from ..sockets import Sender, accept, connect, name, reached, receive_all
from ..waiting import equal, true, wait_for

PAIRS = {
    "vsock-to-tcp": ("vsock://any:7101", "tcp://127.0.0.1:0"),
    "tcp-to-vsock": ("tcp://127.0.0.1:0", "vsock://any:7102"),
    "unix-to-vsock": ("unix://$DIR/front", "vsock://any:7103"),
    "vsock-to-unix": ("vsock://any:7104", "unix:///run/upstream"),
    "vsock-to-vsock": ("vsock://any:7105", "vsock://any:7106"),
}


class Relay:
    """A daemon that relays, its upstream, and both ends of one connection."""

    def __init__(self, pair, extra=""):
        front, upstream = PAIRS[pair]
        self.listening = sockets.listen(upstream)
        self.upstream_address = reached(self.listening)
        self.daemon = Daemon(f'[listener.front]\nlisten = "{front}"\nservice = "forward"\n'
                             f'to = "{self.upstream_address}"\n{extra}')
        self.client = connect(self.daemon.address("front"))
        self.peer = name(self.client)
        self.upstream = accept(self.listening)
        self.local = self.client.getpeername()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in (self.client, self.upstream, self.listening):
            sock.close()
        with contextlib.suppress(OSError):
            os.unlink("/run/upstream")

    def check_close(self, **fields):
        record = self.daemon.check_close(self.peer, upstream=self.upstream_address, **fields)
        address = self.daemon.address("front").replace("vsock://any:", "vsock://1:")
        equal(record["local"], address, "local of the record")
        true(record["connect_us"] >= 0 and record["duration_us"] > 0, f"times of {record}")


def megabyte_each_way(pair):
    """A request to its end, then an answer to its end: the half-close passes, and the other direction lives on."""
    with Relay(pair) as relay:
        question, asked = sockets.megabyte()
        answer, answered = sockets.megabyte()
        sender = Sender(relay.client, question)
        equal(sockets.checksum(receive_all(relay.upstream)), asked, "the checksum of the question")
        sender.done()
        # The client has finished; nothing may have ended for it.
        true(sockets.is_silent(relay.client, 0.2), "the client was told of an end that there is not")
        sender = Sender(relay.upstream, answer)
        equal(sockets.checksum(receive_all(relay.client)), answered, "the checksum of the answer")
        sender.done()
        relay.client.close()
        relay.upstream.close()
        relay.check_close(bytes_in=len(question), bytes_out=len(answer), reason="client-closed", by="client")


def megabytes_crossing(pair):
    """Both directions at once."""
    with Relay(pair) as relay:
        question, asked = sockets.megabyte()
        answer, answered = sockets.megabyte()
        senders = [Sender(relay.client, question), Sender(relay.upstream, answer)]
        reader = Receiver(relay.upstream)
        equal(sockets.checksum(receive_all(relay.client)), answered, "the checksum of the answer")
        equal(sockets.checksum(reader.result()), asked, "the checksum of the question")
        for sender in senders:
            sender.done()
        relay.client.close()
        relay.upstream.close()
        relay.check_close(bytes_in=len(question), bytes_out=len(answer))


def upstream_finishes_first(pair):
    with Relay(pair) as relay:
        relay.upstream.sendall(b"a greeting, and no more")
        relay.upstream.shutdown(socket.SHUT_WR)
        equal(receive_all(relay.client), b"a greeting, and no more", "the greeting")
        relay.client.sendall(b"an answer")
        relay.client.shutdown(socket.SHUT_WR)
        equal(receive_all(relay.upstream), b"an answer", "the answer")
        relay.upstream.close()
        relay.client.close()
        relay.check_close(bytes_in=9, bytes_out=23, reason="upstream-closed", by="upstream")


class Receiver(threading.Thread):
    """Receives to the end, beside whoever does something else."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.found = None
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            self.found = receive_all(self.sock)

    def result(self):
        self.join(sockets.SECONDS)
        true(self.found is not None, "the end did not come")
        return self.found


@case("vsock")
def forward_vsock_to_tcp():
    megabyte_each_way("vsock-to-tcp")


@case("vsock")
def forward_tcp_to_vsock():
    megabyte_each_way("tcp-to-vsock")


@case("vsock")
def forward_unix_to_vsock():
    megabyte_each_way("unix-to-vsock")


@case("vsock")
def forward_vsock_to_unix():
    megabyte_each_way("vsock-to-unix")


@case("vsock")
def forward_vsock_to_vsock():
    megabyte_each_way("vsock-to-vsock")


@case("vsock")
def forward_both_ways_at_once():
    for pair in ("vsock-to-tcp", "tcp-to-vsock", "vsock-to-vsock"):
        megabytes_crossing(pair)


@case("vsock")
def forward_upstream_finishes_first():
    for pair in ("vsock-to-tcp", "tcp-to-vsock", "unix-to-vsock"):
        upstream_finishes_first(pair)


class PromptUpstream(threading.Thread):
    """Says something and finishes the moment that its kernel knows of a connection, before the relay may run on the
    processor that they share."""

    def __init__(self, listening):
        super().__init__(daemon=True)
        self.listening = listening
        self.heard = None
        self.start()

    def run(self):
        # Of this thread alone.
        os.sched_setaffinity(0, {0})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        with contextlib.suppress(OSError), accept(self.listening) as sock:
            sock.sendall(b"goodbye")
            sock.shutdown(socket.SHUT_WR)
            self.heard = receive_all(sock)


@case("vsock")
def forward_upstream_that_finishes_at_once():
    # Over vsock the relay learns by one event that it is connected, has something to read, and that this was all.
    for front, upstream in (("tcp://127.0.0.1:0", "vsock://any:7108"), ("vsock://any:7109", "tcp://127.0.0.1:0")):
        with contextlib.closing(sockets.listen(upstream)) as listening:
            daemon = Daemon(f'[listener.front]\nlisten = "{front}"\nservice = "forward"\nto = "{reached(listening)}"\n',
                            processors={0})
            for _ in range(5):
                server = PromptUpstream(listening)
                client = connect(daemon.address("front"))
                equal(receive_all(client), b"goodbye", "what the client reads")
                client.sendall(b"and to you")
                client.shutdown(socket.SHUT_WR)
                server.join(sockets.SECONDS)
                equal(server.heard, b"and to you", "what the upstream reads")
                daemon.check_close(name(client), bytes_in=10, bytes_out=7, reason="upstream-closed", by="upstream")
                client.close()


@case("vsock")
def forward_reset_of_tcp_ends_a_vsock_upstream():
    # vsock has no reset that a peer could tell from an end: it sees the end, and cannot write any more.
    with Relay("tcp-to-vsock") as relay:
        relay.client.sendall(b"before")
        equal(relay.upstream.recv(6, socket.MSG_WAITALL), b"before", "what came before the reset")
        sockets.reset(relay.client)
        equal(receive_all(relay.upstream), b"", "what came with the reset")
        relay.check_close(bytes_in=6, bytes_out=0, reason="reset-by-client", by="client")
        check_that_it_is_gone(relay.upstream)


@case("vsock")
def forward_reset_of_tcp_ends_a_vsock_client():
    with Relay("vsock-to-tcp") as relay:
        relay.upstream.sendall(b"before")
        equal(relay.client.recv(6, socket.MSG_WAITALL), b"before", "what came before the reset")
        sockets.reset(relay.upstream)
        equal(receive_all(relay.client), b"", "what came with the reset")
        relay.check_close(bytes_in=0, bytes_out=6, reason="reset-by-upstream", by="upstream")
        check_that_it_is_gone(relay.client)


@case("vsock")
def forward_vsock_client_that_leaves_resets_tcp():
    """It has gone altogether, which shows once the upstream writes: the upstream must not take that for an end."""
    with Relay("vsock-to-tcp") as relay:
        relay.client.close()
        equal(relay.upstream.recv(1), b"", "what the upstream reads")
        check_that_it_is_gone(relay.upstream)
        relay.check_close(reason="reset-by-client", by="client")


@case("vsock")
def forward_vsock_upstream_that_leaves_resets_tcp():
    with Relay("tcp-to-vsock") as relay:
        relay.upstream.close()
        equal(relay.client.recv(1), b"", "what the client reads")
        check_that_it_is_gone(relay.client)
        relay.check_close(reason="reset-by-upstream", by="upstream")


def check_that_it_is_gone(sock):
    """Writes until the kernel says that the other side is no longer there."""

    def broken():
        try:
            sock.send(b"x")
            return False
        except (BrokenPipeError, ConnectionResetError):
            return True

    wait_for("an error of writing to whom the other side has left", broken)


@case("vsock")
def forward_to_a_context_that_is_not_there():
    daemon = Daemon('[listener.front]\nlisten = "tcp://127.0.0.1:0"\nservice = "forward"\nto = "vsock://99:22"\n'
                    'connect-timeout = "1s"\n')
    with contextlib.suppress(ConnectionResetError):
        equal(connect(daemon.address("front")).recv(1), b"", "what the client reads")
    peer = daemon.record("open")["peer"]
    record = daemon.check_close(peer, reason="connect-failed", by="upstream", bytes_in=0, bytes_out=0)
    true("vsock://99:22" in str(record["failures"]), f"failures of {record}")


@case("vsock")
def forward_refused_by_a_vsock_port():
    daemon = Daemon('[listener.front]\nlisten = "vsock://any:7107"\nservice = "forward"\nto = "vsock://1:7999"\n')
    with contextlib.suppress(ConnectionResetError):
        equal(connect("vsock://1:7107").recv(1), b"", "what the client reads")
    record = daemon.check_close(daemon.record("open")["peer"], reason="connect-failed")
    true("vsock://1:7999" in str(record["failures"]), f"failures of {record}")


@case("vsock")
def forward_proxy_header_of_a_vsock_client():
    """Version 1 can tell no such address and says so."""
    with Relay("vsock-to-tcp", 'send-proxy = "v1"\n') as relay:
        relay.client.sendall(b"hello\n")
        equal(sockets.receive_line(relay.upstream), "PROXY UNKNOWN", "the header")
        equal(sockets.receive_line(relay.upstream), "hello", "what follows")


@case("vsock")
def forward_source_address_is_not_for_vsock():
    said = features.check('[listener.front]\nlisten = "vsock://any:7101"\nservice = "forward"\nto = "vsock://1:7102"\n'
                          'source = "127.0.0.1"\n')
    equal(said.returncode, 78, "the exit status")
    true("source" in said.stderr, f"it said {said.stderr}")
