# SPDX-License-Identifier: Apache-2.0
"""Everything that was asked for of one family: taken, printed as Markdown, and kept for --json."""

import time

from . import latency, loss, report, resting
from .timed import TimedRun, show_progress
from .workloads import datagram_workload


class Measurement:
    def __init__(self, family, plan, quick, processors, make_meter, temporary, descriptors):
        self.family = family
        self.plan = plan
        self.quick = quick
        self.where = (processors, make_meter, temporary)
        self.descriptors = descriptors
        self.servers = [server for server in family.servers if server.missing() is None]
        self.timed = TimedRun(plan, family.workloads, self.servers, family.reference, *self.where)
        self.idle = []
        self.start = None
        self.latencies = []
        self.losses = []

    def run(self, bounded):
        """With `bounded` the timed workloads stop when their time is up, and else after all rounds."""
        self.timed.run(show_progress, deadline=time.monotonic() + self.family.budget if bounded else None)
        if self.family.idle:
            self._run_idle()
        if self.family.latency:
            self._run_latency()
        if self.family.floods:
            self._run_floods()
        if self.family.start and self.family.usherd in self.servers:
            show_progress("start: usherd")
            processors, _, temporary = self.where
            self.start = resting.measure_start(self.family.usherd, processors, temporary, 5 if self.quick else 15)
        show_progress("")

    def _run_idle(self):
        for server in self.servers:
            if server.again or server.bulk_only:
                continue
            show_progress(f"{self.family.idle}: {server.name}")
            trace = (2 if self.quick else 10) if server.name == "usherd" else 0
            self.idle.append(resting.measure_idle(server, *self.where, self.descriptors, trace,
                                                  settle=0.3 if self.quick else 1))

    def _run_latency(self):
        rate = self._rate_for_all()
        if rate > 0:
            self.latencies = latency.measure(self.servers, rate, 1 if self.quick else 15, 0.5, show_progress, *self.where)

    def _run_floods(self):
        rates = {flood.name: self._flood_rates(flood) for flood in self.family.floods}
        self.losses = loss.measure(self.family.floods, self.servers, rates, 1 if self.quick else 3,
                                   0.25 if self.quick else 1, show_progress, *self.where)

    def _flood_rates(self, flood):
        """Parts of what the minimal program's processor could serve."""
        minimal = next(server for server in self.servers
                       if server.name == self.family.reference and server.relays == flood.relayed)
        known = next((row.cost.median for row in self.timed.rows()
                      if (row.workload.name, row.server) == (flood.measure, minimal) and row.cost), None)
        cost = known or loss.cost(minimal, datagram_workload(flood.measure), *self.where)
        return [round(share * 1e9 / cost / 1000) * 1000 for share in flood.shares if cost]

    def _rate_for_all(self):
        """Half of what the slowest peer can hold."""
        peers = [server for server in self.servers if not server.required]
        known = {row.server.name: row.rate.median for row in self.timed.rows()
                 if row.workload.name == self.family.capacity and row.rate}
        held = [known.get(server.name) or latency.capacity(server, *self.where)
                for server in peers or self.servers if not server.bulk_only]
        return round(min((rate for rate in held if rate > 0), default=0) / 2)

    def failures(self):
        """What must not happen: a server that is needed did not do its work, or usherd left records out."""
        required = {server.name for server in self.servers if server.required}
        said = report.timed_failures(self.timed)
        said += [f"{self.family.idle}, {one.server}: {one.failure}" for one in self.idle
                 if one.failure and one.server in required]
        said += [f"{self.family.latency}, {one.server}: {one.failure}" for one in self.latencies
                 if one.failure and one.server in required]
        said += [f"{one.flood}, {one.server}: {one.failure}" for one in self.losses
                 if one.failure and one.server in required]
        if self.start and self.start.failure:
            said.append(f"{self.family.start}, usherd: {self.start.failure}")
        return said

    def print(self):
        print(f"## {self.family.title}\n")
        lines = report.circumstances(self.timed)
        if lines:
            print(lines, end="\n\n")
        if self.family.workloads:
            print(report.timed_table(self.timed), end="\n\n")
        growths = list(self.timed.growths(self.family.growths))
        if growths:
            print(report.growth_table(growths), end="\n\n")
        if self.losses:
            print(report.loss_table(self.family.floods, self.servers, self.losses), end="\n\n")
        if self.latencies:
            print(report.latency_table(self.servers, self.latencies), end="\n\n")
        if self.idle:
            print(report.idle_table(self.idle))
        if self.start:
            print(report.start_lines(self.start))
        print()
        print(report.versions(self.family.servers))

    def raw(self):
        return {"plan": vars(self.plan), "slots": self.timed.raw(), "idle": [resting.raw(one) for one in self.idle],
                "start": resting.raw(self.start) if self.start else None, "latency": latency.raw(self.latencies),
                "loss": loss.raw(self.losses),
                "versions": {server.title: server.version() for server in self.servers}}
