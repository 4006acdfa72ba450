# SPDX-License-Identifier: Apache-2.0
"""Shows that the minimal relays do what they are the measure of: a relay that leaves half-close or back-pressure out is
no limit that another could be held to."""

import contextlib
import hashlib
import random
import socket
import subprocess
import threading
import time

from . import RELAY_COPY, RELAY_SPLICE
from .running import free_port

AMOUNT = 32 * 1024 * 1024
"""More than the kernel holds between two ends that do not read."""


@contextlib.contextmanager
def _relayed(program):
    """A client's socket and its upstream's, with the relay between them."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", free_port())))
        port = free_port()
        relay = subprocess.Popen([program, str(port), str(listener.getsockname()[1])], stdin=subprocess.DEVNULL)
        stack.callback(relay.wait)
        stack.callback(relay.kill)
        deadline = time.monotonic() + 10
        while True:
            try:
                client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        listener.settimeout(10)
        upstream = stack.enter_context(listener.accept()[0])
        for end in (client, upstream):
            end.settimeout(10)
        yield client, upstream


def _all_from(end):
    """What arrives until the end of the stream."""
    parts = []
    while part := end.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def half_close(program):
    """An end that has said all it had to say still hears the other."""
    with _relayed(program) as (client, upstream):
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        heard = _all_from(upstream)
        upstream.sendall(b"answer")
        time.sleep(0.05)  # what is sent long after the other direction has ended counts too
        upstream.sendall(b" in two parts")
        upstream.close()
        return heard == b"question" and _all_from(client) == b"answer in two parts"


def upstream_ends_first(program):
    with _relayed(program) as (client, upstream):
        upstream.sendall(b"greeting")
        upstream.shutdown(socket.SHUT_WR)
        heard = _all_from(client)
        client.sendall(b"thanks")
        client.close()
        return heard == b"greeting" and _all_from(upstream) == b"thanks"


def back_pressure(program):
    """Who does not read stops who writes, and then gets every byte, in order, in both directions at once."""
    data = random.Random(1).randbytes(AMOUNT)
    digest = hashlib.sha256(data).digest()
    with _relayed(program) as ends:
        sent = [0, 0]

        def write(number):
            while sent[number] < AMOUNT:
                sent[number] += ends[number].send(data[sent[number]:sent[number] + (1 << 20)])
            ends[number].shutdown(socket.SHUT_WR)

        for end in ends:
            end.settimeout(30)
        writers = [threading.Thread(target=write, args=(number,), daemon=True) for number in (0, 1)]
        for writer in writers:
            writer.start()
        before = None
        while before != sent:  # until both stand still
            before = list(sent)
            time.sleep(0.2)
        stopped = max(sent) < AMOUNT

        heard = [None, None]

        def read(number):
            heard[number] = hashlib.sha256(_all_from(ends[number])).digest()

        readers = [threading.Thread(target=read, args=(number,), daemon=True) for number in (0, 1)]
        for reader in readers:
            reader.start()
        for thread in readers + writers:
            thread.join(30)
        return stopped and heard == [digest, digest]


def reset(program):
    """One broken end ends the other."""
    with _relayed(program) as (client, upstream):
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        upstream.close()
        try:
            return client.recv(1) == b""
        except ConnectionResetError:
            return True


def run(check):
    for program in (RELAY_COPY, RELAY_SPLICE):
        for name, honest in (("passes half-close to the upstream", half_close),
                             ("passes half-close to the client", upstream_ends_first),
                             ("honours back-pressure and loses nothing", back_pressure),
                             ("ends with a broken end", reset)):
            try:
                passed, detail = honest(program), ""
            except OSError as error:
                passed, detail = False, str(error)
            yield check(f"{program.name} {name}", passed, detail)
