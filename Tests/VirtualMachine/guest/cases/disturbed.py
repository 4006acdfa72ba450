# SPDX-License-Identifier: Apache-2.0
"""UDP over a wire that loses, doubles and reorders: netem of tc(8), towards usherd alone, so that what comes back tells
what has arrived."""

import collections
import contextlib
import json
import subprocess

from ..daemon import Daemon
from ..registry import case
from ..waiting import equal, true
from ..wire import Wire, in_namespace

COUNT = 600

# What netem does, and how many of COUNT may arrive.
KINDS = {
    "loss 20%": range(300, COUNT),
    "duplicate 30%": range(COUNT + 50, 2 * COUNT),
    "delay 5ms reorder 50% 50%": range(COUNT, COUNT + 10),
    "delay 5ms 4ms loss 10% duplicate 10%": range(300, 2 * COUNT),
}

# Sends datagrams to a port and prints those that come back as JSON, in their order. What comes in order stays so on the
# way back: once the last datagram has been answered, so has all that arrived before it. It is sent again as another one
# as long as the wire loses it.
CLIENT = """
import json, socket, sys
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
s.connect((host, port))
found = []
sent = 0
def send():
    global sent
    s.send(b"%d " % sent + b"x" * (sent % 1200))
    sent += 1
def take(patience, wanted=None):
    s.settimeout(patience)
    try:
        while wanted is None or wanted not in found:
            data = s.recv(4096)
            number = int(data.split()[0])
            assert data == b"%d " % number + b"x" * (number % 1200), data
            found.append(number)
        return True
    except TimeoutError:
        return False
while sent < count:
    for _ in range(25): send()
    take(0.05)
while True:
    send()
    if take(5, sent - 1): break
take(1)
print(json.dumps([s.getsockname()[1], sent, found]))
"""


def talk(command):
    """Runs the client, and returns its port, how many it has sent, and the numbers that came back."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=80)
    true(done.returncode == 0, f"the client failed: {done.stderr}")
    return json.loads(done.stdout)


def check_numbers(how, sent, found):
    """What comes back is what the wire lets through."""
    counts = collections.Counter(found)
    true(len(found) in KINDS[how], f"{how}: {len(found)} came back of {sent}")
    if "duplicate" not in how:
        equal(max(counts.values()), 1, f"{how}: how often one came back")
    if "loss" not in how:
        equal(len(counts), sent, f"{how}: how many came back")


def size(found):
    return sum(len(f"{number} ") + number % 1200 for number in found)


@contextlib.contextmanager
def roomy_sockets():
    """What does not find room in a socket is not the subject here."""
    before = {}
    for limit in ("rmem_max", "rmem_default"):
        with open(f"/proc/sys/net/core/{limit}", "r+", encoding="ascii") as file:
            before[limit] = file.read()
            file.write(str(4 << 20))
    try:
        yield
    finally:
        for limit, value in before.items():
            with open(f"/proc/sys/net/core/{limit}", "w", encoding="ascii") as file:
                file.write(value)


def passes_all_that_arrives(how, configuration):
    with roomy_sockets(), Wire() as wire:
        daemon = Daemon(configuration)
        wire.disturb(how)
        port = daemon.address("front").rpartition(":")[2]
        port, sent, found = talk(in_namespace(CLIENT, "10.77.0.1", port, str(COUNT)))
        check_numbers(how, sent, found)
        equal(daemon.records("close"), [], f"{how}: flows that ended")
        daemon.stop()
        # Each that arrived was answered once, so as many have come back.
        daemon.check_close(f"udp://10.77.0.9:{port}", datagrams_in=len(found), datagrams_out=len(found),
                           datagrams_dropped=0, bytes_in=size(found), bytes_out=size(found))
        for event in ("lost", "refused"):
            equal(daemon.records(event), [], f"{how}: records of {event}")


def echo_over_a_bad_wire(how):
    passes_all_that_arrives(how, '[listener.front]\nlisten = "udp://*:0"\nservice = "echo"\n')


def forward_over_a_bad_wire(how):
    upstream = Daemon('[listener.echo]\nlisten = "udp://127.0.0.1:0"\nservice = "echo"\n')
    passes_all_that_arrives(how, '[listener.front]\nlisten = "udp://10.77.0.1:0"\nservice = "forward"\n'
                                 f'to = "{upstream.address("echo")}"\n')
    equal(len(upstream.records("open")), 1, "flows at the upstream")


@case("udp")
def udp_echo_over_a_wire_that_loses():
    echo_over_a_bad_wire("loss 20%")


@case("udp")
def udp_echo_over_a_wire_that_doubles():
    echo_over_a_bad_wire("duplicate 30%")


@case("udp")
def udp_echo_over_a_wire_that_reorders():
    echo_over_a_bad_wire("delay 5ms reorder 50% 50%")


@case("udp")
def udp_echo_over_a_wire_that_does_it_all():
    echo_over_a_bad_wire("delay 5ms 4ms loss 10% duplicate 10%")


@case("udp", "datagram-forward")
def udp_forward_over_a_wire_that_loses():
    forward_over_a_bad_wire("loss 20%")


@case("udp", "datagram-forward")
def udp_forward_over_a_wire_that_doubles():
    forward_over_a_bad_wire("duplicate 30%")


@case("udp", "datagram-forward")
def udp_forward_over_a_wire_that_reorders():
    forward_over_a_bad_wire("delay 5ms reorder 50% 50%")


@case("udp", "datagram-forward")
def udp_forward_over_a_wire_that_does_it_all():
    forward_over_a_bad_wire("delay 5ms 4ms loss 10% duplicate 10%")


@case("udp", "datagram-forward")
def udp_forward_to_an_upstream_over_a_bad_wire():
    """The bad wire is behind the relay: every answer is passed on, as often as it comes."""
    how = "delay 5ms 4ms loss 10% duplicate 10%"
    with roomy_sockets(), Wire() as wire:
        wire.disturb(how)
        server = wire.run(SERVER)
        try:
            daemon = Daemon('[listener.front]\nlisten = "udp://127.0.0.1:0"\nservice = "forward"\n'
                            f'to = "udp://10.77.0.9:{int(server.stdout.readline())}"\n')
            port = daemon.address("front").rpartition(":")[2]
            port, sent, found = talk(["python3", "-B", "-c", CLIENT, "127.0.0.1", port, str(COUNT)])
            check_numbers(how, sent, found)
            equal(daemon.records("close"), [], "flows that ended")
            daemon.stop()
            daemon.check_close(f"udp://127.0.0.1:{port}", datagrams_in=sent, datagrams_out=len(found),
                               datagrams_dropped=0, attempts=1, bytes_out=size(found))
        finally:
            server.kill()
            server.wait()


# An echo on the other host, whose answers the wire may lose.
SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
s.bind(("10.77.0.9", 0))
print(s.getsockname()[1], flush=True)
while True:
    data, peer = s.recvfrom(4096)
    s.sendto(data, peer)
"""
