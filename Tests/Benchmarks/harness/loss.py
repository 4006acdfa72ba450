# SPDX-License-Identifier: Apache-2.0
"""How many datagrams a server loses at rates that are the same for all: parts of what the minimal program's processor
time would let it serve."""

import random
import tempfile
from dataclasses import asdict, dataclass

from .running import Failed, RunningLoad, RunningServer
from .summary import summarize


@dataclass
class Loss:
    """One server at one rate, once."""

    round: int
    flood: str
    server: str
    rate: float
    """Datagrams a second that were due."""
    held: float = 0.0
    """Datagrams a second that the load did send."""
    sent: int = 0
    lost: int = 0
    dropped: int = 0
    """Of those, how many were lost between the server and the load's own eyes: at its sockets, or the upstream's."""
    failure: str = ""

    @property
    def share(self):
        """Of the datagrams sent, those that the server lost."""
        return max(0, self.lost - self.dropped) / self.sent


def cost(server, workload, processors, make_meter, temporary, seconds=0.5):
    """Nanoseconds of processor time for a datagram of a closed loop; None if it does not get that far."""
    try:
        with tempfile.TemporaryDirectory(dir=temporary) as directory, \
                RunningServer(server, directory, processors, make_meter()) as running, \
                RunningLoad(workload.mode, running.port, processors, **workload.options, **server.load_options,
                            seconds=seconds, wait=True) as load:
            load.wait_until_ready()
            used = running.processor_time()
            operations = load.go()["operations"]
            return (running.processor_time() - used) / operations if operations else None
    except Failed:
        return None


def measure(floods, servers, rates, rounds, seconds, progress, processors, make_meter, temporary):
    """Every server at every rate once a round, in random order. `rates` has the rates by the flood's name."""
    taken, hopeless = [], set()
    for number in range(rounds):
        turns = [(flood, rate, server) for flood in floods for rate in rates[flood.name] for server in servers
                 if server.relays == flood.relayed and not server.again and not server.one_under_way
                 and flood.options["connections"] <= server.most_connections]
        random.shuffle(turns)
        for flood, rate, server in turns:
            if (flood.name, server.name) in hopeless:
                continue
            progress(f"loss, round {number + 1} of {rounds}: {flood.name}, {server.name}, {rate} a second")
            loss = Loss(number, flood.name, server.name, rate)
            try:
                with tempfile.TemporaryDirectory(dir=temporary) as directory, \
                        RunningServer(server, directory, processors, make_meter()) as running:
                    _measure(loss, flood, running, seconds, processors)
            except Failed as failure:
                loss.failure = str(failure)
                hopeless.add((flood.name, server.name))
            taken.append(loss)
    return taken


def _measure(loss, flood, running, seconds, processors):
    with RunningLoad("udp-flood", running.port, processors, **flood.options, **running.server.load_options,
                     rate=loss.rate, seconds=seconds, warmup=0.1, wait=True) as load:
        load.wait_until_ready()
        dropped = running.upstream_drops()
        result = load.go()
        loss.dropped = running.upstream_drops() - dropped + result["dropped"]
    loss.sent, loss.lost = result["sent"], result["lost"]
    loss.held = result["sent"] / result["sending_seconds"]


@dataclass
class Row:
    flood: object
    rate: float
    server: object
    share: object
    """Summaries of the rounds."""
    held: object
    elsewhere: object
    """The part of the datagrams that was lost, but not by the server."""
    failure: str


def rows(floods, servers, taken):
    for flood in floods:
        for rate in sorted({loss.rate for loss in taken if loss.flood == flood.name}):
            for server in servers:
                own = [loss for loss in taken
                       if (loss.flood, loss.rate, loss.server) == (flood.name, rate, server.name)]
                if not own or server.relays != flood.relayed:
                    continue
                good = [loss for loss in own if not loss.failure]
                yield Row(flood, rate, server, summarize([loss.share for loss in good]),
                          summarize([loss.held for loss in good]),
                          summarize([min(loss.lost, loss.dropped) / loss.sent for loss in good]),
                          next((loss.failure for loss in own if loss.failure), ""))


def raw(taken):
    return [asdict(loss) for loss in taken]
