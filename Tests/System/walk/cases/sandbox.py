# SPDX-License-Identifier: Apache-2.0
"""What the unit lets the daemon do, and what not."""

import os
import re
import stat

from .. import service
from ..clients import ask, connect, connect_path
from ..registry import case
from ..waiting import equal, true

PROBE = os.path.join(os.path.dirname(__file__), "..", "..", "probe.py")
WORST = 2.0


@case
def unit_is_closed(machine):
    said = machine.run("systemd-analyze", "security", "--no-pager", "usherd.service").strip().splitlines()[-1]
    machine.transcript.append(f"$ systemd-analyze security usherd.service | tail -n 1\n{said}\n")
    level = float(re.search(r"usherd\.service: ([0-9.]+)", said)[1])
    true(level <= WORST, f"systemd-analyze security says {level}, more than {WORST}")
    equal(service.status_field(machine, "CapEff"), f"{1 << 10:016x}", "its capabilities, of which 10 is CAP_NET_BIND_SERVICE")
    equal(service.status_field(machine, "CapBnd"), f"{1 << 10:016x}", "those it could get")
    equal(service.status_field(machine, "NoNewPrivs"), "1", "NoNewPrivs")
    equal(service.status_field(machine, "Seccomp"), "2", "Seccomp")
    true("0" not in service.status_field(machine, "Uid").split(), "it runs as root")


@case
def privileged_port_is_bound(machine):
    service.configure(machine, '[listener.echo]\nlisten = "tcp://127.0.0.1:7"\nservice = "echo"\n')
    equal(ask(connect(7), b"seven"), b"seven", "the echo")


@case
def unix_socket_has_mode_and_group(machine):
    machine.run("groupadd", "--force", "--system", "walkers")
    service.drop_in(machine, "group", "[Service]\nSupplementaryGroups=walkers\n")
    service.configure(
        machine, '[listener.local]\nlisten = "unix:///run/usherd/talk?mode=0620&group=walkers"\nservice = "echo"\n')
    status = os.stat(machine.path("/run/usherd/talk"))
    true(stat.S_ISSOCK(status.st_mode), "the path is no socket")
    equal(f"{status.st_mode & 0o777:04o}", "0620", "the mode")
    line = machine.run("getent", "group", "walkers")
    equal(status.st_gid, int(line.split(":")[2]), "the group")
    equal(ask(connect_path(machine, "/run/usherd/talk"), b"hello"), b"hello", "the echo")
    machine.run("groupdel", "walkers")


@case
def drop_in_gives_sockets_to_others(machine):
    # As the example says: without it that fails, with it it does not.
    wanted = '[listener.local]\nlisten = "unix:///run/usherd/talk?mode=0660&user=nobody&group=daemon"\nservice = "echo"\n'
    machine.write(service.CONFIGURATION, wanted)
    true(machine.start("systemctl", "restart", "usherd").returncode != 0, "a socket was given away without the drop-in")
    machine.run("systemctl", "stop", "usherd")
    machine.run("systemctl", "reset-failed", "usherd", check=False)
    service.drop_in(machine, "unix-owners", machine.read("/usr/share/doc/usherd/examples/unix-owners.conf"))
    service.configure(machine, wanted)
    status = os.stat(machine.path("/run/usherd/talk"))
    equal((f"{status.st_mode & 0o777:04o}", status.st_uid, status.st_gid), ("0660", 65534, 1), "mode, user and group")


@case
def sandbox_forbids(machine):
    """A program with the very unit of usherd around it tries what a break-in would try."""
    machine.copy_in(PROBE, "/usr/local/lib/usher-probe.py")
    unit = machine.read("/lib/systemd/system/usherd.service")
    unit = re.sub(r"^Type=.*$", "Type=oneshot", unit, flags=re.MULTILINE)
    unit = re.sub(r"^ExecStart=.*$", "ExecStart=/usr/bin/python3 /usr/local/lib/usher-probe.py", unit, flags=re.MULTILINE)
    unit = re.sub(r"^(ExecReload|WatchdogSec|Restart|NotifyAccess)=.*\n", "", unit, flags=re.MULTILINE)
    machine.write("/run/systemd/system/usher-probe.service", unit.replace("StandardOutput=null", "StandardOutput=journal"))
    machine.run("systemctl", "daemon-reload")
    since = service.now(machine)
    try:
        machine.run("systemctl", "start", "usher-probe.service")
    finally:
        os.unlink(machine.path("/run/systemd/system/usher-probe.service"))
        os.unlink(machine.path("/usr/local/lib/usher-probe.py"))
        machine.run("systemctl", "daemon-reload")
    found = service.wait_for_records(machine, since, "_SYSTEMD_UNIT=usher-probe.service", "SYSLOG_IDENTIFIER=python3")
    said = dict(line["MESSAGE"].split(": ") for line in found if ": " in line["MESSAGE"])
    allowed = {what for what, how in said.items() if how == "allowed"}
    # usherd watches interfaces and addresses through netlink. The others say that the probe can tell.
    equal(allowed, {"open a netlink socket", "write to /run/usherd", "write to /var/log/usherd", "open a TCP socket"},
          f"what is allowed, of {said}")
    true(len(said) >= 14, f"what was tried: {sorted(said)}")
