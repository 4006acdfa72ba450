# SPDX-License-Identifier: Apache-2.0
"""Listeners of vsock(7), reached over the local context."""

import os
import re
import socket

from .. import sockets
from ..daemon import Daemon
from ..registry import case
from ..sockets import Sender, connect, name, receive_all, receive_line
from ..waiting import equal, true


@case("vsock")
def vsock_echo():
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:7007"\nservice = "echo"\n')
    equal(daemon.address("echo"), "vsock://any:7007", "where it listens")
    client = connect("vsock://1:7007")
    peer = name(client)
    data = os.urandom(200_000)
    sender = Sender(client, data)
    equal(receive_all(client), data, "what came back")
    sender.done()
    client.close()
    record = daemon.check_close(peer, bytes_in=len(data), bytes_out=len(data), reason="client-closed", by="client")
    equal(record["local"], "vsock://1:7007", "local of the record")
    daemon.stop()


@case("vsock")
def vsock_echo_of_many_at_once():
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:7007"\nservice = "echo"\n')
    clients = [connect("vsock://1:7007") for _ in range(20)]
    for turn in range(3):
        for number, client in enumerate(clients):
            client.sendall(b"%d of %d\n" % (number, turn))
        for number, client in enumerate(clients):
            equal(receive_line(client), f"{number} of {turn}", "the echo")
    peers = [name(client) for client in clients]
    for client in clients:
        client.close()
    for peer in peers:
        daemon.check_close(peer, bytes_out=sum(len(f"{peers.index(peer)} of {turn}\n") for turn in range(3)),
                           reason="client-closed", by="client")


@case("vsock")
def vsock_listener_of_one_context():
    daemon = Daemon('[listener.echo]\nlisten = "vsock://local:7008"\nservice = "echo"\n')
    client = connect("vsock://1:7008")
    client.sendall(b"hello\n")
    equal(receive_line(client), "hello", "the echo")
    peer = name(client)
    client.close()
    equal(daemon.check_close(peer, reason="client-closed")["local"], "vsock://1:7008", "local of the record")


@case("vsock")
def vsock_port_of_the_kernels_choice():
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:0"\nservice = "echo"\n')
    address = daemon.address("echo")
    true(re.fullmatch(r"vsock://any:[1-9][0-9]{1,9}", address), f"the record says {address}")
    client = connect(address)
    client.sendall(b"hello\n")
    equal(receive_line(client), "hello", "the echo")


@case("vsock")
def vsock_port_that_is_taken():
    taken = sockets.listen("vsock://any:7009")
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:7009"\nservice = "echo"\n', wait=False)
    equal(daemon.process.wait(20), 69, "the exit status")
    true("vsock://any:7009" in daemon.said() and "EADDRINUSE" in daemon.said(), f"it said {daemon.said()}")
    taken.close()


@case("vsock")
def vsock_daytime():
    daemon = Daemon('[listener.day]\nlisten = "vsock://any:7013"\nservice = "daytime"\n')
    client = connect("vsock://1:7013")
    peer = name(client)
    line = receive_all(client)
    true(re.fullmatch(rb"[ -~]*\b20\d\d\b[ -~]*\r\n", line), f"it said {line}")
    client.close()
    daemon.check_close(peer, bytes_in=0, bytes_out=len(line), reason="finished", by="service")


@case("vsock")
def vsock_chat():
    daemon = Daemon("""
        [listener.room]
        listen = ["vsock://any:7010", "unix://$DIR/room", "tcp://127.0.0.1:0"]
        service = "chat"
        """)
    members = {}
    for nick, index in (("ada", 0), ("bob", 1), ("cyd", 2), ("dee", 0)):
        member = connect(daemon.address("room", index))
        receive_line(member)
        member.sendall(f"/nick {nick}\n".encode())
        equal(receive_line(member), f"* You are now {nick}.", "the answer to /nick")
        for other in members.values():
            true(receive_line(other).endswith(f" joined ({len(members) + 1} here)"), f"{nick} was announced")
            true(receive_line(other).endswith(f" is now {nick}"), f"the name {nick} was announced")
        members[nick] = member
    for speaker, member in members.items():
        member.sendall(f"Grüße von {speaker}\n".encode())
        for nick, other in members.items():
            if nick != speaker:
                equal(receive_line(other), f"<{speaker}> Grüße von {speaker}", f"what {nick} reads")
    peer = name(members["ada"])
    members["ada"].sendall(b"/quit\n")
    equal(receive_all(members["ada"]), b"* Goodbye.\n", "the answer to /quit")
    members.pop("ada").close()
    daemon.check_close(peer, reason="finished", by="client")
    for nick, other in members.items():
        equal(receive_line(other), "* ada left (3 here)", f"what {nick} reads")


@case("vsock")
def vsock_idle_timeout():
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:7007"\nservice = "echo"\nidle-timeout = "300ms"\n')
    client = connect("vsock://1:7007")
    peer = name(client)
    equal(client.recv(1), b"", "what comes at the end")
    daemon.check_close(peer, reason="idle-timeout", by="daemon", bytes_in=0, bytes_out=0)


@case("vsock")
def vsock_limit():
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:7007"\nservice = "echo"\nmax-connections = 1\n')
    first = connect("vsock://1:7007")
    first.sendall(b"x")
    equal(first.recv(1), b"x", "the echo")
    second = connect("vsock://1:7007")
    peer = name(second)
    try:
        equal(second.recv(1), b"", "what one over the limit gets")
    except ConnectionResetError:
        pass
    equal(daemon.record("refused", peer=peer)["rule"], "listener.max-connections", "the rule")
    first.close()
    second.close()


@case("vsock")
def vsock_client_that_stops_reading():
    """What it does not take is held back, and nothing of it is lost."""
    daemon = Daemon('[listener.echo]\nlisten = "vsock://any:7007"\nservice = "echo"\n')
    client = connect("vsock://1:7007")
    peer = name(client)
    data, checksum = sockets.megabyte()
    client.setblocking(False)
    sent = 0
    stuck = 0
    while stuck < 20 and sent < len(data):
        try:
            sent += client.send(data[sent:sent + 65536])
            stuck = 0
        except BlockingIOError:
            stuck += not sockets.is_writable(client, 0.02)
    true(sent < len(data), "usherd took a megabyte that nobody reads back")
    client.settimeout(sockets.SECONDS)
    sender = Sender(client, data[sent:])
    equal(sockets.checksum(receive_all(client)), checksum, "the checksum of what came back")
    sender.done()
    client.close()
    daemon.check_close(peer, bytes_in=len(data), bytes_out=len(data), reason="client-closed")


@case("vsock")
def vsock_client_that_dies():
    """Who leaves without reading is noticed, and leaves one record."""
    daemon = Daemon('[listener.flood]\nlisten = "vsock://any:7019"\nservice = "chargen"\n')
    client = connect("vsock://1:7019")
    peer = name(client)
    true(len(client.recv(1000, socket.MSG_WAITALL)) == 1000, "the first characters")
    client.close()
    record = daemon.record("close", peer=peer)
    true(record["by"] == "client", f"the record {record}")
