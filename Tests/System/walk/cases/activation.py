# SPDX-License-Identifier: Apache-2.0
"""systemd holds the socket; several instances run."""

from .. import service
from ..clients import Many, ask, connect
from ..registry import case
from ..waiting import equal, true, wait_for

# Long enough for several restarts to happen meanwhile.
ATTEMPTS = 10_000
RESTARTS = 3
ACTIVATED = '[listener.echo]\nlisten = "systemd://echo"\nservice = "echo"\n'


def hand_over_the_socket(machine):
    machine.run("systemctl", "stop", "usherd.service")
    machine.write(service.CONFIGURATION, ACTIVATED)
    machine.run("systemctl", "start", "usherd.socket")


@case
def first_connection_starts_the_daemon(machine):
    hand_over_the_socket(machine)
    equal(service.show(machine, "ActiveState"), "inactive", "the service before")
    equal(ask(connect(7007), b"wake up"), b"wake up", "the echo")
    equal(service.show(machine, "ActiveState"), "active", "the service after")
    machine.run("systemctl", "stop", "usherd.service")
    equal(service.show(machine, "ActiveState", "usherd.socket"), "active", "the socket, which outlives the service")
    equal(ask(connect(7007), b"once more"), b"once more", "the echo")


@case
def restarts_refuse_nobody(machine):
    hand_over_the_socket(machine)
    ask(connect(7007), b"ready")
    restarts = 0
    while restarts < RESTARTS:
        load = Many(7007, ATTEMPTS)
        while load.runs:
            machine.run("systemctl", "restart", "usherd.service")
            # The one after which there were still attempts was in the midst of them.
            restarts += load.runs
        equal(load.result(), {"made": ATTEMPTS, "refused": 0, "broken": 0}, "the connections")


@case
def without_the_socket_unit_some_are_refused(machine):
    # That the case above can fail: the same without the socket.
    refused = 0
    for _ in range(10):
        load = Many(7007, ATTEMPTS)
        machine.run("systemctl", "restart", "usherd.service")
        refused += load.result()["refused"]
        if refused:
            return
    true(refused, "a restart without the socket unit refused nobody in ten tries")


@case
def instances_are_apart(machine):
    machine.write("/etc/usherd/blue/usherd.toml", """
[log]
to = ["journal", "file:/var/log/usherd/blue/usherd.log"]

[listener.echo]
listen = ["tcp://127.0.0.1:7207", "unix:///run/usherd-blue/echo?mode=0666"]
service = "echo"
""")
    try:
        machine.run("systemctl", "start", "usherd@blue.service")
        equal(ask(connect(7207), b"blue"), b"blue", "the echo of the instance")
        machine.run("systemctl", "stop", "usherd.service")
        true(machine.exists("/run/usherd-blue/echo"), "the stop of usherd.service took the socket of the instance along")
        equal(ask(connect(7207), b"still"), b"still", "the echo of the instance")
        # What is empty is not rotated.
        wait_for("the log of the instance", lambda: machine.read("/var/log/usherd/blue/usherd.log"))
        machine.run("logrotate", "--force", "/etc/logrotate.d/usherd")
        true(machine.exists("/var/log/usherd/blue/usherd.log.1"), "the log of the instance is not rotated")
        machine.write("/etc/usherd/blue/usherd.toml", "nonsense")
        true(machine.start("systemctl", "reload", "usherd@blue.service").returncode != 0, "a wrong reload succeeded")
        equal(ask(connect(7207), b"still"), b"still", "the echo of the instance")
    finally:
        machine.run("systemctl", "stop", "usherd@blue.service", check=False)
        machine.run("rm", "-r", "/etc/usherd/blue", "/var/log/usherd/blue", "/var/lib/usherd/blue", check=False)
