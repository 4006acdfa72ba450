# SPDX-License-Identifier: Apache-2.0
"""What is measured together: servers that do the same work, and what they are compared in."""

import dataclasses
from dataclasses import dataclass

from .relays import all_relays
from .servers import all_servers
from .workloads import ECHO_WORKLOADS, RELAY_WORKLOADS


@dataclass(frozen=True)
class Family:
    name: str
    title: str
    reference: str
    """The name of the server that the others are compared with."""
    servers: list
    workloads: list
    idle: str | None
    """What the parts that are no timed workloads are called, for --only; None without it."""
    start: str | None = None
    latency: str | None = None
    capacity: str | None = None
    """The name of the workload whose rates tell what the servers can hold in `latency`."""
    seconds: float = 1.0
    """Of a slot."""
    budget: float = 240
    """Seconds that the timed workloads may take together."""

    @property
    def parts(self):
        """The names of all that can be asked for by itself."""
        return [workload.name for workload in self.workloads] + [
            name for name in (self.idle, self.latency, self.start) if name]

    @property
    def usherd(self):
        return next(server for server in self.servers if server.name == "usherd")

    def restricted(self, parts, servers):
        """The same with only these parts and servers, by name, None being all; the reference always takes part."""
        def kept(name):
            return name if parts is None or name in parts else None

        return dataclasses.replace(
            self, idle=kept(self.idle), start=kept(self.start), latency=kept(self.latency),
            workloads=[workload for workload in self.workloads if kept(workload.name)],
            servers=[server for server in self.servers
                     if servers is None or server.name in servers or server.name == self.reference])


def all_families(usherd):
    return [
        Family("echo", "Echo", "minimal", all_servers(usherd), ECHO_WORKLOADS, idle="idle", start="start"),
        Family("relay", "Relay", "copy", all_relays(usherd), RELAY_WORKLOADS, idle="relay-idle",
               latency="relay-latency", capacity="relay-64", seconds=0.4, budget=330),
    ]
