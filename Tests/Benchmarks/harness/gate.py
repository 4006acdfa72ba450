# SPDX-License-Identifier: Apache-2.0
"""The checks that cannot flake: counts of system calls and bytes against committed ceilings."""

import tempfile
import time

from . import resting, tracing
from .ceilings import ECHO, RELAY
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


def _counted(server, noun, *where):
    """Each traced figure: (name, value, the calls it consists of)."""
    for places in (1, 64):
        count = MESSAGES if places > 1 else MESSAGES // 10
        connections = "1 connection" if places == 1 else f"{places} connections"
        yield (f"system calls a {noun}message, {connections}",
               *_calls_an_operation(server, *where, "rr", places, count))
    for places in (1, 64):
        yield (f"system calls a {noun}connection, {places} at a time",
               *_calls_an_operation(server, *where, "crr", places, CONNECTIONS))


def _idle(server, noun, *where, descriptors):
    idle = resting.measure_idle(server, *where, descriptors, trace_seconds=IDLE_SECONDS)
    if idle.failure:
        raise Failed(idle.failure)
    calls = idle.system_calls or {}
    yield f"system calls of idle {noun}connections", sum(calls.values()), calls
    yield f"wake-ups of idle {noun}connections", idle.wakeups, {}
    yield f"bytes an idle {noun}connection", idle.bytes_a_connection, {}


def _composition(calls):
    often = sorted(calls.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:.3g}" for name, count in often if count >= 0.005)


def _check(server, noun, ceilings, where, descriptors, results):
    """Prints a line a figure and fills `results`. Returns whether all are within their ceilings."""
    good = True
    for figures in (_counted(server, noun, *where), _idle(server, noun, *where, descriptors=descriptors)):
        for name, value, calls in figures:
            within = value <= ceilings[name]
            good = good and within
            results[name] = {"value": value, "ceiling": ceilings[name], "calls": calls}
            print(f"{'ok  ' if within else 'FAIL'}  {name}: {value:.5g} (at most {ceilings[name]:g})"
                  + (f"  [{_composition(calls)}]" if calls else ""), flush=True)
    return good


def run(echo, relay, processors, make_meter, temporary, descriptors, results):
    """Checks usherd as a server that echoes and as one that relays. Returns whether all is as it should be."""
    needed = resting.IDLE_CONNECTIONS * relay.descriptors_a_connection + 100
    reason = echo.missing() or tracing.missing()
    if reason is None and descriptors < needed:
        reason = f"the hard limit of open descriptors is {descriptors}; {needed} are needed"
    if reason is not None:
        print(f"gate: nothing was checked: {reason}")
        return False

    good = True
    for server, noun, ceilings in ((echo, "", ECHO), (relay, "relayed ", RELAY)):
        try:
            good = _check(server, noun, ceilings, (processors, make_meter, temporary), descriptors, results) and good
        except Failed as failure:
            print(f"FAIL  {server.name}: {failure}")
            good = False
    return good
