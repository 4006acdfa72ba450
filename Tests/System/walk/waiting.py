# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, and saying what is not as it should be."""

import time

SECONDS = 30


def wait_for(what, find, seconds=SECONDS):
    """Asks `find` until it has an answer, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what() if callable(what) else what}")
        time.sleep(0.05)


def equal(found, wanted, what):
    """Fails if the two differ, and says how."""
    if found != wanted:
        raise AssertionError(f"{what}: found {short(found)}, wanted {short(wanted)}")


def true(condition, what):
    """Fails with `what` unless the condition holds."""
    if not condition:
        raise AssertionError(what)


def contains(text, part, what):
    """Fails unless `part` is in the text."""
    if part not in text:
        raise AssertionError(f"{what}: there is no {part!r} in {short(text)}")


def short(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 600 else f"{text[:500]}… ({len(text)} long)"
