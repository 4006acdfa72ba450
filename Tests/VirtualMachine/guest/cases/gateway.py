# SPDX-License-Identifier: Apache-2.0
"""Relays to a CAN bus: from the network, from RDS, and from another bus."""

import os

from .. import canbus, kernel, sockets
from ..canbus import ERROR, EXTENDED, frame, frame_fd, open_bus
from ..daemon import Daemon
from ..registry import case
from ..waiting import equal, true, wait_for

TO_BUS = '[listener.net]\nlisten = "udp://127.0.0.1:0"\nservice = "forward"\nto = "can://vcan0"\n'
BETWEEN = ('[listener.gateway]\nlisten = "can://vcan0"\nservice = "forward"\nto = "can://vcan1"\n'
           'idle-timeout = "500ms"\n')

# No frames: of no length that they have, with more data than fits, an identifier with bits of the other format, and what
# only a controller says.
NO_FRAMES = [b"", b"short", bytes(15), bytes(17), bytes(71), bytes(73), bytes(2000), bytes(4) + b"\x09" + bytes(11),
             bytes(4) + b"\x41" + bytes(67), frame(0x800, b"x"), frame(ERROR | 0x40, bytes(8))]


def turned(sent):
    """A frame with its data the other way round, so that it is told from the first."""
    return sent[:8] + bytes(reversed(sent[8:]))


@case("can", "udp", "can-upstream")
def can_forward_from_udp():
    daemon = Daemon(TO_BUS)
    client = sockets.connect(daemon.address("net"))
    bus = open_bus()
    frames = [frame(0x123, b"down"), frame(0x7FF, b""), frame(EXTENDED | 0x1FFFFFFF, bytes(8)),
              frame_fd(0x124, os.urandom(48))]
    # What is no frame is counted, and what follows passes.
    for sent in frames:
        for wrong in NO_FRAMES:
            client.send(wrong)
        client.send(sent)
        equal(canbus.receive(bus), sent, "the frame")
        bus.send(turned(sent))
        equal(client.recv(4096), turned(sent), "the datagram that came back")
    record = daemon.record("lost")
    true("not a" in record["message"] and "upstream" in record["message"], f"it says {record['message']}")
    daemon.stop()
    wrong = len(frames) * len(NO_FRAMES)
    equal(sum(record["datagrams"] for record in daemon.records("lost")), wrong, "datagrams told of")
    daemon.check_close(sockets.name(client), datagrams_in=len(frames) + wrong, datagrams_out=len(frames),
                       datagrams_dropped=wrong, upstream="can://vcan0")


@case("can", "can-upstream")
def can_forward_from_unix():
    daemon = Daemon('[listener.local]\nlisten = "unix-dgram://$DIR/bus"\nservice = "forward"\nto = "can://vcan0"\n')
    client = sockets.connect(daemon.address("local"), "/run/client")
    bus = open_bus()
    client.send(frame(0x123, b"local"))
    equal(canbus.receive(bus), frame(0x123, b"local"), "the frame")
    bus.send(frame(0x124, b"back"))
    equal(client.recv(4096), frame(0x124, b"back"), "the datagram that came back")
    client.close()
    os.unlink("/run/client")


@case("can", "udp", "can-upstream")
def can_forward_members_hear_each_other():
    """Each client is on the bus as if it had a plug of its own: it hears the others, and not itself."""
    daemon = Daemon(TO_BUS)
    clients = [sockets.connect(daemon.address("net")) for _ in range(3)]
    bus = open_bus()
    for number, client in enumerate(clients):
        client.send(frame(number, b"hello"))
        equal(canbus.receive(bus), frame(number, b"hello"), "the frame")
        for earlier in clients[:number]:
            equal(earlier.recv(64), frame(number, b"hello"), "what those hear that came before")
    for client in clients:
        true(sockets.is_silent(client, 0.2), "a client heard more")


@case("can", "udp", "can-upstream")
def can_forward_filters_of_the_upstream():
    daemon = Daemon(TO_BUS.replace("vcan0", "vcan0?id=0x100&mask=0x700&id=0x00000200"))
    client = sockets.connect(daemon.address("net"))
    bus = open_bus()
    client.send(frame(0x555, b"out"))
    equal(canbus.receive(bus), frame(0x555, b"out"), "what is sent needs to pass no filter")
    for passes, identifier in ((False, 0x200), (True, 0x1AB), (False, EXTENDED | 0x100), (True, EXTENDED | 0x200)):
        bus.send(frame(identifier, b"back"))
        if passes:
            equal(client.recv(64), frame(identifier, b"back"), "what passes")
    true(sockets.is_silent(client, 0.2), "something passed that should not")


