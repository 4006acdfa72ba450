# SPDX-License-Identifier: Apache-2.0
"""The workloads whose figure is processor time, and what usherd is to reach in each."""

from dataclasses import dataclass, field

from .running import ECHO, OBJECTS, Upstream


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
                ceilings.append((part * ratios[name], name if part == 1 else f"{part:g} × {name}"))
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
    """Moves enough at a time for splice(2) to be worth a look."""

    def suits(self, server):
        return self.bulk or not server.bulk_only


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
