# SPDX-License-Identifier: Apache-2.0
"""What the other cases stand on, without usherd: that this kernel carries each family. If one of these fails, look no
further."""

import os

from .. import canbus, kernel, sockets
from ..canbus import EXTENDED, FASTER, frame, frame_fd, open_bus
from ..registry import case
from ..waiting import equal


@case()
def ground_vsock():
    listening = sockets.listen("vsock://any:7001")
    client = sockets.connect("vsock://1:7001")
    server = sockets.accept(listening)
    data = os.urandom(100_000)
    sender = sockets.Sender(client, data)
    equal(sockets.receive_all(server), data, "what came")
    sender.done()


@case()
def ground_can():
    here, there = open_bus(), open_bus()
    for sent in (frame(0x123, b"classic"), frame(EXTENDED | 0x123, b""), frame_fd(0x123, os.urandom(64), FASTER)):
        here.send(sent)
        equal(canbus.receive(there), sent, "the frame")
    dump = canbus.Dump("vcan0", 1)
    kernel.command("cansend", "vcan0", "123#DEADBEEF")
    equal(dump.frames(), ["123#DEADBEEF"], "what candump shows")
    equal(canbus.receive(here), frame(0x123, b"\xde\xad\xbe\xef"), "the frame of cansend")


@case()
def ground_can_interfaces_come_and_go():
    for _ in range(2):
        kernel.add_can("vcan9")
        here, there = open_bus("vcan9"), open_bus("vcan9")
        here.send(frame(0x123, b"x"))
        equal(canbus.receive(there), frame(0x123, b"x"), "the frame")
        kernel.remove("vcan9")


@case()
def ground_rds():
    here, there = sockets.bind("rds://127.0.0.1:7002"), sockets.bind("rds://127.0.0.1:7003")
    for message in (b"message", b"", os.urandom(30_000)):
        here.sendto(message, ("127.0.0.1", 7003))
        equal(there.recvfrom(65536), (message, ("127.0.0.1", 7002)), "the message")
    equal(sockets.name(here), "rds://127.0.0.1:7002", "its own address")
