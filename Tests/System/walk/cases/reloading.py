# SPDX-License-Identifier: Apache-2.0
"""The configuration is edited, wrongly and rightly."""

import json
import socket

from .. import service
from ..clients import ask, connect
from ..registry import case
from ..waiting import contains, equal, true, wait_for

ANOTHER = '\n[listener.another]\nlisten = "tcp://127.0.0.1:7107"\nservice = "echo"\n'
WRONG = '\n[listener.wrong]\nlisten = "tcp://127.0.0.1:7108"\nservise = "echo"\n'


@case
def wrong_edit_changes_nothing(machine):
    client = connect(7007)
    old = service.process(machine)
    shipped = machine.read(service.CONFIGURATION)
    machine.write(service.CONFIGURATION, shipped + WRONG)
    line = (shipped + WRONG).split("\n").index('servise = "echo"') + 1
    since = service.now(machine)
    result = machine.start("systemctl", "reload", "usherd")
    true(result.returncode != 0, "systemctl reload succeeded")
    machine.transcript.append(f"$ systemctl reload usherd\n{result.stdout}")
    said = machine.run("journalctl", "--unit=usherd", since, "--output=cat", "--no-pager", tell=True)
    contains(said, f"{service.CONFIGURATION}:{line}:1: ", "the journal")
    contains(said, "service", "the nearest key")
    equal(service.process(machine), old, "the process")
    equal(service.show(machine, "ActiveState"), "active", "the state")
    equal(ask(client, b"still here"), b"still here", "the connection")
    equal(ask(connect(7007), b"and new"), b"and new", "a new one")


@case
def reload_onto_a_busy_port_fails(machine):
    client = connect(7007)
    shipped = machine.read(service.CONFIGURATION)
    with socket.create_server(("127.0.0.1", 7107)):
        machine.write(service.CONFIGURATION, shipped + ANOTHER)
        result = machine.start("systemctl", "reload", "usherd")
        true(result.returncode != 0, "systemctl reload succeeded")
        machine.transcript.append(f"$ systemctl reload usherd\n{result.stdout}")
        refused = machine.start("usherctl", "reload")
        equal(refused.returncode, 1, "the exit status of usherctl reload")
        contains(refused.stdout, "tcp://127.0.0.1:7107", "what usherctl says")
        status = json.loads(machine.run("usherctl", "status", "--json"))
        contains(status["daemon"]["reload"]["reason"], "tcp://127.0.0.1:7107", "the outcome in the status")
    machine.run("systemctl", "reload", "usherd", tell=True)
    equal(ask(connect(7107), b"new"), b"new", "the new listener")
    equal(ask(client, b"still here"), b"still here", "the connection")


@case
def right_edit_adds_a_listener(machine):
    client = connect(7007)
    ask(client, b"before")
    old = service.process(machine)
    shipped = machine.read(service.CONFIGURATION)
    machine.write(service.CONFIGURATION, shipped.replace('"tcp://127.0.0.1:7009"', '"tcp://127.0.0.1:7109"') + ANOTHER)
    machine.run("systemctl", "reload", "usherd", tell=True)
    equal(ask(wait_for("the new listener", lambda: try_connect(7107)), b"new"), b"new", "the new listener")
    wait_for("the listener that moved", lambda: try_connect(7109))
    equal(try_connect(7009), None, "a connection to where a listener was")
    equal(ask(client, b"after"), b"after", "a connection that the change does not concern")
    equal(service.process(machine), old, "the process")
    contains(machine.run("systemctl", "show", "--value", "--property=StatusText", "usherd", tell=True), "7 listeners", "status")


def try_connect(port):
    try:
        return connect(port)
    except ConnectionRefusedError:
        return None
