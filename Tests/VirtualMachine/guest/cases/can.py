# SPDX-License-Identifier: Apache-2.0
"""Listeners of a CAN bus: frames are datagrams, and what has one identifier is a flow."""

import os
import re
import socket

from .. import canbus, kernel, sockets
from ..canbus import EXTENDED, FASTER, check_echo, frame, frame_fd, open_bus
from ..daemon import Daemon
from ..registry import case
from ..waiting import equal, true, wait_for

ECHO = '[listener.bus]\nlisten = "can://vcan0"\nservice = "echo"\nidle-timeout = "500ms"\n'


@case("can")
def can_echo():
    daemon = Daemon(ECHO)
    equal(daemon.address("bus"), "can://vcan0", "where it listens")
    bus = open_bus()
    sizes = range(9)
    for size in sizes:
        check_echo(bus, frame(0x123, os.urandom(size)))
    for data in (b"extended", b""):
        check_echo(bus, frame(EXTENDED | 0x12345678, data))
    record = daemon.check_close("can://vcan0#123", bytes_in=16 * len(sizes), bytes_out=16 * len(sizes),
                                datagrams_in=len(sizes), datagrams_out=len(sizes), datagrams_dropped=0,
                                reason="idle-timeout")
    equal(record["local"], "can://vcan0", "local of the record")
    daemon.check_close("can://vcan0#12345678", datagrams_in=2, datagrams_out=2, reason="idle-timeout")
    daemon.stop()


@case("can")
def can_echo_to_can_utils():
    daemon = Daemon(ECHO)
    for text in ("123#DEADBEEF", "7FF#", "1ABCDEF0#0102030405060708"):
        dump = canbus.Dump("vcan0", 2)
        kernel.command("cansend", "vcan0", text)
        equal(dump.frames(), [text, text], "the frames on the bus")
    daemon.record("open", peer="can://vcan0#1ABCDEF0")


@case("can")
def can_tells_standard_from_extended():
    daemon = Daemon(ECHO)
    bus = open_bus()
    check_echo(bus, frame(0x123, b"short"))
    check_echo(bus, frame(EXTENDED | 0x123, b"long"))
    check_echo(bus, frame(0x123, b"again"))
    daemon.check_close("can://vcan0#123", datagrams_in=2)
    daemon.check_close("can://vcan0#00000123", datagrams_in=1)


@case("can")
def can_fd_echo():
    daemon = Daemon(ECHO)
    bus = open_bus()
    for size in (0, 8, 12, 64):
        check_echo(bus, frame_fd(0x321, os.urandom(size), FASTER))
    check_echo(bus, frame_fd(EXTENDED | 0x321, os.urandom(64)))
    # A classic frame of the same identifier stays classic.
    check_echo(bus, frame(0x321, b"classic"))
    daemon.check_close("can://vcan0#321", bytes_in=4 * 72 + 16, bytes_out=4 * 72 + 16, datagrams_in=5, datagrams_out=5)


@case("can")
def can_filters():
    daemon = Daemon('[listener.bus]\nlisten = "can://vcan0?id=0x100&mask=0x700"\nservice = "echo"\n'
                    '[listener.two]\nlisten = "can://vcan0?id=0x300&id=0x400&mask=0x7f0"\nservice = "echo"\n')
    bus = open_bus()
    for taken in (0x100, 0x1FF, 0x300, 0x400, 0x40F):
        # What is not taken is sent first: had it been, its echo would come first.
        bus.send(frame(0x200, b"not"))
        bus.send(frame(0x301, b"not"))
        check_echo(bus, frame(taken, b"taken"))
    daemon.record("open", peer="can://vcan0#40F")
    peers = {record["peer"].partition("#")[2] for record in daemon.records("open")}
    equal(peers, {"100", "1FF", "300", "400", "40F"}, "the identifiers that have a flow")


@case("can")
def can_of_every_interface():
    kernel.add_can("vcan1")
    try:
        daemon = Daemon(ECHO.replace("vcan0", "*"))
        equal(daemon.address("bus"), "can://*", "where it listens")
        buses = {interface: open_bus(interface) for interface in ("vcan0", "vcan1")}
        for interface, bus in buses.items():
            check_echo(bus, frame(0x111, interface.encode()))
        for bus in buses.values():
            true(sockets.is_silent(bus, 0.2), "an echo went to another bus")
        for interface in buses:
            record = daemon.check_close(f"can://{interface}#111", datagrams_in=1, datagrams_out=1)
            equal(record["local"], f"can://{interface}", "local of the record")
        # An interface that is made now belongs to every interface as well.
        kernel.add_can("vcan2")
        late = open_bus("vcan2")
        check_echo(late, frame(0x112, b"late"))
        kernel.remove("vcan2")
        check_echo(buses["vcan0"], frame(0x113, b"still"))
    finally:
        kernel.remove("vcan1")


