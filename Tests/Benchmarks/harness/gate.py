# SPDX-License-Identifier: Apache-2.0
"""The checks that cannot flake: counts of system calls and bytes against committed ceilings."""

import tempfile
import time

from . import resting, tracing
from .ceilings import CEILINGS
from .running import Failed, RunningLoad, RunningServer

MESSAGES = 20000
CONNECTIONS = 1000
IDLE_SECONDS = 10


def _calls_an_operation(server, processors, make_meter, temporary, mode, places, count):
    with tempfile.TemporaryDirectory(dir=temporary) as directory, \
            RunningServer(server, directory, processors, make_meter()) as running, \
            RunningLoad(mode, running.port, processors, connections=places, count=count, seconds=120, warmup=0,
                        timeout=30, wait=True) as load:
        load.wait_until_ready()
        time.sleep(0.3)
        with tracing.Trace(running.pid, directory) as trace:
            operations = load.go()["operations"]
            time.sleep(0.3)
        return trace.total / operations, {name: calls / operations for name, calls in trace.calls.items()}


def _counted(server, *where):
    """Each traced figure: (name, value, the calls it consists of)."""
    for places in (1, 64):
        count = MESSAGES if places > 1 else MESSAGES // 10
        connections = "1 connection" if places == 1 else f"{places} connections"
        yield (f"system calls a message, {connections}",
               *_calls_an_operation(server, *where, "rr", places, count))
    for places in (1, 64):
        yield (f"system calls a connection, {places} at a time",
               *_calls_an_operation(server, *where, "crr", places, CONNECTIONS))


def _idle(server, *where, descriptors, seconds):
    idle = resting.measure_idle(server, *where, descriptors, trace_seconds=seconds)
    if idle.failure:
        raise Failed(idle.failure)
    calls = idle.system_calls or {}
    yield "system calls of 5000 idle connections", sum(calls.values()), calls
    yield "wake-ups of 5000 idle connections", idle.wakeups, {}
    yield "bytes an idle connection", idle.bytes_a_connection, {}


def _composition(calls):
    often = sorted(calls.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:.3g}" for name, count in often if count >= 0.005)


def run(server, processors, make_meter, temporary, descriptors, results):
    """Prints a line a check and fills `results`. Returns whether all figures are within their ceilings."""
    reason = server.missing() or tracing.missing()
    if reason is None and descriptors < resting.IDLE_CONNECTIONS + 100:
        reason = f"the hard limit of open descriptors is {descriptors}; {resting.IDLE_CONNECTIONS + 100} are needed"
    if reason is not None:
        print(f"gate: nothing was checked: {reason}")
        return False

    where = (processors, make_meter, temporary)
    good = True
    try:
        for figures in (_counted(server, *where),
                        _idle(server, *where, descriptors=descriptors, seconds=IDLE_SECONDS)):
            for name, value, calls in figures:
                within = value <= CEILINGS[name]
                good = good and within
                results[name] = {"value": value, "ceiling": CEILINGS[name], "calls": calls}
                print(f"{'ok  ' if within else 'FAIL'}  {name}: {value:.5g} (at most {CEILINGS[name]:g})"
                      + (f"  [{_composition(calls)}]" if calls else ""), flush=True)
    except Failed as failure:
        print(f"FAIL  {server.name}: {failure}")
        return False
    return good
