# SPDX-License-Identifier: Apache-2.0
"""Frames of a CAN bus, by Python's socket and by can-utils."""

import socket
import struct
import subprocess

from .sockets import SECONDS
from .waiting import equal, wait_for

EXTENDED = socket.CAN_EFF_FLAG
REMOTE = socket.CAN_RTR_FLAG
ERROR = socket.CAN_ERR_FLAG
# CANFD_BRS of linux/can.h: the data goes at the higher rate.
FASTER = 0x01
# CANFD_FDF: it is an FD frame. Since 6.1 the kernel sets it in every one that passes.
_FD = 0x04


def frame(identifier, data=b""):
    """`struct can_frame`."""
    return struct.pack("<IB3x8s", identifier, len(data), data)


def frame_fd(identifier, data, flags=0):
    """`struct canfd_frame`."""
    return struct.pack("<IBB2x64s", identifier, len(data), flags | _FD, data)


def open_bus(interface="vcan0"):
    """A socket that sends and receives all frames of a bus, classic and FD; it does not hear itself."""
    sock = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    sock.settimeout(SECONDS)
    sock.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FD_FRAMES, 1)
    sock.bind((interface,))
    return sock


def receive(sock):
    """The next frame."""
    return sock.recv(128)


def check_echo(sock, sent):
    """A frame that is sent comes back as it was."""
    sock.send(sent)
    equal(receive(sock), sent, f"the echo of {sent.hex()}")


def all_receivers(interface):
    """How many sockets the kernel lists that take every frame of an interface."""
    with open("/proc/net/can/rcvlist_all", encoding="ascii") as file:
        return sum(line.split()[:1] == [interface] for line in file)


class Dump:
    """candump(1), which listens from when this is made."""

    def __init__(self, interface, count):
        # -L: the form of log files. -T: it gives up after so long a silence.
        before = all_receivers(interface)
        self.process = subprocess.Popen(["candump", "-L", "-n", str(count), "-T", str(SECONDS * 1000), interface],
                                        stdout=subprocess.PIPE, text=True)
        wait_for("candump to listen", lambda: all_receivers(interface) > before)

    def frames(self):
        """The frames in the form of cansend(1)."""
        output, _ = self.process.communicate(timeout=2 * SECONDS)
        return [line.split()[2] for line in output.splitlines()]
