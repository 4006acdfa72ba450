# SPDX-License-Identifier: Apache-2.0
"""Shows that the load generator sees what can happen to a datagram, and that the minimal programs for UDP keep what
belongs to one: its bytes, its bounds, its flow and its place among the others."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import threading
import time

from . import ECHO_UDP, LOADGEN, RELAY_UDP
from .running import free_port

SOL_UDP, UDP_SEGMENT = 17, 103


class Misbehaving:
    """An echo server in this process. A function tells what to answer to a datagram: a list of datagrams, each with the
    address that it goes to."""

    def __init__(self, spoil):
        self.spoil = spoil
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", free_port()))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        served = 0
        while True:
            data, source = self.socket.recvfrom(65536)
            if not data:
                return self.socket.close()
            for answer, address in self.spoil(bytearray(data), source, served):
                self.socket.sendto(answer, address)
            served += 1

    def close(self):
        with socket.socket(type=socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()


HONEST = 100
"""Datagrams that are answered right before anything goes wrong."""


def spoiled(change):
    """An answer that is changed from the hundredth datagram on."""
    return lambda: lambda data, source, served: [(data if served < HONEST else change(data), source)]


def _flip(place):
    def change(data):
        data[place] ^= 1
        return data
    return change


def _honest():
    return lambda data, source, _: [(data, source)]


def _twice():
    return lambda data, source, served: [(data, source)] * (1 if served < HONEST else 2)


def _other_receiver():
    """What one flow sent goes to the one before."""
    sources = []

    def spoil(data, source, served):
        sources.append(source)
        before = next((one for one in reversed(sources) if one != source), source)
        return [(data, source if served < HONEST else before)]
    return spoil


def _other_sender():
    stranger = socket.socket(type=socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 0))

    def spoil(data, source, served):
        if served < HONEST:
            return [(data, source)]
        stranger.sendto(data, source)
        return []
    return spoil


def _loses():
    """Every tenth."""
    return lambda data, source, served: [] if served >= HONEST and served % 10 == 0 else [(data, source)]


def _silent():
    return lambda data, source, served: [(data, source)] if served < HONEST else []


def _delays():
    """One datagram, for longer than the load generator waits before it calls it lost."""
    held = []

    def spoil(data, source, served):
        if served == HONEST:
            held.append((data, source, time.monotonic()))
            return []
        due = [held.pop()[:2]] if held and time.monotonic() - held[0][2] > 0.4 else []
        return [*due, (data, source)]
    return spoil


def _swaps():
    """One datagram with the next of its flow."""
    held = {}

    def spoil(data, source, served):
        if served >= HONEST and served % 50 < 2 and source not in held:
            held[source] = data
            return []
        return [(data, source)] + ([(held.pop(source), source)] if source in held else [])
    return spoil


# Each: what the server does, how, and what the load generator is to fail with, or to count and no failure.
COMPLAINTS = [
    ("one wrong bit", spoiled(_flip(40)), "came back wrong"),
    ("one wrong bit in its number", spoiled(_flip(0)), "came back wrong"),
    ("one wrong bit in its flow", spoiled(_flip(8)), "came back wrong|came back to flow"),
    ("a byte too few", spoiled(lambda data: data[:-1]), "of 63 bytes came back"),
    ("a byte too many", spoiled(lambda data: data + b"!"), "of 65 bytes came back"),
    ("nothing but its bounds", spoiled(lambda data: b""), "of 0 bytes came back"),
    ("a second copy", _twice, "came back twice"),
    ("another flow's datagram", _other_receiver, "came back to flow"),
    ("another sender", _other_sender, "came from port"),
    ("silence", _silent, "nothing came back"),
]
COUNTED = [
    ("an honest server passes", _honest, set()),
    ("lost datagrams", _loses, {"lost"}),
    ("a late datagram", _delays, {"late"}),
    ("datagrams in another order", _swaps, {"reordered"}),
]
KINDS = ("lost", "late", "reordered")


def _run(mode, options, server, seconds=3):
    return subprocess.run([LOADGEN, mode, "--port", str(server.port), "--connections", "2", "--window", "8",
                           "--seconds", str(seconds), "--size", "64", "--warmup", "0", "--loss", "0.2",
                           "--timeout", "1", *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)


def _load_generator(check, mode, *options):
    label = " ".join([mode, *options])
    for name, spoil, complaint in COMPLAINTS:
        server = Misbehaving(spoil())
        made = _run(mode, options, server)
        server.close()
        yield check(f"{label}: {name}", made.returncode == 1 and re.search(complaint, made.stdout) is not None,
                    made.stdout.strip())
    for name, spoil, expected in COUNTED:
        server = Misbehaving(spoil())
        made = _run(mode, options, server, seconds=1)
        server.close()
        said = json.loads(made.stdout) if made.returncode == 0 else {}
        passed = (made.returncode == 0 and said["operations"] + said["lost"] == said["sent"] > HONEST
                  and {kind for kind in KINDS if said[kind]} == expected)
        yield check(f"{label}: {name}", passed, made.stdout.strip())


def _counts_exactly():
    """Every tenth, and none twice."""
    dropped = 0

    def spoil(data, source, served):
        nonlocal dropped
        lost = served >= HONEST and served % 10 == 0
        dropped += lost
        return [] if lost else [(data, source)]

    server = Misbehaving(spoil)
    made = _run("udp-rr", (), server, seconds=1)
    server.close()
    return made.returncode == 0 and json.loads(made.stdout)["lost"] == dropped > 0, made.stdout.strip()


def _hold_hears():
    """What arrives while nothing is under way."""
    server = Misbehaving(lambda data, source, served: [(data, source)])
    answered = []
    server.spoil = lambda data, source, served: answered.append((data, source)) or [(data, source)]
    with subprocess.Popen([LOADGEN, "udp-hold", "--port", str(server.port), "--connections", "2"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holding:
        holding.stdout.readline()
        server.socket.sendto(*answered[0])
        said = holding.stdout.readline()
    server.close()
    return holding.returncode == 1 and "came back twice" in said, said.strip()


# The minimal programs

class Ends:
    """A minimal program, what stands behind it if it is a relay, and clients in front of it."""

    def __init__(self, program, stack):
        self.stack = stack
        self.port = free_port()
        self.upstream = None
        far_end = []
        if program == RELAY_UDP:
            self.upstream = self._socket()
            self.upstream.bind(("127.0.0.1", free_port()))
            far_end = [str(self.upstream.getsockname()[1])]
        self.process = subprocess.Popen([program, str(self.port), *far_end], stdin=subprocess.DEVNULL)
        stack.callback(self.process.wait)
        stack.callback(self.process.kill)
        self._wait_until_bound()

    def _socket(self):
        made = self.stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        made.settimeout(5)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        return made

    def _wait_until_bound(self):
        with socket.socket(type=socket.SOCK_DGRAM) as trial:
            for _ in range(1000):
                try:
                    trial.bind(("127.0.0.1", self.port))
                except OSError:
                    return
                trial.close()
                trial = socket.socket(type=socket.SOCK_DGRAM)
                time.sleep(0.01)

    def client(self):
        made = self._socket()
        made.connect(("127.0.0.1", self.port))
        return made

    @contextlib.contextmanager
    def stopped(self):
        """What is sent to the program meanwhile, it finds in one batch."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def echo(self, count):
        """Does the upstream's part for so many datagrams."""
        if self.upstream:
            heard = [self.upstream.recvfrom(65536) for _ in range(count)]
            with self.stopped():
                for data, source in heard:
                    self.upstream.sendto(data, source)