@case("can")
def can_interface_down_and_up():
    daemon = Daemon(ECHO)
    bus = open_bus()
    check_echo(bus, frame(0x123, b"before"))
    kernel.command("ip", "link", "set", "vcan0", "down")
    try:
        said = wait_for("a record that says that the interface is down", lambda: about(daemon, "vcan0", "down"))
        true(said[0]["level"] in ("warning", "error", "notice"), f"the level of {said[0]}")
    finally:
        kernel.command("ip", "link", "set", "vcan0", "up")
    bus.close()
    bus = open_bus()
    answered(bus, b"after")
    wait_for("a record that says that the interface is up", lambda: about(daemon, "vcan0", "up"))
    equal(len(about(daemon, "vcan0", "down")), 1, "how often it said that the interface is down")
    # Down and up once more, with nobody sending meanwhile: it does not take a frame to notice.
    kernel.command("ip", "link", "set", "vcan0", "down")
    kernel.command("ip", "link", "set", "vcan0", "up")
    answered(open_bus(), b"again")
    daemon.stop()


@case("can")
def can_interface_that_comes_and_goes():
    daemon = Daemon(ECHO.replace("vcan0", "vcan5"))
    wait_for("a record that says that the interface is waited for", lambda: about(daemon, "vcan5"))
    for data in (b"first", b"second"):
        # The second one has the same name and is another interface.
        kernel.add_can("vcan5")
        answered(open_bus("vcan5"), data)
        kernel.remove("vcan5")
    daemon.stop()


@case("can")
def can_interface_that_is_renamed():
    """The name of the configuration decides, also when another interface gets it."""
    daemon = Daemon(ECHO.replace("vcan0", "vcan5"))
    kernel.add_can("vcan6")
    try:
        rename("vcan6", "vcan5")
        answered(open_bus("vcan5"), b"renamed")
        rename("vcan5", "vcan6")
        kernel.add_can("vcan5")
        answered(open_bus("vcan5"), b"the next")
        kernel.remove("vcan5")
    finally:
        kernel.remove("vcan6")
    daemon.stop()


def rename(old, new):
    """An interface is renamed while it is down."""
    kernel.command("ip", "link", "set", old, "down")
    kernel.command("ip", "link", "set", old, "name", new)
    kernel.command("ip", "link", "set", new, "up")


@case("can")
def can_idle_daemon_does_nothing():
    """An interface that is not there is waited for, and not asked for again and again."""
    daemon = Daemon(ECHO.replace("vcan0", "vcan5"))
    bus = open_bus("vcan0")

    def rests():
        before = daemon.wakeups()
        return sockets.is_silent(bus, 2) and daemon.wakeups() == before

    # After a start the spare threads of its pool end by and by.
    wait_for("two seconds in which it does not wake up", rests)


def about(daemon, *words):
    """The records, apart from those of flows, whose message has all these words."""
    return [record for record in daemon.records() if record["event"] not in ("open", "close", "listening", "started")
            and set(words) <= set(re.findall(r"[\w-]+", record["message"]))]


def answered(bus, data):
    """Sends until there is an echo: what one misses of a bus that was down is lost."""
    sent = frame(0x123, data)
    bus.settimeout(0.5)

    def came_back():
        try:
            bus.send(sent)
            return canbus.receive(bus) == sent
        except (TimeoutError, OSError):
            return False

    wait_for(f"an echo of {data}", came_back)


@case("can")
def can_error_frames_are_records():
    daemon = Daemon(ECHO)
    bus = open_bus()
    # CAN_ERR_BUSOFF of linux/can/error.h, as a controller reports it.
    bus.send(frame(canbus.ERROR | 0x040, bytes(8)))
    wait_for("a record of the error frame",
             lambda: [record for record in daemon.records() if "bus-off" in record["message"].lower().replace(" ", "-")])
    check_echo(bus, frame(0x123, b"goes on"))
    true(not daemon.records("open", peer="can://vcan0#20000040"), "the error frame has a flow")


