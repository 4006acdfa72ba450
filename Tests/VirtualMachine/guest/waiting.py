# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, and saying what is not as it should be."""

import time

SECONDS = 30


def wait_for(what, find):
    """Asks `find` until it has an answer, and returns that."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = find()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {SECONDS} s for {what() if callable(what) else what}")
        time.sleep(0.02)


def equal(found, wanted, what):
    """Fails if the two differ, and says how; long bytes are cut short."""
    if found != wanted:
        raise AssertionError(f"{what}: found {short(found)}, wanted {short(wanted)}")


def true(condition, what):
    """Fails with `what` unless the condition holds."""
    if not condition:
        raise AssertionError(what)


def short(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:200]}… ({len(value)} long)"
