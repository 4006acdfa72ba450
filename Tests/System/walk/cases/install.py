# SPDX-License-Identifier: Apache-2.0
"""The package is installed, and what it promises is true at once."""

import os

from .. import service
from ..clients import ask, connect, receive_line
from ..registry import case
from ..waiting import contains, equal, true


@case(always=True)
def install(machine):
    before = machine.files()
    machine.copy_in(os.environ["WALK_PACKAGE"], "/root/usherd.deb")
    machine.run("apt-get", "install", "--yes", "-qq", "/root/usherd.deb")
    machine.before_install = before
    service.remember(machine)
    equal(machine.run("systemctl", "is-active", "usherd", tell=True).strip(), "active", "is-active")
    equal(machine.run("systemctl", "is-enabled", "usherd", tell=True).strip(), "enabled", "is-enabled")
    contains(machine.run("systemctl", "status", "--no-pager", "--lines=0", "usherd", tell=True),
             'Status: "6 listeners, 0 connections"', "systemctl status")


@case
def services_answer(machine):
    equal(ask(connect(7007), b"hello"), b"hello", "the echo")
    ann, bob = connect(7010), connect(7010)
    for client in (ann, bob):
        receive_line(client)
    bob.sendall(b"is anybody here?\n")
    wanted = b"is anybody here?"
    line = receive_line(ann)
    while wanted not in line:
        line = receive_line(ann)
    true(line.endswith(wanted), f"what the other one in the chat heard: {line!r}")


@case
def only_loopback_listens(machine):
    lines = machine.run("ss", "--listening", "--tcp", "--udp", "--numeric", "--no-header").split("\n")
    addresses = sorted(line.split()[4] for line in lines if line)
    equal(addresses, sorted(f"127.0.0.1:{port}" for port in (7007, 7009, 7010, 7013, 7019, 7037)), "what listens")


@case
def all_of_it_is_there(machine):
    contains(machine.run("usherd", "--version"), "usherd ", "usherd --version")
    contains(machine.run("usherctl", "--version"), ".", "usherctl --version")
    contains(machine.run("getent", "passwd", "usherd"), "/usr/sbin/nologin", "the account")
    # minbase has no manuals: Debian's dpkg leaves them out there, but knows of them.
    files = machine.run("dpkg-query", "--listfiles", "usherd").split()
    for wanted in ("man8/usherd.8.gz", "man5/usherd.toml.5.gz", "man1/usherctl.1.gz", "completions/usherctl", "/_usherctl",
                   "usherctl.fish", "completions/usherd", "/_usherd", "usherd.fish", "examples/groups.conf", "examples/can.conf", "examples/minimal.toml", "usherd/copyright",
                   "usherd@.service", "usherd.socket", "catalog/usherd.catalog", "logrotate.d/usherd"):
        true(any(path.endswith(wanted) for path in files), f"the package has no {wanted}")
    conffiles = machine.run("dpkg-query", "--show", "--showformat=${Conffiles}", "usherd").split()[::2]
    equal(sorted(conffiles), ["/etc/logrotate.d/usherd", "/etc/usherd/conf.d/README", "/etc/usherd/usherd.toml"], "conffiles")
