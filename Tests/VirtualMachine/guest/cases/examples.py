# SPDX-License-Identifier: Apache-2.0
"""The shipped examples whose families the kernel of a container may lack; the others are tried in Tests/System."""

import os
import re
import subprocess

from ..daemon import Daemon
from ..registry import case
from ..sockets import connect, receive_line
from ..waiting import equal, wait_for

BUSES = ["can0", "can1", "can2", "can3", "can4"]


def example(name):
    with open(f"/guest/examples/{name}.toml", encoding="utf-8") as file:
        return file.read()


def serve(name):
    """Starts usherd with an example, and waits until each of its listeners listens."""
    os.makedirs("/run/usherd", exist_ok=True)
    text = example(name)
    daemon = Daemon(text)
    wanted = set(re.findall(r"^\[listener\.([\w-]+)\]", text, re.MULTILINE))
    wait_for(lambda: f"the listeners of {name}.toml: {wanted}; usherd said {daemon.said()}",
             lambda: {record["listener"] for record in daemon.records("listening")} >= wanted)
    return daemon


@case("can", "can-upstream")
def can_example_works():
    for bus in BUSES:
        subprocess.run(["ip", "link", "add", bus, "type", "vcan"], check=True)
        subprocess.run(["ip", "link", "set", bus, "up"], check=True)
    try:
        daemon = serve("can-bus")
        equal(daemon.records("warning"), [], "what it warns of")
        daemon.stop()
    finally:
        for bus in BUSES:
            subprocess.run(["ip", "link", "delete", bus], check=False)


@case("vsock")
def vsock_example_works():
    daemon = serve("vsock-bridge")
    equal(daemon.address("cache"), "vsock://any:3142", "where it listens")
    daemon.stop()


@case("vsock", "udp")
def example_of_every_family_works():
    daemon = serve("everywhere")
    first = connect("vsock://1:7010")
    receive_line(first)
    second = connect("tcp://127.0.0.1:7010")
    receive_line(second)
    second.sendall(b"hello\n")
    line = receive_line(first)
    while "hello" not in line:
        line = receive_line(first)
    first.close()
    second.close()
    daemon.stop()
