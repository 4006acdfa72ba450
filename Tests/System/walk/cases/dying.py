# SPDX-License-Identifier: Apache-2.0
"""The daemon dies or hangs, and systemd starts it anew."""

import os

from .. import service
from ..clients import ask, connect, connect_path
from ..registry import case
from ..waiting import equal, true, wait_for

UNIX = '\n[listener.local]\nlisten = "unix:///run/usherd/echo?mode=0666"\nservice = "echo"\n'
DEBUG = "/opt/usherd-debug"


@case
def killed_daemon_comes_back(machine):
    service.configure(machine, machine.read(service.CONFIGURATION) + UNIX)
    equal(ask(connect_path(machine, "/run/usherd/echo"), b"first"), b"first", "the echo")
    directory = os.stat(machine.path("/run/usherd")).st_ino
    socket = os.stat(machine.path("/run/usherd/echo")).st_ino
    old = service.process(machine)
    machine.run("sh", "-c", f"kill -9 {old}")
    service.wait_for_new_process(machine, old)
    equal(service.show(machine, "NRestarts"), "1", "restarts")
    equal(ask(connect_path(machine, "/run/usherd/echo"), b"second"), b"second", "the echo at the same path")
    equal(ask(connect(7007), b"second"), b"second", "the echo at the same port")
    true(os.stat(machine.path("/run/usherd/echo")).st_ino != socket, "the path still leads to the socket of the dead")
    equal(os.stat(machine.path("/run/usherd")).st_ino, directory, "the directory that others may have mounted")


@case
def hanging_lane_is_noticed(machine):
    install_debug_build(machine)
    service.drop_in(machine, "debug", f"""[Service]
ExecStart=
ExecStart={DEBUG}/usherd
Environment=LD_LIBRARY_PATH={DEBUG} USHERD_TEST_HANG_ON_USR2=1
WatchdogSec=2s
""")
    machine.run("systemctl", "restart", "usherd")
    old = service.process(machine)
    equal(ask(connect(7007), b"alive"), b"alive", "the echo")
    since = service.now(machine)
    machine.run("systemctl", "kill", "--signal=USR2", "--kill-who=main", "usherd")
    service.wait_for_new_process(machine, old)
    said = service.records(machine, since, "UNIT=usherd.service")
    true(any("Watchdog timeout" in str(each.get("MESSAGE")) for each in said), "systemd does not speak of the watchdog")
    warned = service.records(machine, since, "USHER_EVENT=warning")
    true(any("lane 0 does not answer" in each["MESSAGE"] for each in warned), "no record says which lane hangs")
    # Connections are spread over the lanes: all of them answer.
    for _ in range(8):
        equal(ask(connect(7007), b"again"), b"again", "the echo")
    service.restore(machine)
    machine.run("rm", "-r", DEBUG)


@case
def release_has_no_way_to_hang(machine):
    service.drop_in(machine, "hook", "[Service]\nEnvironment=USHERD_TEST_HANG_ON_USR2=1\n")
    machine.run("systemctl", "restart", "usherd")
    since = service.now(machine)
    with connect(7007) as client:
        ask(client, b"here")
        machine.run("systemctl", "kill", "--signal=USR2", "--kill-who=main", "usherd")
        wait_for("the record of the live connection", lambda: service.records(machine, since, "USHER_EVENT=live"))
        equal(ask(client, b"still"), b"still", "the echo")


def install_debug_build(machine):
    """Copies it into the machine, with the libraries of the Swift runtime, which the machine does not have."""
    machine.copy_in(os.environ["WALK_DEBUG_BINARY"], f"{DEBUG}/usherd")
    for library in os.environ["WALK_DEBUG_LIBRARIES"].split():
        machine.copy_in(library, f"{DEBUG}/{os.path.basename(library)}")