@case("can", "udp", "can-upstream")
def can_forward_fd_to_a_bus_without_it():
    kernel.command("ip", "link", "add", "dev", "vcan1", "type", "vcan")
    kernel.command("ip", "link", "set", "vcan1", "mtu", "16")
    kernel.command("ip", "link", "set", "vcan1", "up")
    try:
        daemon = Daemon(TO_BUS.replace("vcan0", "vcan1"))
        client = sockets.connect(daemon.address("net"))
        bus = open_bus("vcan1")
        client.send(frame_fd(0x123, b"too modern"))
        client.send(frame(0x123, b"classic"))
        equal(canbus.receive(bus), frame(0x123, b"classic"), "the frame")
        true("CAN FD" in daemon.record("lost")["message"], f"it says {daemon.record('lost')['message']}")
        daemon.stop()
        daemon.check_close(sockets.name(client), datagrams_in=2, datagrams_dropped=1)
    finally:
        kernel.remove("vcan1")


@case("can", "udp", "can-upstream")
def can_forward_while_the_bus_goes_down():
    """Flows end with the bus, new ones are refused, and when it is up again they are not."""
    kernel.add_can("vcan1")
    try:
        daemon = Daemon(TO_BUS.replace("vcan0", "vcan1") + 'health = { interval = "100ms", rise = 1, fall = 1 }\n')
        client = sockets.connect(daemon.address("net"))
        bus = open_bus("vcan1")
        client.send(frame(0x123, b"before"))
        equal(canbus.receive(bus), frame(0x123, b"before"), "the frame")
        bus.close()
        for end, again, words in (
                (lambda: kernel.command("ip", "link", "set", "vcan1", "down"),
                 lambda: kernel.command("ip", "link", "set", "vcan1", "up"), "ip link set"),
                (lambda: kernel.remove("vcan1"), lambda: kernel.add_can("vcan1"), "no such CAN interface")):
            downs = len(daemon.records("upstream-down"))
            ends = len(daemon.records("close", reason="reset-by-upstream"))
            end()
            wait_for("the flow to end", lambda: len(daemon.records("close", reason="reset-by-upstream")) > ends)
            wait_for("the bus to be down", lambda: len(daemon.records("upstream-down")) > downs)
            record = daemon.records("upstream-down")[-1]
            equal(record["upstream"], "can://vcan1", "the upstream of the record")
            true(words in record["message"], f"it says {record['message']}")
            client.send(frame(0x123, b"lost"))
            daemon.record("refused", rule="listener.to")
            again()
            wait_for("the bus to be up", lambda: len(daemon.records("upstream-up")) > downs)
            bus = open_bus("vcan1")
            client.send(frame(0x123, b"after"))
            equal(canbus.receive(bus), frame(0x123, b"after"), "the frame")
            bus.close()
        daemon.stop()
    finally:
        kernel.remove("vcan1")


@case("can", "udp", "can-upstream")
def can_forward_to_a_missing_bus():
    """Without checks, three flows that come to nothing take it down, and a trial brings it up."""
    daemon = Daemon(TO_BUS.replace("vcan0", "vcan7"))
    client = sockets.connect(daemon.address("net"))
    for number in range(3):
        client.send(frame(0x123, b"lost"))
        wait_for("the end of the flow", lambda: len(daemon.records("close")) > number)
    record = daemon.records("close")[0]
    equal((record["reason"], record["upstream"] if "upstream" in record else None), ("connect-failed", None), "the end")
    true("vcan7" in str(record["failures"]) and "ENODEV" in str(record["failures"]), f"failures of {record}")
    daemon.record("upstream-down")
    daemon.record("lost")
    kernel.add_can("vcan7")
    try:
        bus = open_bus("vcan7")
        bus.settimeout(0.2)

        def passes():
            client.send(frame(0x123, b"there"))
            try:
                return canbus.receive(bus) == frame(0x123, b"there")
            except TimeoutError:
                return False

        wait_for("a frame on the bus", passes)
        daemon.record("upstream-up")
        daemon.stop()
    finally:
        kernel.remove("vcan7")


@case("can", "udp", "can-upstream")
def can_forward_in_bursts():
    """What a bus does not take at once is dropped, counted and told of: nothing is lost in silence."""
    daemon = Daemon(TO_BUS)
    client = sockets.connect(daemon.address("net"))
    bus = open_bus()
    count = 2000
    for number in range(count):
        client.send(frame(number % 0x800, number.to_bytes(4, "big")))
    found = []
    while not sockets.is_silent(bus, 1):
        found.append(int.from_bytes(canbus.receive(bus)[8:12], "big"))
    equal(found, sorted(set(found)), "the frames, once and in order")
    daemon.stop()
    record = daemon.records("close")[0]
    lost = sum(each["datagrams"] for each in daemon.records("lost"))
    true(record["datagrams_in"] >= len(found), f"more frames than datagrams: {len(found)} of {record}")
    # What the sockets of this test had no room for, the daemon cannot know.
    true(lost >= record["datagrams_dropped"], f"{lost} told of, {record['datagrams_dropped']} counted")


