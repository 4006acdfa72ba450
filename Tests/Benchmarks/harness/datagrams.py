# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared over UDP, those that echo and those that relay. A new one is a new class here, as in
servers.py; who answers by itself and who relays go by the same name, as each workload is for one of the two."""

import subprocess
import tempfile
from pathlib import Path

from . import ECHO_UDP, RELAY_UDP, relays, servers
from .running import free_port
from .servers import Packaged, Server, compiler

FLOWS = 12000
"""Flows that a peer is given room for."""


class DatagramServer(Server):
    datagrams = True


class DatagramRelay(relays.Relay):
    """One program that relays a UDP port of 127.0.0.1 to another."""

    datagrams = True
    descriptors_a_connection = 1
    """The clients share the socket that listens."""


class MinimalEcho(DatagramServer):
    name, title = "minimal", "minimal C"
    every_round = required = True

    def command(self, directory, port):
        return [str(ECHO_UDP), str(port)]

    def version(self):
        return f"servers/echo_udp.c, {compiler()}"


class MinimalEchoAgain(MinimalEcho):
    """The A/A control."""

    name, title = "again", "minimal C, again"
    again = True

    def version(self):
        return "the same program under another name (A/A control)"


class MinimalRelay(DatagramRelay):
    name, title = "minimal", "minimal C, relay"
    every_round = required = True

    def command(self, directory, port, upstream):
        return [str(RELAY_UDP), str(port), str(upstream)]

    def version(self):
        return f"servers/relay_udp.c, {compiler()}"


class MinimalRelayAgain(MinimalRelay):
    name, title = "again", "minimal C, relay, again"
    again = True

    def version(self):
        return "the same program under another name (A/A control)"


class Usherd(servers.Usherd):
    """What both have in common; flows stay until the server ends."""

    datagrams = True

    def missing(self):
        return super().missing() or self._refusal()

    def _refusal(self):
        """What usherd itself has against such a configuration, in its own words, or None."""
        with tempfile.TemporaryDirectory() as directory:
            ports = [free_port() for _ in range(2 if self.relays else 1)]
            checked = subprocess.run([*self.command(Path(directory), *ports), "--check", "--no-host"], capture_output=True,
                                     text=True, check=False, timeout=10)
        if checked.returncode == 0:
            return None
        said = [line for line in (checked.stderr + checked.stdout).splitlines() if "usherd.toml:" in line]
        return "it refuses the configuration: " + (said[0].partition("usherd.toml:")[2] if said
                                                   else f"exit status {checked.returncode}")

    def _listening(self, directory, port, service):
        return [str(self.path), "--config", str(self.configured(directory, f"""\
[listener.bench]
listen = "udp://127.0.0.1:{port}"
idle-timeout = "1h"
{service}
"""))]


class UsherdEcho(Usherd, DatagramServer):
    def command(self, directory, port):
        return self._listening(directory, port, 'service = "echo"')


class UsherdRelay(Usherd, DatagramRelay):
    title = "usherd, relay"

    def command(self, directory, port, upstream):
        return self._listening(directory, port, f'service = "forward"\nto = ["udp://127.0.0.1:{upstream}"]')


class Nginx(relays.Nginx, DatagramRelay):
    flags = "worker_processes 1, multi_accept on, no reuseport, rcvbuf=4m, access_log with buffer=64k"

    def command(self, directory, port, upstream):
        return self.configured(directory, FLOWS, f"""\
        listen 127.0.0.1:{port} udp rcvbuf=4m;
        proxy_pass 127.0.0.1:{upstream};
        proxy_timeout 1h;
""")


class Socat(Packaged):
    """A process for each flow. While it makes one, what others send may go to the wrong child."""

    name, package, program = "socat", "socat", "socat"
    forks = True
    most_connections = 64
    load_options = {"at_once": 1}

    @staticmethod
    def listening(port):
        return f"UDP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"


class SocatEcho(Socat, DatagramServer):
    title = "socat"
    flags = "UDP-LISTEN,fork and PIPE"
    one_under_way = True
    """A pipe does not know where a datagram ends."""

    def command(self, directory, port):
        return [self.path(), self.listening(port), "PIPE"]


class SocatRelay(Socat, DatagramRelay):
    title = "socat, relay"
    flags = "UDP-LISTEN,fork to UDP"

    def command(self, directory, port, upstream):
        return [self.path(), self.listening(port), f"UDP:127.0.0.1:{upstream}"]


def all_datagram_servers(usherd):
    return [MinimalEcho(), MinimalEchoAgain(), UsherdEcho(usherd), SocatEcho(), MinimalRelay(), MinimalRelayAgain(),
            UsherdRelay(usherd), Nginx(), SocatRelay()]
