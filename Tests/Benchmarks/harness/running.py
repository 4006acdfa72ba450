# SPDX-License-Identifier: Apache-2.0
"""Servers and loads while they run."""

import itertools
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import LOADGEN, processes


class Failed(Exception):
    """A server did not start, or did not do what the load expects of it."""


# Below the range that clients get their ports from (ip_local_port_range), so that none of them is in the way; each
# server has a port of its own, so that none meets what the last one left behind.
_ports = itertools.cycle(range(20000, 30000))


def free_port():
    for _ in range(10000):
        port = next(_ports)
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failed("no port between 20000 and 30000 is free")


def environment(**more):
    """Without what a service manager has told the benchmark about itself."""
    own = {"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID",
           "JOURNAL_STREAM", "INVOCATION_ID"}
    return {name: value for name, value in os.environ.items() if name not in own} | more


class RunningServer:
    """A server on the processor that is set aside for servers, from the first answer until it is stopped."""

    def __init__(self, server, directory, processors, meter):
        self.server = server
        self.directory = Path(directory)
        self.meter = meter
        self.port = free_port()
        self.output = self.directory / "output"
        command = server.command(self.directory, self.port)
        with self.output.open("wb") as output, processors.children_on(processors.server), meter:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            env=environment(), start_new_session=True)
        try:
            self._wait_for_echo()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self.process.pid

    def _wait_for_echo(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                said = self.output.read_text(errors="replace").strip().splitlines()
                raise Failed(f"ended with status {self.process.returncode} before it answered"
                             + (f": {said[-1]}" if said else ""))
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                    client.sendall(b"are you there?")
                    if client.recv(64) == b"are you there?":
                        return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise Failed("did not answer within 10 seconds")

    def processor_time(self):
        return self.meter.nanoseconds(self.pid)

    def memory(self):
        return processes.memory(self.pid)

    def stop(self):
        """Ends it and all that it started. Returns its exit status."""
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
        self.meter.close()
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
