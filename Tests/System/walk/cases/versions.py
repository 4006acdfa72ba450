# SPDX-License-Identifier: Apache-2.0
"""Upgrade, downgrade, removal, purge. These come last: the last one leaves nothing to test."""

import os

from .. import service
from ..clients import ask, connect
from ..registry import case
from ..waiting import contains, equal, true

EDIT = '\n[listener.mine]\nlisten = "tcp://127.0.0.1:7307"\nservice = "echo"\n'


def install(machine, package, *options):
    machine.copy_in(package, "/root/other.deb")
    machine.run("apt-get", "install", "--yes", "-qq", "--option=Dpkg::Options::=--force-confold", *options, "/root/other.deb")


def version(machine):
    return machine.run("dpkg-query", "--show", "--showformat=${Version}", "usherd")


def check_that_it_runs(machine, old, wanted):
    equal(version(machine), wanted, "the version")
    true(service.process(machine) not in (0, old), "the service was not restarted")
    true("(deleted)" not in os.readlink(machine.path(f"/proc/{service.process(machine)}/exe")), "the old program runs")
    equal(service.show(machine, "ActiveState"), "active", "the state")
    equal(ask(connect(7307), b"mine"), b"mine", "the listener that the operator added")


@case
def upgrade_and_downgrade_keep_the_configuration(machine):
    first = version(machine)
    edited = machine.read(service.CONFIGURATION) + EDIT
    service.configure(machine, edited)
    old = service.process(machine)
    install(machine, os.environ["WALK_HIGHER_PACKAGE"])
    check_that_it_runs(machine, old, os.environ["WALK_HIGHER_VERSION"])
    contains(machine.read(f"{service.CONFIGURATION}.dpkg-dist"), "# Shipped with", "the configuration that was not taken")
    old = service.process(machine)
    install(machine, os.environ["WALK_PACKAGE"], "--allow-downgrades")
    check_that_it_runs(machine, old, first)
    equal(machine.read(service.CONFIGURATION), edited, "the configuration")
    machine.run("rm", f"{service.CONFIGURATION}.dpkg-dist")


@case
def upgrade_respects_what_the_operator_stopped(machine):
    machine.run("systemctl", "disable", "--now", "--quiet", "usherd")
    install(machine, os.environ["WALK_HIGHER_PACKAGE"])
    equal(service.show(machine, "ActiveState"), "inactive", "the state of a service that was stopped and disabled")
    install(machine, os.environ["WALK_PACKAGE"], "--allow-downgrades")
    machine.run("systemctl", "enable", "--now", "--quiet", "usherd")


@case
def removal_keeps_the_configuration_and_purge_nothing(machine):
    process = service.process(machine)
    edited = machine.read(service.CONFIGURATION) + EDIT
    service.configure(machine, edited.replace("[daemon]", '[log]\nto = "file:/var/log/usherd/usherd.log"\n[daemon]')
                      .replace('[log]\n# to', "# [log]\n# to").replace('format = "text"', "").replace('level = "info"', ""))
    edited = machine.read(service.CONFIGURATION)
    machine.run("apt-get", "remove", "--yes", "-qq", "usherd")
    true(not machine.exists(f"/proc/{process}"), "the daemon runs on")
    true(not machine.exists("/usr/sbin/usherd"), "the program is still there")
    equal(machine.read(service.CONFIGURATION), edited, "the configuration")
    true(machine.exists("/var/log/usherd/usherd.log"), "the removal took the log along")
    equal(service.show(machine, "LoadState"), "not-found", "the unit")

    said = machine.run("apt-get", "purge", "--yes", "usherd")
    left = machine.files() - machine.before_install
    # dpkg and apt keep their own books, systemd its journal; the account stays, since files may be its own.
    expected = ("/var/lib/dpkg", "/var/log/dpkg.log", "/var/log/apt", "/var/cache", "/var/lib/apt", "/var/log/journal",
                "/var/lib/systemd", "/var/log/alternatives", "/var/tmp", "/root/", "/var/lib/logrotate")
    accounts = {f"/etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow")}
    left = sorted(path for path in left if not path.startswith(expected) and path not in accounts and path not in said)
    equal(left, [], f"what the purge leaves; dpkg said {said}")
    contains(machine.run("getent", "passwd", "usherd"), "usherd", "the account")
    true(not machine.exists("/etc/usherd") and not machine.exists("/var/log/usherd"), "a directory stays")
