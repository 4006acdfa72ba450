# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: how each is found, configured and started. A new peer is a new class here."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import BENCHMARKS, MINIMAL, machine


class Server:
    """One program that echoes on a TCP port of 127.0.0.1, or on a UDP port."""

    name = ""
    title = ""
    """How the table calls it."""
    forks = False
    """Has a process for each connection: gets fewer connections where memory is measured."""
    load_options = {}
    """Further options of the load generator, which make allowances for it."""
    datagrams = False
    """Serves UDP."""
    relays = False
    """Answers with what an upstream says, and is told its port (see relays.py)."""
    every_round = False
    """Takes part in every round, not just in every third: the ones whose figures are compared closely."""
    required = False
    """Must do all its work: the program measured, and those that it is measured by."""
    again = False
    """Is the reference under another name (the A/A control)."""
    bulk_only = False
    """Differs from another one here only where much moves at a time."""
    one_under_way = False
    """Is right only for clients that wait for each answer."""
    descriptors_a_connection = 1
    most_connections = 1_000_000
    """What it can hold by its construction."""

    def missing(self):
        """Why it cannot take part here, or None."""
        return None

    def version(self):
        return ""

    def command(self, directory, port):
        """Writes what configuration it needs into `directory`; returns the arguments to start it with."""
        raise NotImplementedError

    def review(self, directory, connections):
        """After it stopped: what its own output says against the figure, or None."""
        return None


def compiler():
    asked = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=False).stdout
    return f"{asked.splitlines()[0]}, -O2" if asked else "an unknown compiler"


class Minimal(Server):
    name, title = "minimal", "minimal C"
    every_round = required = True

    def command(self, directory, port):
        return [str(MINIMAL), str(port)]

    def version(self):
        return f"servers/echo_epoll.c, {compiler()}"


class MinimalAgain(Minimal):
    """The A/A control: what two equal programs differ by is what the method cannot see."""

    name, title = "again", "minimal C, again"
    again = True

    def version(self):
        return "the same program under another name (A/A control)"


class Usherd(Server):
    name, title = "usherd", "usherd"
    every_round = required = True

    def __init__(self, path):
        self.path = Path(path)

    def missing(self):
        if not os.access(self.path, os.X_OK):
            return f"{self.path} is not built; run `make build`"
        return None

    def version(self):
        asked = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=False, timeout=10)
        return (asked.stdout.strip() or "unknown version") + ", a JSON record of every open and close to a file"

    @staticmethod
    def configured(directory, listeners, most=20000):
        """The path of a configuration with these listeners, given as TOML, and at most so many connections."""
        path = directory / "usherd.toml"
        path.write_text(f"""\
[daemon]
max-connections = {most}
control = "{directory}/control"

[log]
to = ["file:{directory}/usherd.log"]
format = "json"

[defaults]
max-connections = {most}

{listeners}""")
        return path

    def configuration(self, directory, ports):
        """One echo listener a port."""
        return self.configured(directory, "\n".join(f"""\
[listener.echo-{number}]
listen = "tcp://127.0.0.1:{port}"
service = "echo"
""" for number, port in enumerate(ports)))

    def command(self, directory, port):
        return [str(self.path), "--config", str(self.configuration(directory, [port]))]

    def review(self, directory, connections):
        """Records that were dropped are work left out."""
        log = (directory / "usherd.log").read_bytes()
        closed = len(re.findall(rb'"event" ?: ?"close"', log))
        if closed < connections:
            return f"{connections - closed} of {connections} close records are missing from its log"
        return None


PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


class Asyncio(Server):
    name, title = "asyncio", "Python asyncio"

    def command(self, directory, port):
        return [PYTHON, str(BENCHMARKS / "servers" / "echo_asyncio.py"), str(port)]

    def version(self):
        asked = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=False)
        return asked.stdout.strip() + ", a Protocol on the standard loop"


class Packaged(Server):
    """A peer that Debian packages."""

    package = ""
    program = ""
    flags = ""
    """What of its options the table should mention."""

    def path(self):
        return shutil.which(self.program, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")

    def missing(self):
        if self.path() is None:
            return f"not installed (Debian package {self.package})"
        return None

    def version(self):
        return f"{self.package} {machine.debian_version(self.package) or 'of unknown version'}, {self.flags}"


class Socat(Packaged):
    name, title, package, program = "socat", "socat", "socat", "socat"
    flags = "TCP-LISTEN,fork,nodelay and PIPE"
    forks = True

    def command(self, directory, port):
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=4096"
        return [self.path(), listen, "PIPE"]


class Xinetd(Packaged):
    name, title, package, program = "xinetd", "xinetd, internal echo", "xinetd", "xinetd"
    flags = "built-in echo, NODELAY, NOLIBWRAP, no log"
    forks = True
    load_options = {"sources": 1}
    """It looks the name of every client up; that of 127.0.0.1 is in /etc/hosts."""

    def command(self, directory, port):
        path = directory / "xinetd.conf"
        path.write_text(f"""\
defaults
{{
    instances = UNLIMITED
    per_source = UNLIMITED
    cps = 1000000 1
}}

service echo
{{
    type = INTERNAL UNLISTED
    id = echo-stream
    socket_type = stream
    protocol = tcp
    bind = 127.0.0.1
    port = {port}
    wait = no
    user = {getpass.getuser()}
    flags = NODELAY NOLIBWRAP
    disable = no
}}
""")
        return [self.path(), "-dontfork", "-f", str(path), "-filelog", str(directory / "xinetd.log"),
                "-pidfile", str(directory / "xinetd.pid")]


class Tcpserver(Packaged):
    name, title, package, program = "tcpserver", "tcpserver + cat", "ucspi-tcp", "tcpserver"
    flags = "-D, no look-ups, no log"
    forks = True

    def command(self, directory, port):
        return [self.path(), "-q", "-D", "-H", "-R", "-l", "localhost", "-b", "4096", "-c", "20000",
                "127.0.0.1", str(port), shutil.which("cat")]


def all_servers(usherd):
    return [Minimal(), MinimalAgain(), Usherd(usherd), Asyncio(), Socat(), Xinetd(), Tcpserver()]
