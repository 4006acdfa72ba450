# SPDX-License-Identifier: Apache-2.0
"""What a server costs while nothing happens, and how long it takes to get there."""

import socket
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from . import processes, tracing
from .running import Failed, RunningLoad, RunningServer, environment, free_port

IDLE_CONNECTIONS = 5000
IDLE_CONNECTIONS_OF_FORKING = 200
"""A process for each of 5000 would say no more, and not every host could hold them."""

IDLE_SETTLE = 7
"""Seconds of idleness before anything is counted. The spare threads of a Dispatch pool live for 5 s after their last
work; that they end is the tail of the load, not what idleness costs."""

LISTENERS = 20


@dataclass
class Idle:
    """A server that holds connections which said one thing each and then nothing more."""

    server: str
    title: str
    """How the table calls it."""
    connections: int = 0
    resident: int = 0
    proportional: int = 0
    """Bytes before the connections came; with children, shared pages counted once in the second."""
    bytes_a_connection: float = 0.0
    wakeups: int | None = None
    system_calls: dict | None = None
    traced_seconds: float = 0.0
    failure: str = ""


def measure_idle(server, processors, make_meter, temporary, descriptors, trace_seconds=0.0, settle=1.0):
    """Memory at rest and with idle connections; with `trace_seconds` also what it does meanwhile."""
    idle = Idle(server.name, server.title)
    wanted = IDLE_CONNECTIONS_OF_FORKING if server.forks else IDLE_CONNECTIONS
    idle.connections = min(wanted, server.most_connections, (descriptors - 100) // server.descriptors_a_connection)
    try:
        with tempfile.TemporaryDirectory(dir=temporary) as directory, \
                RunningServer(server, directory, processors, make_meter()) as running:
            time.sleep(0.3)
            idle.resident, idle.proportional = running.memory()
            with RunningLoad("udp-hold" if server.datagrams else "hold", running.port, processors,
                             connections=idle.connections, **server.load_options) as load:
                load.wait_until_ready()
                time.sleep(settle)
                _, loaded = running.memory()
                idle.bytes_a_connection = (loaded - idle.proportional) / idle.connections
                if trace_seconds > 0:
                    _watch(idle, running, directory, trace_seconds)
                load.go()  # each connection still echoes
    except Failed as failure:
        idle.failure = str(failure)
    return idle


def _watch(idle, running, directory, seconds):
    time.sleep(IDLE_SETTLE)
    before = processes.wakeups(running.pid)
    time.sleep(2)
    idle.wakeups = processes.wakeups(running.pid) - before
    if tracing.missing() is None:
        with tracing.Trace(running.pid, directory) as trace:
            time.sleep(seconds)
        idle.system_calls, idle.traced_seconds = trace.calls, seconds


@dataclass
class Start:
    """usherd from exec to READY=1, with as many listeners as LISTENERS."""

    milliseconds: list
    resident: int = 0
    proportional: int = 0
    failure: str = ""

    @property
    def median(self):
        return median(self.milliseconds)


def measure_start(usherd, processors, temporary, times):
    """Starts it over and over, as systemd would: with a NOTIFY_SOCKET to say when it is ready."""
    start = Start([])
    try:
        for attempt in range(times):
            with tempfile.TemporaryDirectory(dir=temporary) as directory:
                _start_once(start, usherd, processors, Path(directory), last=attempt == times - 1)
    except Failed as failure:
        start.failure = str(failure)
    return start


def _start_once(start, usherd, processors, directory, last):
    configuration = usherd.configuration(directory, [free_port() for _ in range(LISTENERS)])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications, \
            (directory / "output").open("wb") as output:
        notifications.bind(str(directory / "notify"))
        notifications.settimeout(10)
        with processors.children_on(processors.server):
            began = time.monotonic_ns()
            process = subprocess.Popen([str(usherd.path), "--config", str(configuration)], stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=output,
                                       env=environment(NOTIFY_SOCKET=str(directory / "notify")))
        try:
            while b"READY=1" not in notifications.recv(65536).split(b"\n"):
                pass
            start.milliseconds.append((time.monotonic_ns() - began) / 1e6)
            if last:
                time.sleep(1)
                start.resident, start.proportional = processes.memory(process.pid)
        except TimeoutError:
            said = (directory / "output").read_text(errors="replace").strip()
            raise Failed(f"no READY=1 within 10 seconds; its output: {said or 'none'}") from None
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def raw(measured):
    return asdict(measured)
