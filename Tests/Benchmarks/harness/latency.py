# SPDX-License-Identifier: Apache-2.0
"""How long a message takes at a rate that every server can hold: an open loop, timed from when each was due."""

import random
import tempfile
from dataclasses import asdict, dataclass
from statistics import median

from .machine import Ticks
from .running import Failed, RunningLoad, RunningServer

CONNECTIONS = 64
SIZE = 64
FEWEST_ROUNDS = 3


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
    withheld: float = 0.0
    """The part of a processor's time that the hypervisor did not give, of the processor that lacked more."""
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
                                    seconds=seconds, wait=True) as load:
                    load.wait_until_ready()
                    before = [Ticks.of(processor) for processor in (processors.server, processors.load)]
                    result = load.go()
                    after = [Ticks.of(processor) for processor in (processors.server, processors.load)]
                latency.withheld = max((end - begin).steal_share for begin, end in zip(before, after))
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
    """Medians of the rounds that count."""
    low: float
    high: float
    """The p99 of the best of these rounds and of the worst."""
    rounds: int
    of: int
    """How many rounds count, and how many there were."""
    failure: str


def _calm(own):
    """The rounds in which nothing was withheld. A p99 of any other is the host's. Too few: those that lacked least."""
    calm = [latency for latency in own if latency.withheld == 0]
    return calm if len(calm) >= FEWEST_ROUNDS else sorted(own, key=lambda latency: latency.withheld)[:FEWEST_ROUNDS]


def rows(servers, taken):
    for server in servers:
        own = [latency for latency in taken if latency.server == server.name]
        if not own:
            continue
        failure = next((latency.failure for latency in own if latency.failure), "")
        calm = _calm(own)
        tails = [latency.p99 for latency in calm]
        yield Row(server, median(latency.p50 for latency in calm), median(tails), min(tails), max(tails),
                  len(tails), len(own), failure)


def raw(taken):
    return [asdict(latency) for latency in taken]
