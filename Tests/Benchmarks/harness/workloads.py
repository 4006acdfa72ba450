# SPDX-License-Identifier: Apache-2.0
"""The workloads whose figure is processor time, and what usherd is to reach in each."""

from dataclasses import dataclass, field

from .running import DATAGRAM_ECHO, ECHO, OBJECTS, Upstream


@dataclass(frozen=True)
class Goal:
    """What usherd's ratio to the reference may be at most: the lowest of several ceilings."""

    at_most: float
    better_of: tuple = ()
    """`at_most` is meant of the best of these servers, by name, instead of the reference."""
    of_peers: dict = field(default_factory=dict)
    """And at most this part of these servers' ratios, by name."""

    def ceiling(self, ratios):
        """The ceiling and where it comes from, of the ratios that were measured, by the server's name."""
        best = min((name for name in self.better_of if name in ratios), key=ratios.get, default=None)
        ceilings = [(self.at_most * ratios[best], f"{self.at_most:.2f} × {best}") if best else (self.at_most, "")]
        for name, part in self.of_peers.items():
            if name in ratios:
                ceilings.append((part * ratios[name], name if part == 1 else f"{part:.3g} × {name}"))
        return min(ceilings)


@dataclass
class Workload:
    name: str
    title: str
    operation: str
    mode: str
    options: dict
    goal: Goal
    settle: float = 0.03
    """Seconds from the last reply until the server has done what it does later, like writing its log."""
    upstream: Upstream = ECHO
    """What a relay relays to."""
    bulk: bool = False
    """Moves enough at a time for splice(2) to be worth a look; of datagrams, many of one flow."""
    relayed: bool | None = None
    """In a family that has both: for relays, or for those that answer by themselves."""

    def suits(self, server):
        if self.relayed is not None and self.relayed != server.relays:
            return False
        return not server.one_under_way if self.bulk else not server.bulk_only


@dataclass(frozen=True)
class Growth:
    """What more flows may cost: one workload's figure over another's, both of one server."""

    title: str
    workload: str
    base: str
    at_most: float


@dataclass(frozen=True)
class Flood:
    """Datagrams at a fixed rate, to see what is lost."""

    name: str
    title: str
    options: dict
    relayed: bool
    measure: str
    """The workload whose processor time, of the minimal program, tells how many its processor could serve."""
    shares: tuple
    """Parts of that rate."""


ECHO_WORKLOADS = [
    Workload("echo-64", "echo of 64 bytes, 64 connections", "message", "rr",
             {"connections": 64, "size": 64}, Goal(1.10)),
    Workload("echo-1000", "echo of 64 bytes, 1000 connections", "message", "rr",
             {"connections": 1000, "size": 64}, Goal(1.10)),
    Workload("connect", "connect, 64 bytes there and back, close; 64 at a time", "connection", "crr",
             {"connections": 64, "size": 64}, Goal(1.20), settle=0.25),
    Workload("stream", "streaming echo, writes of 64 KiB, 8 connections", "64 KiB", "stream",
             {"connections": 8, "size": 65536}, Goal(1.05)),
]

BELOW_PEERS = {"haproxy": 1, "nginx": 1}

ROUND_TRIPS = Goal(1.05, of_peers=BELOW_PEERS)


def _object(kibibytes):
    return Workload(f"relay-{kibibytes}k", f"objects of {kibibytes} KiB, each asked for in 64 bytes, 16 connections",
                    "object", "get", {"connections": 16, "size": kibibytes * 1024},
                    Goal(1.05, better_of=("copy", "splice")), upstream=OBJECTS, bulk=True)


RELAY_WORKLOADS = [
    Workload("relay-64", "64 bytes there and back, 64 connections", "message", "rr",
             {"connections": 64, "size": 64}, ROUND_TRIPS),
    Workload("relay-1000", "64 bytes there and back, 1000 connections", "message", "rr",
             {"connections": 1000, "size": 64}, ROUND_TRIPS),
    Workload("relay-1k-64", "1 KiB there and back, 64 connections", "message", "rr",
             {"connections": 64, "size": 1024}, ROUND_TRIPS),
    Workload("relay-1k-1000", "1 KiB there and back, 1000 connections", "message", "rr",
             {"connections": 1000, "size": 1024}, ROUND_TRIPS),
    Workload("relay-connect", "connect, 64 bytes there and back, close; 64 at a time", "connection", "crr",
             {"connections": 64, "size": 64}, Goal(0.95, of_peers=BELOW_PEERS), settle=0.25),
    Workload("relay-stream", "streaming there and back, writes of 64 KiB, 8 connections", "64 KiB", "stream",
             {"connections": 8, "size": 65536},
             Goal(0.68, of_peers={"haproxy": 0.5, "haproxy-auto": 0.5, "nginx": 0.5, "haproxy-splice": 1}), bulk=True),
    _object(4),
    _object(16),
    _object(64),
    _object(256),
]


def _datagrams(name, title, relayed, flows, size, goal, burst=1):
    """All flows are open before the measured part, and the records of thousands are to be written by then too."""
    return Workload(name, title, "datagram", "udp-rr", {"connections": flows, "size": size, "burst": burst}, goal,
                    settle=0.25 if flows > 1000 else 0.03, upstream=DATAGRAM_ECHO, bulk=burst > 1, relayed=relayed)


def _echoed(flows, size):
    return _datagrams(f"udp-echo-{flows}-{size}", f"echo of {size} bytes, {flows} flows", False, flows, size,
                      Goal(1.10))


def _forwarded(flows, size, of_nginx=None):
    return _datagrams(f"udp-forward-{flows}-{size}", f"forward, {size} bytes there and back, {flows} flows", True,
                      flows, size, Goal(1.10, of_peers={"nginx": of_nginx} if of_nginx else {}))


BURST = 32
"""Datagrams that a bulk flow sends as one. A network card's receive offload puts up to 64 together."""


def _bulk(name, title, relayed, size, goal):
    return _datagrams(f"{name}-{size}", f"{title} {size} bytes, one bulk flow", relayed, 1, size, goal, burst=BURST)


DATAGRAM_WORKLOADS = [
    _echoed(64, 64),
    _echoed(64, 1200),
    *(_bulk("udp-echo-bulk", "echo of", False, size, Goal(1.10)) for size in (64, 1200)),
    *(_bulk("udp-forward-bulk", "forward,", True, size, Goal(1.10, of_peers={"nginx": 1 / 3})) for size in (64, 1200)),
    *(_forwarded(256, size, of_nginx=1 / 1.3) for size in (64, 1200)),
    *(_forwarded(10000, size) for size in (64, 1200)),
]


def datagram_workload(name):
    return next(workload for workload in DATAGRAM_WORKLOADS if workload.name == name)


DATAGRAM_GROWTHS = [
    Growth(f"forward of {size} bytes, 10 000 flows ÷ 256 flows", f"udp-forward-10000-{size}",
           f"udp-forward-256-{size}", 1.20)
    for size in (64, 1200)
]

FLOODS = [
    Flood("udp-echo-loss", "echo of 64 bytes, 64 flows", {"connections": 64, "size": 64}, False, "udp-echo-64-64",
          (0.4, 0.8)),
    Flood("udp-forward-loss", "forward of 1200 bytes, 256 flows", {"connections": 256, "size": 1200}, True,
          "udp-forward-256-1200", (0.4, 0.8)),
]
