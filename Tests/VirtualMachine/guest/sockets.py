# SPDX-License-Identifier: Apache-2.0
"""Plain sockets of Python, by addresses as usherd writes them."""

import hashlib
import os
import select
import socket
import struct
import threading

from .waiting import equal

SECONDS = 30


def split(address):
    """Family, type, and what Python takes for the address."""
    scheme, _, place = address.partition("://")
    place = place.partition("?")[0]
    if scheme in ("unix", "unix-dgram", "unix-seqpacket"):
        kind = {"unix": socket.SOCK_STREAM, "unix-dgram": socket.SOCK_DGRAM}.get(scheme, socket.SOCK_SEQPACKET)
        return socket.AF_UNIX, kind, "\0" + place[1:] if place.startswith("@") else place
    host, _, port = place.rpartition(":")
    if scheme == "vsock":
        # Whatever a listener is called, from here it is reached as the local context.
        return socket.AF_VSOCK, socket.SOCK_STREAM, (1 if host in ("any", "local") else int(host), int(port))
    if scheme == "rds":
        return socket.AF_RDS, socket.SOCK_SEQPACKET, (host, int(port))
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[scheme]
    return socket.AF_INET, kind, (host, int(port))


def name(sock):
    """The address of a socket as usherd writes it."""
    own = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return "unix://"
    scheme = {(socket.AF_INET, socket.SOCK_STREAM): "tcp", (socket.AF_INET, socket.SOCK_DGRAM): "udp",
              (socket.AF_VSOCK, socket.SOCK_STREAM): "vsock"}.get((sock.family, sock.type), "rds")
    # A vsock client that is bound to no context comes from the one that it went to, here the local one.
    host = 1 if scheme == "vsock" and own[0] == socket.VMADDR_CID_ANY else own[0]
    return f"{scheme}://{host}:{own[1]}"


def connect(address, own=None):
    """A connected socket that waits for no more than a while; bound to `own` before, if that is given."""
    family, kind, place = split(address)
    sock = socket.socket(family, kind)
    sock.settimeout(SECONDS)
    if own is not None:
        sock.bind(own)
    sock.connect(place)
    return sock


def bind(address):
    """A socket at an address, for datagrams."""
    family, kind, place = split(address)
    sock = socket.socket(family, kind)
    sock.settimeout(SECONDS)
    sock.bind(place)
    return sock


def listen(address):
    """A socket that listens. Port 0 of TCP and `any` of vsock are for the kernel to fill."""
    family, kind, place = split(address)
    sock = socket.socket(family, kind)
    sock.settimeout(SECONDS)
    if family == socket.AF_VSOCK:
        place = (socket.VMADDR_CID_ANY, place[1] or socket.VMADDR_PORT_ANY)
    elif family == socket.AF_INET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(place)
    sock.listen(16)
    return sock


def accept(listening):
    """The next client, waited for no longer than a while."""
    sock, _ = listening.accept()
    sock.settimeout(SECONDS)
    return sock


def reached(listening):
    """The address at which others reach a socket that listens."""
    own = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix://{own}"
    if listening.family == socket.AF_VSOCK:
        return f"vsock://1:{own[1]}"
    return f"tcp://{own[0]}:{own[1]}"


def receive_all(sock):
    """Everything until the other side has finished."""
    data = bytearray()
    try:
        while part := sock.recv(65536):
            data += part
    except TimeoutError:
        raise TimeoutError(f"the end did not come, but {len(data)} bytes") from None
    return bytes(data)


def receive_line(sock):
    """A line without its end; what comes after it stays in the socket."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            break
        line += byte
    return line.decode().rstrip("\r\n")


def reset(sock):
    """Closes TCP with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def is_silent(sock, seconds=0.5):
    """Whether nothing comes for so long."""
    return not select.select([sock], [], [], seconds)[0]


def is_writable(sock, seconds):
    """Whether something can be sent within so long."""
    return bool(select.select([], [sock], [], seconds)[1])


def checksum(data):
    return hashlib.sha256(data).hexdigest()


def megabyte():
    """Bytes that are not the same twice, and their checksum."""
    data = os.urandom(1 << 20)
    return data, checksum(data)


class Sender(threading.Thread):
    """Sends and finishes its side, beside whoever receives."""

    def __init__(self, sock, data):
        super().__init__(daemon=True)
        self.sock = sock
        self.data = data
        self.failure = None
        self.start()

    def run(self):
        try:
            self.sock.sendall(self.data)
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as failure:
            self.failure = failure

    def done(self):
        """Waits until all is sent; raises what went wrong."""
        self.join(SECONDS)
        equal((self.is_alive(), self.failure), (False, None), "the sender still sends, or failed")