def keeps_bounds(ends):
    """Of datagrams of all sizes, in their order; also of empty ones."""
    client = ends.client()
    datagrams = [bytes([number % 256]) * size for number, size in
                 enumerate([0, 1, 64, 1200, 1200, 1200, 500, 500, 0, 0, 1, 1, 65507, 1200, 1, 1200])]
    with ends.stopped():
        for datagram in datagrams:
            client.send(datagram)
    ends.echo(len(datagrams))
    return [client.recv(65536) for _ in datagrams] == datagrams


def keeps_runs(ends):
    """Of datagrams that come as one: the last is shorter, and the next run has another size."""
    return _keeps(ends, [(100, 950), (100, 1000), (100, 400), (300, 1000), (1200, 48000)])


def keeps_long_runs(ends):
    """Which are all of one size, and too many to go on as one."""
    return _keeps(ends, [(64, 4096)] * 3)


def _keeps(ends, runs):
    client, expected = ends.client(), []
    with ends.stopped():
        for size, length in runs:
            client.setsockopt(SOL_UDP, UDP_SEGMENT, size)
            data = bytes(number * 7 % 251 for number in range(length))
            client.send(data)
            expected += [data[at:at + size] for at in range(0, length, size)]
    ends.echo(len(expected))
    return [client.recv(65536) for _ in expected] == expected


def keeps_flows_apart(ends):
    """Of clients that speak in turn; what each sent comes back to it alone, in order."""
    clients, turns = [ends.client() for _ in range(1100)], 2
    with ends.stopped():
        for first in range(0, len(clients), 10):
            for turn in range(turns):
                for number in range(first, first + 10):
                    clients[number].send(b"%d:%d" % (number, turn))
    ends.echo(turns * len(clients))
    return all([client.recv(100) for _ in range(turns)] == [b"%d:%d" % (number, turn) for turn in range(turns)]
               for number, client in enumerate(clients))


def answers_unasked(ends):
    """An upstream may say more than it was asked for, also later."""
    client, other = ends.client(), ends.client()
    sources = []
    for end in (client, other):
        end.send(b"question")
        sources.append(ends.upstream.recvfrom(100)[1])
    with ends.stopped():
        for number in range(100):
            ends.upstream.sendto(b"%d" % number, sources[number % 2])
    return sources[0] != sources[1] and all(
        [end.recv(100) for _ in range(50)] == [b"%d" % number for number in range(first, 100, 2)]
        for first, end in enumerate((client, other)))


def outlives_refusal(ends):
    """An upstream that was gone for a while loses what was sent meanwhile, and nothing else."""
    client, address = ends.client(), ends.upstream.getsockname()
    ends.upstream.close()
    for _ in range(3):
        client.send(b"into the void")
        time.sleep(0.02)
    with socket.socket(type=socket.SOCK_DGRAM) as ends.upstream:
        ends.upstream.settimeout(5)
        ends.upstream.bind(address)
        client.send(b"question")
        ends.echo(1)
        return client.recv(100) == b"question"


def run(check):
    for mode in (("udp-rr",), ("udp-rr", "--burst", "4"), ("udp-flood", "--rate", "5000")):
        yield from _load_generator(check, *mode)
    yield check("udp-rr: counts every lost datagram", *_counts_exactly())
    yield check("udp-hold: hears what nobody asked for", *_hold_hears())
    for program in (ECHO_UDP, RELAY_UDP):
        for kept in (keeps_bounds, keeps_runs, keeps_long_runs, keeps_flows_apart) + (
                (answers_unasked, outlives_refusal) if program == RELAY_UDP else ()):
            try:
                with contextlib.ExitStack() as stack:
                    passed, detail = kept(Ends(program, stack)), ""
            except OSError as error:
                passed, detail = False, str(error)
            yield check(f"{program.name} {kept.__name__.replace('_', ' ')}", passed, detail)
