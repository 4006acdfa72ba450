# SPDX-License-Identifier: Apache-2.0
"""The workloads of workloads.py in short slots and random order, compared within a round."""

import os
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import processes
from .machine import Ticks
from .running import Failed, RunningLoad, RunningServer
from .summary import summarize
from .workloads import Workload


@dataclass
class Slot:
    """One server under one workload once."""

    round: int
    workload: str
    server: str
    operations: int = 0
    seconds: float = 0.0
    nanoseconds: int = 0
    """Processor time of the server and its children, and of the kernel's softirq thread on its processor."""
    load_share: float = 0.0
    """How much of its processor the load generator needed, and the upstream of a relay."""
    steal_share: float = 0.0
    """How much of the two processors' time the hypervisor gave to others; the worse of the two."""
    foreign_share: float = 0.0
    """How much of the server's processor other programs had."""
    failure: str = ""
    remark: str = ""

    @property
    def cost(self):
        """Nanoseconds an operation."""
        return self.nanoseconds / self.operations


@dataclass
class Plan:
    rounds: int
    peer_rounds: int
    seconds: float
    warmup: float
    steal_limit: float


class TimedRun:
    """All rounds of all workloads; keeps every slot, so that the report can be made again from the JSON."""

    def __init__(self, plan, workloads, servers, reference, processors, make_meter, temporary):
        """`reference` is the name of the server that the others are compared with."""
        self.plan = plan
        self.reference = reference
        self.workloads = workloads
        self.servers = servers
        self.processors = processors
        self.make_meter = make_meter
        self.temporary = temporary
        self.slots = []
        self.rounds = 0
        """How many were run."""
        self.softirq_thread = processes.find_kernel_thread(f"ksoftirqd/{processors.server}")

    def run(self, progress, deadline=None):
        """With a deadline (of time.monotonic) no round begins that would probably not end before it."""
        hopeless = set()
        longest = {True: 0.0, False: 0.0}  # with the peers, and without
        for number in range(self.plan.rounds):
            began, peers = time.monotonic(), self._peers_play(number)
            if deadline is not None and number > 0 and began + longest[peers] > deadline:
                break
            self._round(number, hopeless, progress)
            longest[peers] = max(longest[peers], time.monotonic() - began)
            self.rounds = number + 1

    def _round(self, number, hopeless, progress):
        for workload in self.workloads:
            order = [server for server in self.servers
                     if workload.suits(server) and (server.every_round or self._peers_play(number))]
            random.shuffle(order)
            for server in order:
                if (workload.name, server.name) in hopeless:
                    continue
                progress(f"round {number + 1} of {self.plan.rounds}: {workload.name}, {server.name}")
                slot = self._slot(number, workload, server)
                if slot.steal_share > self.plan.steal_limit:
                    slot = self._slot(number, workload, server)  # once more; the moment was bad
                self.slots.append(slot)
                if slot.failure:
                    hopeless.add((workload.name, server.name))

    def _peers_play(self, number):
        """Whether the peers take part in this round: `peer_rounds` of them, spread evenly."""
        every = self.plan.rounds / min(self.plan.peer_rounds, self.plan.rounds)
        return int(number / every) != int((number - 1) / every) if number > 0 else True

    def _slot(self, number, workload, server):
        slot = Slot(number, workload.name, server.name)
        if workload.options["connections"] > server.most_connections:
            slot.failure = f"cannot hold more than {server.most_connections} connections"
            return slot
        try:
            with tempfile.TemporaryDirectory(dir=self.temporary) as directory:
                directory = Path(directory)
                with RunningServer(server, directory, self.processors, self.make_meter(), workload.upstream) as running:
                    result = self._measure(slot, workload, running)
                remarks = [server.review(directory, result["connections"] + 1), _irregularities(result)]
                slot.remark = "; ".join(remark for remark in remarks if remark)
        except Failed as failure:
            slot.failure = str(failure)
        return slot

    def _measure(self, slot, workload, running):
        with RunningLoad(workload.mode, running.port, self.processors, **workload.options,
                         **running.server.load_options, warmup=self.plan.warmup, seconds=self.plan.seconds,
                         wait=True) as load:
            load.wait_until_ready()
            time.sleep(workload.settle)
            before, used, upstream = self._look(), self._server_time(running), running.upstream_time()
            result = load.go()
            after, upstream = self._look(), running.upstream_time() - upstream
            time.sleep(workload.settle)
            slot.nanoseconds = self._server_time(running) - used
        slot.operations = result["operations"]
        slot.seconds = result["seconds"]
        slot.load_share = (result["cpu_seconds"] + upstream / 1e9) / result["seconds"]
        elapsed = {processor: after[processor] - before[processor] for processor in after}
        slot.steal_share = max(ticks.steal_share for ticks in elapsed.values())
        slot.foreign_share = elapsed[self.processors.server].foreign_share(slot.nanoseconds)
        if slot.operations == 0:
            raise Failed("no operation finished")
        return result

    def _look(self):
        return {processor: Ticks.of(processor) for processor in (self.processors.server, self.processors.load)}

    def _server_time(self, running):
        softirq = processes.run_time(self.softirq_thread) if self.softirq_thread else 0
        return running.processor_time() + softirq

    # What came of it

    def rows(self):
        return [self._row(workload, server) for workload in self.workloads for server in self.servers
                if workload.suits(server)]

    def _row(self, workload, server):
        slots = [slot for slot in self.slots if (slot.workload, slot.server) == (workload.name, server.name)]
        kept = {slot.round: slot for slot in slots if self._counts(slot)}
        reference = {slot.round: slot for slot in self.slots
                     if (slot.workload, slot.server) == (workload.name, self.reference) and self._counts(slot)}
        return Row(
            workload=workload, server=server, planned=len(slots),
            cost=summarize([slot.cost for slot in kept.values()]),
            ratio=summarize([slot.cost / reference[number].cost for number, slot in kept.items()
                             if number in reference]),
            rate=summarize([slot.operations / slot.seconds for slot in kept.values()]),
            load=summarize([slot.load_share for slot in kept.values()]),
            failure=next((slot.failure for slot in slots if slot.failure), ""),
            remarks=[slot.remark for slot in slots if slot.remark],
        )

    def growths(self, growths):
        """For each Growth and each server that has both figures: (growth, server, summary of the quotients)."""
        for growth in growths:
            for server in self.servers:
                costs = {(slot.workload, slot.round): slot.cost for slot in self.slots
                         if slot.server == server.name and self._counts(slot)}
                quotients = [cost / costs[growth.base, number] for (workload, number), cost in costs.items()
                             if workload == growth.workload and (growth.base, number) in costs]
                if quotients and server.relays == self._workload(growth.workload).relayed:
                    yield growth, server, summarize(quotients)

    def _workload(self, name):
        return next(workload for workload in self.workloads if workload.name == name)

    def _counts(self, slot):
        return not slot.failure and slot.steal_share <= self.plan.steal_limit

    def foreign_share(self):
        return summarize([slot.foreign_share for slot in self.slots if not slot.failure])

    def steal_share(self):
        return summarize([slot.steal_share for slot in self.slots if not slot.failure])

    def raw(self):
        return [asdict(slot) for slot in self.slots]


def _irregularities(result):
    """What happened to datagrams in a closed loop that no buffer is too small for."""
    said = [f"{result[what]} datagrams of {result['sent']} {what}" for what in ("lost", "late", "reordered")
            if result.get(what)]
    return ", ".join(said)


@dataclass
class Row:
    """One line of the table."""

    workload: Workload
    server: object
    planned: int
    cost: object
    ratio: object
    rate: object
    load: object
    failure: str
    remarks: list = field(default_factory=list)


def show_progress(text):
    """One line that is written over, on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        width = os.get_terminal_size(sys.stderr.fileno()).columns
        print("\r" + text[: width - 1].ljust(width - 1), end="" if text else "\r", file=sys.stderr, flush=True)