@case("can")
def can_limit_of_flows():
    daemon = Daemon(ECHO + "max-connections = 2\n")
    bus = open_bus()
    check_echo(bus, frame(0x001, b"a"))
    check_echo(bus, frame(0x002, b"b"))
    for identifier in range(0x100, 0x180):
        bus.send(frame(identifier, b"refused"))
    check_echo(bus, frame(0x001, b"c"))
    record = daemon.record("refused")
    equal(record["rule"], "listener.max-connections", "the rule")
    true(len(daemon.records("refused")) <= 2, "each refusal has a record of its own")
    # Flows end after idle-timeout, and make room.
    daemon.record("close", peer="can://vcan0#002")
    check_echo(bus, frame(0x003, b"d"))


@case("can")
def can_reload_keeps_a_flow():
    daemon = Daemon(ECHO.replace("500ms", "1m"))
    bus = open_bus()
    check_echo(bus, frame(0x123, b"before"))
    daemon.reload(ECHO.replace("500ms", "1m") + '[listener.other]\nlisten = "tcp://127.0.0.1:0"\nservice = "echo"\n')
    check_echo(bus, frame(0x123, b"after"))
    # A lane's records may come later than what it does.
    daemon.record("open")
    equal(daemon.records("close"), [], "close records")
    daemon.stop()
    equal(len(daemon.records("open")), 1, "open records")
    equal(daemon.records("close")[0]["datagrams_in"], 2, "datagrams of the flow")


@case("can", "udp", "datagram-forward")
def can_forward_to_udp():
    upstream = sockets.bind("udp://127.0.0.1:0")
    daemon = Daemon(f'[listener.bus]\nlisten = "can://vcan0"\nservice = "forward"\nto = "{sockets.name(upstream)}"\n'
                    'idle-timeout = "1s"\n')
    bus = open_bus()
    for sent in (frame(0x123, b"classic"), frame(0x123, b""), frame_fd(0x123, os.urandom(64), FASTER)):
        bus.send(sent)
        received, source = upstream.recvfrom(4096)
        equal(received, sent, "the datagram")
        upstream.sendto(received[:8] + bytes(reversed(received[8:])), source)
        equal(canbus.receive(bus), sent[:8] + bytes(reversed(sent[8:])), "the frame that came back")
    # Another identifier is another flow, and comes from another socket.
    bus.send(frame(EXTENDED | 0x123, b"x"))
    received, other = upstream.recvfrom(4096)
    equal(received, frame(EXTENDED | 0x123, b"x"), "the datagram of the other flow")
    true(other != source, "two flows share a socket")
    daemon.check_close("can://vcan0#123", datagrams_in=3, datagrams_out=3, bytes_in=16 + 16 + 72,
                       bytes_out=16 + 16 + 72, upstream=sockets.name(upstream), reason="idle-timeout")


@case("can", "rds", "datagram-forward", "rds-upstream")
def can_forward_to_rds():
    upstream = sockets.bind("rds://127.0.0.1:7404")
    daemon = Daemon('[listener.bus]\nlisten = "can://vcan0"\nservice = "forward"\nto = "rds://127.0.0.1:7404"\n')
    bus = open_bus()
    bus.send(frame(0x123, b"over RDS"))
    received, source = upstream.recvfrom(4096)
    equal(received, frame(0x123, b"over RDS"), "the message")
    upstream.sendto(frame(0x123, b"and back"), source)
    equal(canbus.receive(bus), frame(0x123, b"and back"), "the frame that came back")
    daemon.stop()


@case("can", "udp", "datagram-forward")
def can_forward_to_many_at_once():
    """256 flows, each of whose frames arrives once and in order."""
    upstream = sockets.bind("udp://127.0.0.1:0")
    upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    Daemon(f'[listener.bus]\nlisten = "can://vcan0"\nservice = "forward"\nto = "{sockets.name(upstream)}"\n')
    bus = open_bus()
    for turn in range(4):
        # So few at a time that no socket's buffer overflows.
        for identifier in range(0x400, 0x500):
            bus.send(frame(identifier, bytes([turn])))
            if identifier % 16 == 15:
                found = sorted(upstream.recv(64) for _ in range(16))
                equal(found, [frame(each, bytes([turn])) for each in range(identifier - 15, identifier + 1)],
                      "what came of sixteen flows")