@case("can", "datagram-forward", "can-upstream")
def can_forward_to_another_bus():
    kernel.add_can("vcan1")
    try:
        daemon = Daemon(BETWEEN.replace("vcan0", "vcan0?id=0x100&mask=0x700"))
        near, far = open_bus("vcan0"), open_bus("vcan1")
        near.send(frame(0x200, b"stays"))
        # Those of several identifiers cross once, and back.
        for sent in (frame(0x123, b"crosses"), frame_fd(0x124, os.urandom(32)), frame(0x1FF, b"")):
            near.send(sent)
            equal(canbus.receive(far), sent, "the frame on the other bus")
            back = frame(0x345, sent[8:16])
            far.send(back)
            equal(canbus.receive(near), back, "the frame that came back")
        true(sockets.is_silent(near, 0.2) and sockets.is_silent(far, 0.2), "a frame came twice")
        record = daemon.check_close("can://vcan0", datagrams_in=3, datagrams_out=3, bytes_in=16 + 72 + 16,
                                    bytes_out=3 * 16, datagrams_dropped=0, upstream="can://vcan1")
        equal(record["local"], "can://vcan0", "local of the record")
    finally:
        kernel.remove("vcan1")


@case("can", "datagram-forward", "can-upstream")
def can_forward_between_three_buses():
    """Two listeners with disjoint filters, and one that listens on two buses: each frame comes everywhere once."""
    kernel.add_can("vcan1")
    kernel.add_can("vcan2")
    try:
        Daemon('[listener.hub]\nlisten = ["can://vcan0", "can://vcan1"]\nservice = "forward"\nto = "can://vcan2"\n')
        buses = [open_bus(f"vcan{number}") for number in range(3)]
        for bus in buses[:2]:
            # The listener's side speaks first, and each of its buses for itself.
            bus.send(frame(0x100, b"first"))
            equal(canbus.receive(buses[2]), frame(0x100, b"first"), "the frame")
        equal(canbus.receive(buses[0]), frame(0x100, b"first"), "what the first bus hears of the second")
        for number, bus in enumerate(buses):
            sent = frame(0x200 + number, b"to all")
            bus.send(sent)
            for other in buses:
                if other is not bus:
                    equal(canbus.receive(other), sent, "the frame")
        true(all(sockets.is_silent(bus, 0.2) for bus in buses), "a frame came twice")
    finally:
        kernel.remove("vcan1")
        kernel.remove("vcan2")


@case("can", "udp", "datagram-forward", "can-upstream")
def can_forward_through_a_tunnel():
    """Two buses far from each other, with UDP between: each frame comes to the other once, whatever its identifier."""
    kernel.add_can("vcan1")
    try:
        daemon = Daemon(
            '[listener.here]\nlisten = "can://vcan0"\nservice = "forward"\nto = "udp://127.0.0.1:7501"\nflow = "bus"\n'
            '[listener.there]\nlisten = "udp://127.0.0.1:7501"\nservice = "forward"\nto = "can://vcan1"\n')
        near, far = open_bus("vcan0"), open_bus("vcan1")
        for number in range(64):
            sent = frame_fd(number, os.urandom(20)) if number % 3 == 0 else frame(EXTENDED | number, b"near")
            near.send(sent)
            equal(canbus.receive(far), sent, "the frame at the other end")
            sent = frame(0x700 - number, b"far")
            far.send(sent)
            equal(canbus.receive(near), sent, "the frame that came back")
        true(sockets.is_silent(near, 0.2) and sockets.is_silent(far, 0.2), "a frame came twice")
        equal(len(daemon.records("open")), 2, "flows")
        daemon.stop()
    finally:
        kernel.remove("vcan1")


@case("can", "udp", "datagram-forward")
def can_forward_answers_that_are_no_frames():
    upstream = sockets.bind("udp://127.0.0.1:0")
    daemon = Daemon(f'[listener.bus]\nlisten = "can://vcan0"\nservice = "forward"\nto = "{sockets.name(upstream)}"\n')
    bus = open_bus()
    bus.send(frame(0x123, b"question"))
    _, source = upstream.recvfrom(64)
    for wrong in NO_FRAMES:
        upstream.sendto(wrong, source)
    upstream.sendto(frame(0x123, b"answer"), source)
    equal(canbus.receive(bus), frame(0x123, b"answer"), "the frame that came back")
    true("not a" in daemon.record("lost")["message"], f"it says {daemon.record('lost')['message']}")
    daemon.stop()
    daemon.check_close("can://vcan0#123", datagrams_out=1, datagrams_dropped=len(NO_FRAMES))


@case("can", "rds", "can-upstream")
def can_forward_from_rds():
    daemon = Daemon('[listener.in]\nlisten = "rds://127.0.0.1:7407"\nservice = "forward"\nto = "can://vcan0"\n')
    client = sockets.bind("rds://127.0.0.1:7506")
    bus = open_bus()
    client.sendto(b"no frame", ("127.0.0.1", 7407))
    client.sendto(frame(0x123, b"over RDS"), ("127.0.0.1", 7407))
    equal(canbus.receive(bus), frame(0x123, b"over RDS"), "the frame")
    bus.send(frame(0x124, b"and back"))
    equal(client.recv(64), frame(0x124, b"and back"), "the message that came back")
    daemon.stop()
