# SPDX-License-Identifier: Apache-2.0
"""The shipped examples work under the shipped unit, each with the drop-in that its header names."""

import json
import re

from .. import service
from ..clients import connect_path
from ..registry import case
from ..waiting import contains, equal, true, wait_for

EXAMPLES = "/usr/share/doc/usherd/examples"
# They need families that the kernel of a container may lack: Tests/VirtualMachine has them.
ELSEWHERE = {"can-bus", "everywhere", "vsock-bridge"}


def use(machine, name):
    """Puts an example in force as its header says."""
    text = machine.read(f"{EXAMPLES}/{name}.toml")
    # A header that names a drop-in means that it is needed; some are named further down, beside what needs them.
    words = re.sub(r"\n# *", " ", text)
    for drop_in in sorted(set(re.findall(r"([\w-]+\.conf), (?:which is )?installed beside", words))):
        service.drop_in(machine, drop_in.removesuffix(".conf"), machine.read(f"{EXAMPLES}/{drop_in}"))
    # The daemon that runs has another configuration, and some of the same ports.
    machine.run("systemctl", "stop", "usherd.service")
    said = machine.start("usherd", "--check", "--strict", "--config", f"{EXAMPLES}/{name}.toml")
    service.configure(machine, text)
    return said


def told(entry):
    """The event and the listener of a record; of one that came over standard error as JSON, too."""
    text = entry["MESSAGE"]
    record = json.loads(text) if text.startswith("{") else {}
    return (entry.get("USHER_EVENT") or record.get("event"), entry.get("USHER_LISTENER") or record.get("listener"))


def listeners(machine, since):
    """What the running daemon listens on, once it has said all of it."""
    process = f"_PID={service.show(machine, 'MainPID')}"

    def all_of_it():
        records = [told(each) for each in service.records(machine, since, process)]
        return ("started", None) in records and records

    records = wait_for("the record of the start", all_of_it)
    return {listener for event, listener in records if event == "listening"}


@case
def examples_work(machine):
    names = sorted(name.removesuffix(".toml") for name in machine.run("ls", EXAMPLES).split() if name.endswith(".toml"))
    true(len(names) >= 11, f"there are examples: {names}")
    for name in names:
        if name in ELSEWHERE or name == "systemd-activation":
            continue
        service.restore(machine)
        since = service.now(machine)
        said = use(machine, name)
        wanted = set(re.findall(r"^\[listener\.([\w-]+)\]", machine.read(f"{EXAMPLES}/{name}.toml"), re.MULTILINE))
        equal(listeners(machine, since), wanted, f"what listens with {name}.toml")
        equal(service.show(machine, "NRestarts"), "0", f"restarts with {name}.toml")
        # What the check says of the host must agree: it cannot see the sandbox, and nothing else is wrong.
        equal(said.returncode, 0, f"the strict check of {name}.toml, which said: {said.stdout}")


@case
def example_of_activation_works(machine):
    machine.run("systemctl", "stop", "usherd.service")
    machine.write(service.CONFIGURATION, machine.read(f"{EXAMPLES}/systemd-activation.toml"))
    since = service.now(machine)
    machine.run("systemctl", "start", "usherd.socket")
    machine.run("systemctl", "start", "usherd.service")
    equal(listeners(machine, since), {"echo"}, "what listens")


@case
def group_needs_the_drop_in(machine):
    # Without it the message names what is missing, and the check says so beforehand.
    text = machine.read(f"{EXAMPLES}/unix-permissions.toml")
    machine.write(service.CONFIGURATION, text)
    said = machine.run("usherd", "--check")
    contains(said, "the user usherd is not a member of the group adm", "the check")
    contains(said, "SupplementaryGroups=adm", "the check")
    since = service.now(machine)
    true(machine.start("systemctl", "restart", "usherd").returncode != 0, "a socket was given to a group of others")
    machine.run("systemctl", "stop", "usherd")
    machine.run("systemctl", "reset-failed", "usherd", check=False)
    failed = service.wait_for_records(machine, since, "USHER_EVENT=failed")[0]
    contains(failed["MESSAGE"], "write SupplementaryGroups=adm below [Service]", "the message")
    since = service.now(machine)
    use(machine, "unix-permissions")
    true(connect_path(machine, "/run/usherd/clock").recv(64), "the time of day")


@case
def passed_address_is_to_be_named(machine):
    machine.run("systemctl", "stop", "usherd.service")
    machine.write(service.CONFIGURATION, '[listener.echo]\nlisten = "tcp://127.0.0.1:7007"\nservice = "echo"\n')
    machine.run("systemctl", "start", "usherd.socket")
    contains(machine.run("usherd", "--check"), "Address already in use by systemd", "the check")
    since = service.now(machine)
    true(machine.start("systemctl", "start", "usherd.service").returncode != 0, "it listens beside the passed socket")
    machine.run("systemctl", "stop", "usherd.service", "usherd.socket")
    machine.run("systemctl", "reset-failed", "usherd", check=False)
    failed = service.wait_for_records(machine, since, "USHER_EVENT=failed")[0]
    contains(failed["MESSAGE"], "systemd passed this address as `echo`: write systemd://echo", "the message")


@case
def check_judges_as_the_service(machine):
    machine.write(service.CONFIGURATION, """
[log]
to = ["journal", "file:/srv/missing/usherd.log"]

[listener.echo]
listen = "tcp://127.0.0.1:7007"
service = "echo"
""")
    said = machine.run("usherd", "--check", tell=True)
    contains(said, "note: the log file /srv/missing/usherd.log cannot be opened", "the check")
    contains(said, "checked with the permissions of the user usherd", "the check")
    true("7007 of the listener" not in said, f"the daemon's own port is no finding: {said}")
    equal(machine.start("usherd", "--check", "--strict").returncode, 69, "the strict check")
    equal(machine.start("usherd", "--check", "--strict", "--no-host").returncode, 0, "the check without the host")
    machine.run("chmod", "0600", service.CONFIGURATION)
    try:
        closed = machine.start("usherd", "--check")
        equal(closed.returncode, 78, "the check of what the service may not read")
        contains(closed.stdout, f"the user usherd lacks the permission to read {service.CONFIGURATION}", "the check")
    finally:
        machine.run("chmod", "0644", service.CONFIGURATION)
