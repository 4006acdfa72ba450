# SPDX-License-Identifier: Apache-2.0
"""Servers and loads while they run."""

import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import ECHO_UDP, LOADGEN, MINIMAL, OBJECTS_SERVER, processes


class Failed(Exception):
    """A server did not start, or did not do what the load expects of it."""


# Below the range that clients get their ports from (ip_local_port_range), so that none of them is in the way; each
# server has a port of its own, so that none meets what the last one left behind.
_ports = itertools.cycle(range(20000, 30000))


def free_port():
    for _ in range(10000):
        port = next(_ports)
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            try:
                stream.bind(("127.0.0.1", port))
                datagram.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failed("no port between 20000 and 30000 is free")


def environment(**more):
    """Without what a service manager has told the benchmark about itself."""
    own = {"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID",
           "JOURNAL_STREAM", "INVOCATION_ID"}
    return {name: value for name, value in os.environ.items() if name not in own} | more


@dataclass(frozen=True)
class Upstream:
    """What stands at the far end of a relay, and how to ask whether it is there."""

    program: Path
    question: bytes
    answer: bytes | None
    """None stands for 14 bytes of the pattern."""
    arguments: tuple = ()
    """Of the program, after its port."""

    def answers(self, port):
        """Whether the question that is put to the port comes to its answer; a ConnectionRefusedError says more."""
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(self.question)
            said = client.recv(64)
            return said == self.answer if self.answer else len(said) == 14


@dataclass(frozen=True)
class DatagramUpstream(Upstream):
    def answers(self, port):
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(0.1)
            client.connect(("127.0.0.1", port))
            client.send(self.question)
            try:
                return client.recv(64) == self.answer
            except TimeoutError:
                return False


ECHO = Upstream(MINIMAL, b"are you there?", b"are you there?")
DATAGRAM_ECHO = DatagramUpstream(ECHO_UDP, ECHO.question, ECHO.answer, arguments=(str(64 * 1024 * 1024),))
"""With room for all that comes while the load has their processor."""
OBJECTS = Upstream(OBJECTS_SERVER, struct.pack("=IIQ48x", 0, 14, 0), None)


def _wait_until_it_answers(upstream, port, process, output=None):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = output.read_text(errors="replace").strip().splitlines() if output else []
            raise Failed(f"ended with status {process.returncode} before it answered"
                         + (f": {said[-1]}" if said else ""))
        try:
            if upstream.answers(port):
                return
        except (ConnectionRefusedError, ConnectionResetError):
            pass
        time.sleep(0.01)
    raise Failed("did not answer within 10 seconds")


class RunningUpstream:
    """The far end of a relay, on the load's processor."""

    def __init__(self, upstream, processors):
        self.port = free_port()
        with processors.children_on(processors.load):
            self.process = subprocess.Popen([upstream.program, str(self.port), *upstream.arguments],
                                            stdin=subprocess.DEVNULL, env=environment())
        try:
            _wait_until_it_answers(upstream, self.port, self.process)
        except BaseException:
            self.stop()
            raise

    def processor_time(self):
        return processes.processor_time(self.process.pid)

    def drops(self):
        """Datagrams that found the buffer of its socket full."""
        return processes.datagrams_dropped(self.port)

    def stop(self):
        self.process.kill()
        self.process.wait()


class RunningServer:
    """A server on the processor that is set aside for servers, from the first answer until it is stopped."""

    def __init__(self, server, directory, processors, meter, upstream=None):
        """A relay gets an `upstream` to itself, by default one that echoes; other servers echo by themselves."""
        upstream = upstream or (DATAGRAM_ECHO if server.datagrams else ECHO)
        self.server = server
        self.directory = Path(directory)
        self.meter = meter
        self.port = free_port()
        self.output = self.directory / "output"
        self.upstream = self.process = None
        try:
            if server.relays:
                self.upstream = RunningUpstream(upstream, processors)
            self._start(processors)
            _wait_until_it_answers(upstream, self.port, self.process, self.output)
        except BaseException:
            self.stop()
            raise

    def _start(self, processors):
        far_end = [self.upstream.port] if self.upstream else []
        command = self.server.command(self.directory, self.port, *far_end)
        with self.output.open("wb") as output, processors.children_on(processors.server), self.meter:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            env=environment(), start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def processor_time(self):
        return self.meter.nanoseconds(self.pid)

    def upstream_time(self):
        """Processor time of its upstream, in nanoseconds."""
        return self.upstream.processor_time() if self.upstream else 0

    def upstream_drops(self):
        """Datagrams that its upstream lost."""
        return self.upstream.drops() if self.upstream else 0

    def memory(self):
        return processes.memory(self.pid)

    def stop(self):
        """Ends it, all that it started, and its upstream. Returns its exit status."""
        try:
            return self._stop() if self.process else None
        finally:
            self.meter.close()
            if self.upstream:
                self.upstream.stop()

    def _stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(self.pid, signal.SIGKILL)  # children of its session that outlived it
        except ProcessLookupError:
            pass
        self.process.wait()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class RunningLoad:
    """The load generator on the processor that is set aside for it."""

    def __init__(self, mode, port, processors, **options):
        command = [str(LOADGEN), mode, "--port", str(port)]
        for name, value in options.items():
            command.append("--" + name.replace("_", "-"))
            if value is not True:
                command.append(str(value))
        with processors.children_on(processors.load):
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                            env=environment())

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the load generator ended with status {self.process.wait()}")
        said = json.loads(line)
        if said.get("errors"):
            raise Failed(said["failure"])
        return said

    def wait_until_ready(self):
        self._line()

    def result(self):
        """Without `wait`: the result when all is over."""
        return self._line()

    def go(self):
        """Starts the measured part (or ends the holding); returns the result when it is over."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
