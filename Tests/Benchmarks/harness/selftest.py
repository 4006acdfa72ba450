# SPDX-License-Identifier: Apache-2.0
"""Shows that the instruments notice what they are there to notice: a load generator that accepts wrong bytes would
make every figure worthless, and nothing else here would tell."""

import re
import socket
import subprocess
import threading

from . import LOADGEN, datagramtest, meter, processes, relaytest
from .running import RunningLoad, RunningServer, free_port
from .summary import summarize


class Misbehaving:
    """An echo server in this process whose answers a function spoils."""

    def __init__(self, spoil):
        self.spoil = spoil
        self.listener = socket.create_server(("127.0.0.1", free_port()), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        served = 0
        with client:
            try:
                while data := client.recv(65536):
                    answer = self.spoil(bytearray(data), served)
                    if answer is None:
                        return
                    client.sendall(answer)
                    served += len(data)
            except OSError:
                return  # the load generator has seen enough

    def close(self):
        self.listener.close()


def _flip(data, served):
    if served >= 6400:
        data[len(data) // 2] ^= 1
    return data


def _shift(data, served):
    return data if served < 6400 else data[1:] + data[:1]


def _another_stream():
    """Answers with what another connection sent at the same place: right bytes, wrong receiver."""
    first = {}

    def spoil(data, served):
        return first.setdefault(served, bytes(data))
    return spoil


SPOILED = [
    ("an honest server passes", lambda data, _: data, None),
    ("one wrong bit", _flip, "came back wrong"),
    ("bytes out of order", _shift, "came back wrong"),
    ("another connection's bytes", _another_stream(), "came back wrong"),
    ("a byte too many", lambda data, served: data if served < 6400 else data + b"!",
     "only|came back wrong"),
    ("an early close", lambda data, served: data if served < 6400 else None,
     "closed|Broken pipe|reset"),
    ("silence", lambda data, served: data if served < 6400 else b"", "nothing came back"),
]


def _check(name, passed, detail=""):
    print(f"{'ok  ' if passed else 'FAIL'}  {name}" + (f": {detail}" if detail and not passed else ""), flush=True)
    return passed


def _load_generator(mode):
    for name, spoil, complaint in SPOILED:
        server = Misbehaving(spoil)
        made = subprocess.run([LOADGEN, mode, "--port", str(server.port), "--connections", "2", "--count", "1000",
                               "--seconds", "5", "--size", "64", "--warmup", "0", "--timeout", "0.5"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
        server.close()
        if complaint is None:
            expected = made.returncode == 0
        else:
            expected = made.returncode == 1 and re.search(complaint, made.stdout) is not None
        yield _check(f"{mode}: {name}", expected, made.stdout.strip())


def _refuses_echo():
    """A request that comes back is no object."""
    server = Misbehaving(lambda data, _: data)
    made = subprocess.run([LOADGEN, "get", "--port", str(server.port), "--connections", "2", "--seconds", "1"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    server.close()
    yield _check("get: an echo is no object", made.returncode == 1 and "came back wrong" in made.stdout, made.stdout)


def _refuses_other_hosts():
    for host in ("10.0.0.1", "0.0.0.0", "128.0.0.1", "localhost"):
        made = subprocess.run([LOADGEN, "rr", "--port", "9", "--host", host], capture_output=True, check=False)
        yield _check(f"loads nothing but loopback: {host}", made.returncode == 2)


def _summaries():
    for values, expected in [([3, 1, 2], (2, 1, 3)), ([5] * 9, (5, 5, 5)), (list(range(9)), (4, 1, 7)),
                             (list(range(20)), (9.5, 5, 14)), ([7], (7, 7, 7))]:
        got = summarize(values)
        yield _check(f"median and interval of {len(values)} values",
                     (got.median, got.low, got.high) == expected, str(got))


def _meters_agree(server, processors, make_meter, temporary):
    """A control group and the process tree are two ways to the same figure, for one process and for many."""
    tree = meter.ProcessTree()
    with RunningServer(server, temporary, processors, make_meter()) as running, \
            RunningLoad("rr", running.port, processors, connections=8, seconds=1.5, wait=True) as load:
        load.wait_until_ready()
        began = running.processor_time(), tree.nanoseconds(running.pid)
        load.go()
        group, summed = running.processor_time() - began[0], tree.nanoseconds(running.pid) - began[1]
        # Eight children, each right to within one clock tick at either end.
        tolerance = 2 * processes.NANOSECONDS_A_TICK * (8 if server.forks else 1) + 0.05 * group
        yield _check(f"meters agree on {server.name}", abs(group - summed) <= tolerance,
                     f"{group / 1e6:.1f} ms and {summed / 1e6:.1f} ms")


def run(servers, processors, make_meter, temporary):
    """Returns whether all instruments work."""
    results = list(_summaries())
    results += _refuses_other_hosts()
    for mode in ("rr", "stream", "open"):
        results += _load_generator(mode)
    results += _refuses_echo()
    results += relaytest.run(_check)
    results += datagramtest.run(_check)
    for server in servers:
        if server.name in ("minimal", "socat") and server.missing() is None:
            results += _meters_agree(server, processors, make_meter, temporary)
    return all(results)
