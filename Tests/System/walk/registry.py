# SPDX-License-Identifier: Apache-2.0
"""The cases, in the order in which they are written, which is that of the life of a package on a host."""

import signal
import sys
import time
import traceback

from . import service

CASE_SECONDS = 240
CASES = []


class Case:
    """A function of a machine. One that is `always` is run whatever was asked for: what comes after stands on it."""

    def __init__(self, function, always):
        self.function = function
        self.always = always
        self.name = function.__name__.replace("_", "-")


def case(function=None, *, always=False):
    """Makes a case of a function."""

    def register(function):
        CASES.append(Case(function, always))
        return function

    return register(function) if function else register


def run(machine, names):
    """Runs the cases of these names, or all. Says how each one went; returns how many failed."""
    chosen = [each for each in CASES if not names or each.always or each.name in names]
    unknown = set(names) - {each.name for each in CASES}
    results = {"ok": 0, "FAILED": 0}
    for name in sorted(unknown):
        results["FAILED"] += 1
        print(f"CASE {name} FAILED: there is no such case")
    for each in chosen:
        result = attempt(machine, each)
        results[result] += 1
        if result == "FAILED" and each.always:
            print("the cases that follow stand on this one and are left out")
            break
    print("END", *(f"{result}={count}" for result, count in results.items()))
    return results["FAILED"]


def attempt(machine, each):
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(CASE_SECONDS)
    begun = time.monotonic()
    since = service.now(machine)
    try:
        each.function(machine)
        # A case leaves the host as it was: if that fails, so has the case.
        service.restore(machine)
    except Exception as failure:  # whatever it is, the other cases are to run
        signal.alarm(0)
        print(f"CASE {each.name} FAILED: {type(failure).__name__}: {failure}".replace("\n", " / "))
        explain(machine, failure, since)
        try:
            service.restore(machine)
        except Exception as second:  # said, and the next case will show it
            print(f"    and it could not be undone: {second}")
        return "FAILED"
    finally:
        signal.alarm(0)
        sys.stdout.flush()
    print(f"CASE {each.name} ok ({time.monotonic() - begun:.1f} s)", flush=True)
    return "ok"


def out_of_time(*_):
    raise TimeoutError(f"not done after {CASE_SECONDS} s")


def explain(machine, failure, since):
    """What one wants to see of a failure: where, and the journal of the machine since the case began."""
    lines = traceback.format_exception(failure)
    lines.append("--- systemctl status")
    lines.append(machine.run("systemctl", "status", "usherd.service", "--no-pager", "--lines=0", check=False))
    lines.append("--- the journal since the case began; its last 80 lines")
    said = machine.run("journalctl", since, "--no-pager", "--output=short-precise", check=False)
    lines += said.splitlines()[-80:]
    for line in "".join(f"{each.rstrip()}\n" for each in lines).splitlines():
        print(f"    {line}")
