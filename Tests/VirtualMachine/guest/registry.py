# SPDX-License-Identifier: Apache-2.0
"""The cases, in the order in which they are written."""

import signal
import sys
import time
import traceback

from . import daemon, features, kernel

CASE_SECONDS = 90
CASES = []


class Case:
    """A function, and what must be there for it to make sense."""

    def __init__(self, function, needs, before_modules):
        self.function = function
        self.needs = needs
        self.before_modules = before_modules
        self.name = function.__name__.replace("_", "-")


def case(*needs, before_modules=False):
    """Makes a case of a function. `needs` are features of usherd; `before_modules`: it runs before any is loaded."""

    def register(function):
        CASES.append(Case(function, needs, before_modules))
        return function

    return register


def run(names):
    """Runs the cases of these names, as often as each is named, or all once. Says how each one went; returns how many
    failed."""
    chosen = [each for each in CASES for _ in range(names.count(each.name) if names else 1)]
    unknown = set(names) - {each.name for each in chosen}
    results = {"ok": 0, "FAILED": 0, "skipped": 0}
    for name in sorted(unknown):
        results["FAILED"] += 1
        print(f"CASE {name} FAILED: there is no such case")
    for each in [each for each in chosen if each.before_modules]:
        results[attempt(each)] += 1
    kernel.load_all()
    for each in [each for each in chosen if not each.before_modules]:
        results[attempt(each)] += 1
    print("END", *(f"{result}={count}" for result, count in results.items()))
    return results["FAILED"]


def attempt(each):
    missing = [need for need in each.needs if not features.has(need)]
    if missing:
        print(f"CASE {each.name} skipped: this usherd has no {', '.join(missing)} yet")
        return "skipped"
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(CASE_SECONDS)
    begun = time.monotonic()
    known = kernel.messages()
    try:
        each.function()
    except Exception as failure:
        signal.alarm(0)
        print(f"CASE {each.name} FAILED: {type(failure).__name__}: {failure}".replace("\n", " / "))
        explain(failure, kernel.messages()[len(known):])
        return "FAILED"
    finally:
        signal.alarm(0)
        daemon.end_all()
    print(f"CASE {each.name} ok ({time.monotonic() - begun:.1f} s)")
    return "ok"


def out_of_time(*_):
    raise TimeoutError(f"not done after {CASE_SECONDS} s")


def explain(failure, kernel_said):
    """What one wants to see of a failure: where, and all that usherd and the kernel said since the case began."""
    lines = traceback.format_exception(failure)
    for each in daemon.running():
        lines += [f"--- usherd with\n{each.configuration}", f"--- said\n{each.said()}"]
    if kernel_said:
        lines += ["--- the kernel said", *kernel_said]
    for line in "".join(f"{each.rstrip()}\n" for each in lines).splitlines():
        print(f"    {line}")
    sys.stdout.flush()
