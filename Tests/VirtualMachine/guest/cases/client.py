# SPDX-License-Identifier: Apache-2.0
"""usherctl as a client of each family, at usherd and at plain sockets."""

import subprocess

from .. import canbus, sockets
from ..canbus import EXTENDED, REMOTE, frame, open_bus
from ..daemon import Daemon
from ..registry import case
from ..sockets import accept, receive_all
from ..waiting import equal, true, wait_for

# What sysexits.h says of them; see usherctl(1).
REFUSED = 69
TIMED_OUT = 75


class Usherctl:
    """A usherctl that runs; it reads a pipe."""

    def __init__(self, *words):
        self.process = subprocess.Popen(["usherctl", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def end(self, input=b"", status=0):
        """Gives it the rest of its input, waits for its end and returns its output and what it complained of."""
        try:
            output, errors = self.process.communicate(input, timeout=sockets.SECONDS)
        finally:
            self.process.kill()
        equal(self.process.returncode, status, f"the exit status of {self.process.args}, which said {errors!r}")
        return output, errors.decode()


def run(*words, input=b"", status=0):
    return Usherctl(*words).end(input, status)


@case("vsock", "connect")
def usherctl_connects_to_vsock():
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:7601"\nservice = "echo"\n')
    data, _ = sockets.megabyte()
    output, errors = run("connect", "vsock://1:7601", input=data)
    equal(output, data, "what came back")
    equal(errors, "", "what it complained of")
    peer = daemon.record("open")["peer"]
    daemon.check_close(peer, bytes_in=len(data), bytes_out=len(data), reason="client-closed")
    output, _ = run("connect", "--hex", "vsock://local:7601", input=b"00ff10\n")
    equal(output.strip().lower().replace(b" ", b""), b"00ff10", "what came back in hex")


@case("vsock", "connect")
def usherctl_listens_on_vsock():
    server = Usherctl("connect", "--listen", "vsock://any:7602")
    clients = []

    def connected():
        try:
            clients.append(sockets.connect("vsock://1:7602"))
        except ConnectionResetError:
            return False
        return True

    wait_for("usherctl to listen", connected)
    client = clients[0]
    client.sendall(b"from the client")
    client.shutdown(sockets.socket.SHUT_WR)
    output, _ = server.end(b"from usherctl")
    equal(output, b"from the client", "what usherctl printed")
    equal(receive_all(client), b"from usherctl", "what the client read")


@case("vsock", "connect")
def usherctl_tells_that_a_vsock_port_refuses():
    # The kernel says ECONNRESET of a port of vsock where nobody listens: still a refusal, and not a reset.
    _, errors = run("connect", "vsock://1:7603", status=REFUSED)
    true("vsock://" in errors and errors.count("\n") == 1, f"it said {errors!r}")


@case("vsock", "send", "receive")
def usherctl_sends_and_receives_over_vsock():
    listening = sockets.listen("vsock://any:7604")
    client = Usherctl("send", "vsock://1:7604", "one", "message")
    upstream = accept(listening)
    equal(receive_all(upstream), b"one message", "what was sent")
    upstream.close()
    client.end()
    client = Usherctl("receive", "vsock://1:7604")
    upstream = accept(listening)
    upstream.sendall(b"one answer\n")
    upstream.close()
    equal(client.end()[0], b"one answer\n", "what it printed")


@case("can", "connect")
def usherctl_connects_to_can():
    daemon = Daemon('[listener.bus]\nlisten = "can://vcan0"\nservice = "echo"\n')
    frames = b"123#DEADBEEF\n1ABCDEF0#01\n123##1" + b"00" * 12 + b"\n"
    output, _ = run("connect", "--count", "3", "can://vcan0", input=frames)
    # Linux marks a CAN FD frame itself since 6.1 (CANFD_FDF), and candump shows it.
    equal(output.replace(b"##5", b"##1"), frames, "the frames that came back")
    for peer in ("can://vcan0#123", "can://vcan0#1ABCDEF0"):
        daemon.record("open", peer=peer)


@case("send", "receive")
def usherctl_sends_and_receives_frames():
    bus = open_bus()
    run("send", "can://vcan0", "123#DEADBEEF")
    equal(canbus.receive(bus), frame(0x123, b"\xde\xad\xbe\xef"), "the frame")
    client = Usherctl("receive", "can://vcan0")

    def ended():
        bus.send(frame(0x321, b"\x01\x02"))
        return client.process.poll() is not None

    wait_for("usherctl to receive a frame", ended)
    equal(client.end()[0], b"321#0102\n", "what it printed")


@case("receive")
def usherctl_receives_frames_that_pass_a_filter():
    bus = open_bus()
    client = Usherctl("receive", "can://vcan0?id=0x100&mask=0x700")

    def ended():
        bus.send(frame(0x200, b"\x00"))
        bus.send(frame(0x123, b"\x01"))
        return client.process.poll() is not None

    wait_for("usherctl to receive a frame", ended)
    equal(client.end()[0], b"123#01\n", "what it printed")


@case("receive")
def usherctl_filters_extended_and_remote_frames():
    bus = open_bus()
    for address, other, wanted, printed in (
            ("can://vcan0?id=0x00000123", frame(0x123, b"\x00"), frame(EXTENDED | 0x123, b"\x01"), b"00000123#01\n"),
            ("can://vcan0?id=0x123", frame(0x124), frame(REMOTE | 0x123), b"123#R\n")):
        client = Usherctl("receive", address)

        def ended():
            bus.send(other)
            bus.send(wanted)
            return client.process.poll() is not None

        wait_for("usherctl to receive a frame", ended)
        equal(client.end()[0], printed, f"what it printed for {address}")


@case("receive")
def usherctl_gives_up_on_a_silent_bus():
    run("receive", "--timeout", "300ms", "can://vcan0", status=TIMED_OUT)


@case("rds", "connect")
def usherctl_connects_to_rds():
    daemon = Daemon('[listener.echo]\nlisten = "rds://127.0.0.1:7605"\nservice = "echo"\n')
    output, _ = run("connect", "--count", "2", "rds://127.0.0.1:7605", input=b"one\ntwo\n")
    equal(output.split(), [b"one", b"two"], "what came back")
    true(daemon.record("open")["peer"].startswith("rds://127.0.0.1:"), "the peer of the record")


@case("send", "receive")
def usherctl_sends_and_receives_over_rds():
    server = sockets.bind("rds://127.0.0.1:7606")
    run("send", "rds://127.0.0.1:7606", "one", "message")
    equal(server.recv(64), b"one message", "what was sent")
    client = Usherctl("receive", "rds://127.0.0.1:7607")

    def ended():
        server.sendto(b"one answer", ("127.0.0.1", 7607))
        return client.process.poll() is not None

    wait_for("usherctl to receive a message", ended)
    equal(client.end()[0].strip(), b"one answer", "what it printed")


@case("send", before_modules=True)
def usherctl_names_the_module_that_is_missing():
    for address, data, module in (("vsock://1:7607", "x", "vsock"), ("can://vcan0", "123#", "can"),
                                  ("rds://127.0.0.1:7607", "x", "rds")):
        _, errors = run("send", address, data, status=71)
        words = errors.replace(address, "").replace("_", "-").replace("`", " ").replace(",", " ").split()
        true("module" in errors or "modprobe" in errors, f"no word of a module: {errors!r}")
        true(any(word.startswith(module) for word in words), f"{module} is not named: {errors!r}")
