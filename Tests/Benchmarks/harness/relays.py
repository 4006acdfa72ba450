# SPDX-License-Identifier: Apache-2.0
"""The relays that are compared. A new one is a new class here, as in servers.py."""

import socket
import threading
from pathlib import Path

from . import BENCHMARKS, RELAY_COPY, RELAY_SPLICE
from .servers import PYTHON, Packaged, Server, Usherd, compiler

PAIRS = 7000
"""Relayed connections that a peer is given room for: two descriptors each."""


class Relay(Server):
    """One program that relays a TCP port of 127.0.0.1 to another."""

    relays = True
    descriptors_a_connection = 2

    def command(self, directory, port, upstream):
        """Writes what configuration it needs into `directory`; returns the arguments to start it with."""
        raise NotImplementedError


class Copy(Relay):
    name, title = "copy", "minimal C, copy"
    every_round = required = True

    def command(self, directory, port, upstream):
        return [str(RELAY_COPY), str(port), str(upstream)]

    def version(self):
        return f"servers/relay_copy.c, {compiler()}"


class CopyAgain(Copy):
    """The A/A control."""

    name, title = "copy-again", "minimal C, copy, again"
    again = True

    def version(self):
        return "the same program under another name (A/A control)"


class Splice(Relay):
    name, title = "splice", "minimal C, splice"
    every_round = required = bulk_only = True

    def command(self, directory, port, upstream):
        return [str(RELAY_SPLICE), str(port), str(upstream)]

    def version(self):
        return f"servers/relay_splice.c, {compiler()}"


class UsherdRelay(Usherd, Relay):
    def command(self, directory, port, upstream):
        return [str(self.path), "--config", str(self.configured(directory, f"""\
[listener.bench]
listen = "tcp://127.0.0.1:{port}"
service = "forward"
to = ["tcp://127.0.0.1:{upstream}"]
""", PAIRS))]


class LogSocket:
    """A Unix datagram socket whose messages a thread of this process reads and forgets, as a syslog daemon would."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        with self.socket:
            # It reads as empty once it was shut down.
            while self.socket.recv(65536):
                pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)


class HAProxy(Packaged, Relay):
    name, title, package, program = "haproxy", "HAProxy", "haproxy", "haproxy"
    every_round = True
    flags = "nbthread 1, mode tcp, tune.bufsize 65536, option tcplog to a Unix datagram socket"
    options = ""
    log = None

    def command(self, directory, port, upstream):
        if self.log:
            self.log.close()
        self.log = LogSocket(directory / "log")
        path = directory / "haproxy.cfg"
        path.write_text(f"""\
global
    nbthread 1
    log {directory}/log local0
    tune.bufsize 65536
    maxconn {PAIRS}

defaults
    mode tcp
    log global
    option tcplog
    maxconn {PAIRS}
    timeout connect 5s
    timeout client 1h
    timeout server 1h
{self.options}
listen bench
    bind 127.0.0.1:{port} backlog 4096
    server upstream 127.0.0.1:{upstream}
""")
        return [self.path(), "-db", "-f", str(path)]


class HAProxyAuto(HAProxy):
    name, title = "haproxy-auto", "HAProxy, splice-auto"
    flags = HAProxy.flags + ", option splice-auto"
    options = "    option splice-auto\n"
    every_round, bulk_only = False, True


class HAProxySplice(HAProxy):
    """splice-auto waits for signs of a stream that it seldom sees here; this one does not wait."""

    name, title = "haproxy-splice", "HAProxy, splice always"
    flags = HAProxy.flags + ", option splice-request, option splice-response"
    options = "    option splice-request\n    option splice-response\n"
    every_round, bulk_only = False, True


class Nginx(Packaged, Relay):
    name, title, package, program = "nginx", "nginx stream", "libnginx-mod-stream", "nginx"
    every_round = True
    flags = "worker_processes 1, multi_accept on, proxy_buffer_size 64k, access_log with buffer=64k"

    def command(self, directory, port, upstream):
        return self.configured(directory, PAIRS, f"""\
        listen 127.0.0.1:{port} backlog=4096;
        proxy_pass 127.0.0.1:{upstream};
        proxy_buffer_size 64k;
        proxy_timeout 1h;
""")

    def configured(self, directory, pairs, server):
        """The command with a configuration that has this server and room for so many relayed connections."""
        path = directory / "nginx.conf"
        path.write_text(f"""\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes 1;
worker_rlimit_nofile {2 * pairs + 100};
pid {directory}/nginx.pid;
error_log {directory}/nginx.log crit;

events {{
    worker_connections {2 * pairs + 50};
    multi_accept on;
}}

stream {{
    log_format bench '$remote_addr:$remote_port [$time_iso8601] $protocol $status $bytes_sent $bytes_received '
                     '$session_time $upstream_addr $upstream_connect_time';
    access_log {directory}/access.log bench buffer=64k flush=1s;

    server {{
{server}    }}
}}
""")
        return [self.path(), "-c", str(path), "-e", f"{directory}/nginx.log"]

    def missing(self):
        if not Path("/usr/lib/nginx/modules/ngx_stream_module.so").exists():
            return f"its stream module is not installed (Debian package {self.package})"
        return super().missing()


class Proxyd(Packaged, Relay):
    name, title, package = "proxyd", "systemd-socket-proxyd", "systemd"
    program = "systemd-socket-proxyd"
    flags = f"--connections-max={PAIRS}, Backlog=4096 and NoDelay=yes for its socket"
    descriptors_a_connection = 6
    """Two sockets and the ends of two pipes."""

    def path(self):
        found = Path("/lib/systemd/systemd-socket-proxyd")
        return str(found) if found.exists() else None

    def command(self, directory, port, upstream):
        return [PYTHON, str(BENCHMARKS / "servers" / "activate.py"), str(port),
                self.path(), f"--connections-max={PAIRS}", f"127.0.0.1:{upstream}"]


class Socat(Packaged, Relay):
    name, title, package, program = "socat", "socat", "socat", "socat"
    flags = "TCP-LISTEN,fork,nodelay to TCP,nodelay; -b 65536"
    forks = True

    def command(self, directory, port, upstream):
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=4096"
        return [self.path(), "-b", "65536", listen, f"TCP:127.0.0.1:{upstream},nodelay"]


class Rinetd(Packaged, Relay):
    name, title, package, program = "rinetd", "rinetd", "rinetd", "rinetd"
    most_connections = 500
    """It waits with select(2), which knows 1024 descriptors."""
    flags = "no log"

    def command(self, directory, port, upstream):
        path = directory / "rinetd.conf"
        path.write_text(f"127.0.0.1 {port} 127.0.0.1 {upstream}\n")
        return [self.path(), "-f", "-c", str(path)]


def all_relays(usherd):
    return [Copy(), CopyAgain(), Splice(), UsherdRelay(usherd), HAProxy(), HAProxyAuto(), HAProxySplice(), Nginx(),
            Proxyd(), Socat(), Rinetd()]
