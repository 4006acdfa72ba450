# SPDX-License-Identifier: Apache-2.0
"""Reloads: a connection over vsock does not notice one that does not concern it."""

from .. import sockets
from ..daemon import Daemon
from ..registry import case
from ..sockets import accept, connect, name, reached, receive_line
from ..waiting import equal, true

ECHO = '[listener.echo]\nlisten = "vsock://any:7301"\nservice = "echo"\n'
OTHER = '[listener.other]\nlisten = "tcp://127.0.0.1:0"\nservice = "echo"\n'


def check_echo(sock, text):
    sock.sendall(text + b"\n")
    equal(receive_line(sock).encode(), text, "the echo")


@case("vsock")
def reload_keeps_a_vsock_connection():
    daemon = Daemon(ECHO)
    listening = daemon.sockets()
    client = connect("vsock://1:7301")
    peer = name(client)
    check_echo(client, b"before")
    daemon.reload(ECHO + OTHER)
    check_echo(client, b"another listener was added")
    daemon.reload(ECHO + 'idle-timeout = "1h"\nmax-connections = 7\n' + OTHER)
    check_echo(client, b"its own listener was changed")
    daemon.reload(ECHO.replace('"vsock://any:7301"', '["vsock://any:7301", "vsock://any:7302"]'))
    check_echo(client, b"its own listener has another address")
    for port in (7301, 7302):
        check_echo(connect(f"vsock://1:{port}"), b"a new one")
    equal(daemon.records("close", peer=peer), [], "ends of the connection")
    true(listening and listening <= daemon.sockets(), "the socket that listens was replaced")
    client.close()
    daemon.check_close(peer, reason="client-closed", by="client")


@case("vsock")
def reload_that_removes_a_vsock_listener():
    short = '[daemon]\ndrain-timeout = "500ms"\n'
    daemon = Daemon(short + ECHO + OTHER)
    client = connect("vsock://1:7301")
    peer = name(client)
    check_echo(client, b"before")
    daemon.reload(short + OTHER)
    check_echo(client, b"it has its time to end")
    try:
        connect("vsock://1:7301")
        true(False, "the listener is still there")
    except ConnectionResetError:
        pass
    equal(client.recv(1), b"", "what comes at the end")
    daemon.check_close(peer, reason="drained", by="operator")
    daemon.reload(short + ECHO + OTHER)
    check_echo(connect("vsock://1:7301"), b"it is back")


@case("vsock")
def reload_keeps_a_relayed_vsock_connection():
    listening = sockets.listen("vsock://any:7303")
    front = f'[listener.front]\nlisten = "vsock://any:7304"\nservice = "forward"\nto = "{reached(listening)}"\n'
    daemon = Daemon(front)
    client = connect("vsock://1:7304")
    peer = name(client)
    upstream = accept(listening)
    daemon.reload(front + 'attempts = 5\nconnect-timeout = "1s"\n' + OTHER)
    client.sendall(b"question\n")
    equal(receive_line(upstream), "question", "what the upstream reads")
    upstream.sendall(b"answer\n")
    equal(receive_line(client), "answer", "what the client reads")
    client.close()
    equal(upstream.recv(1), b"", "what the upstream reads at the end")
    upstream.close()
    daemon.check_close(peer, bytes_in=9, bytes_out=7, reason="client-closed", by="client")


@case("vsock")
def stop_lets_a_vsock_connection_end():
    daemon = Daemon(ECHO)
    client = connect("vsock://1:7301")
    peer = name(client)
    check_echo(client, b"before")
    daemon.process.terminate()
    daemon.record("draining")
    check_echo(client, b"while it drains")
    client.close()
    equal(daemon.process.wait(sockets.SECONDS), 0, "the exit status")
    daemon.check_close(peer, reason="client-closed", by="client")
