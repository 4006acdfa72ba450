# SPDX-License-Identifier: Apache-2.0
"""How long a message takes at a rate that every server can hold: an open loop, timed from when each was due."""

import random
import tempfile
from dataclasses import asdict, dataclass
from statistics import median

from .running import Failed, RunningLoad, RunningServer

CONNECTIONS = 64
SIZE = 64


@dataclass
class Latency:
    """One server, once."""

    round: int
    server: str
    rate: float
    """Messages a second that were due."""
    p50: float = 0.0
    p99: float = 0.0
    """Nanoseconds."""
    failure: str = ""


def capacity(server, processors, make_meter, temporary, seconds=0.5):
    """Messages a second of a closed loop with as many connections; 0 if it does not get that far."""
    try:
        with tempfile.TemporaryDirectory(dir=temporary) as directory, \
                RunningServer(server, directory, processors, make_meter()) as running, \
                RunningLoad("rr", running.port, processors, connections=CONNECTIONS, size=SIZE,
                            seconds=seconds) as load:
            result = load.result()
            return result["operations"] / result["seconds"]
    except Failed:
        return 0.0


def measure(servers, rate, rounds, seconds, progress, processors, make_meter, temporary):
    """Every server once a round, in random order, all at the same rate."""
    taken, hopeless = [], set()
    for number in range(rounds):
        order = [server for server in servers if not server.bulk_only]
        random.shuffle(order)
        for server in order:
            if server.name in hopeless:
                continue
            progress(f"latency, round {number + 1} of {rounds}: {server.name}")
            latency = Latency(number, server.name, rate)
            try:
                with tempfile.TemporaryDirectory(dir=temporary) as directory, \
                        RunningServer(server, directory, processors, make_meter()) as running, \
                        RunningLoad("open", running.port, processors, connections=CONNECTIONS, size=SIZE, rate=rate,
                                    seconds=seconds) as load:
                    result = load.result()
                latency.p50, latency.p99 = result["p50_ns"], result["p99_ns"]
            except Failed as failure:
                latency.failure = str(failure)
                hopeless.add(server.name)
            taken.append(latency)
    return taken


@dataclass
class Row:
    server: object
    p50: float
    p99: float
    """Medians of the rounds."""
    low: float
    high: float
    """The p99 of the best round and of the worst."""
    rounds: int
    failure: str


def rows(servers, taken):
    for server in servers:
        own = [latency for latency in taken if latency.server == server.name]
        if not own:
            continue
        failure = next((latency.failure for latency in own if latency.failure), "")
        tails = [latency.p99 for latency in own]
        yield Row(server, median(latency.p50 for latency in own), median(tails), min(tails), max(tails),
                  len(tails), failure)


def raw(taken):
    return [asdict(latency) for latency in taken]
