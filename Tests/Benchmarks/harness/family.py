# SPDX-License-Identifier: Apache-2.0
"""What is measured together: servers that do the same work, and what they are compared in."""

import dataclasses
from dataclasses import dataclass, field

from .datagrams import all_datagram_servers
from .relays import all_relays
from .servers import all_servers
from .workloads import DATAGRAM_GROWTHS, DATAGRAM_WORKLOADS, ECHO_WORKLOADS, FLOODS, RELAY_WORKLOADS


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
    growths: list = field(default_factory=list)
    floods: list = field(default_factory=list)
    seconds: float = 1.0
    """Of a slot."""
    budget: float = 240
    """Seconds that the timed workloads may take together."""

    @property
    def parts(self):
        """The names of all that can be asked for by itself."""
        return [part.name for part in self.workloads + self.floods] + [
            name for name in (self.idle, self.latency, self.start) if name]

    @property
    def usherd(self):
        """The first, where there are several."""
        return next(server for server in self.servers if server.name == "usherd")

    def restricted(self, parts, servers):
        """The same with only these parts and servers, by name, None being all; the reference always takes part."""
        def kept(name):
            return name if parts is None or name in parts else None

        return dataclasses.replace(
            self, idle=kept(self.idle), start=kept(self.start), latency=kept(self.latency),
            workloads=[workload for workload in self.workloads if kept(workload.name)],
            floods=[flood for flood in self.floods if kept(flood.name)],
            servers=[server for server in self.servers
                     if servers is None or server.name in servers or server.name == self.reference])


def all_families(usherd):
    return [
        Family("echo", "Echo", "minimal", all_servers(usherd), ECHO_WORKLOADS, idle="idle", start="start"),
        Family("relay", "Relay", "copy", all_relays(usherd), RELAY_WORKLOADS, idle="relay-idle",
               latency="relay-latency", capacity="relay-64", seconds=0.4, budget=330),
        Family("datagram", "Datagrams", "minimal", all_datagram_servers(usherd), DATAGRAM_WORKLOADS, idle="udp-idle",
               growths=DATAGRAM_GROWTHS, floods=FLOODS, seconds=0.4, budget=330),
    ]
