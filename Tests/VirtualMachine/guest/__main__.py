# SPDX-License-Identifier: Apache-2.0
"""Runs the cases that the kernel's command line names in `usher.cases=A,B`, or all."""

import sys

from . import cases, registry


def chosen():
    with open("/proc/cmdline", encoding="ascii") as file:
        for word in file.read().split():
            key, _, value = word.partition("=")
            if key == "usher.cases":
                return [name for name in value.split(",") if name]
    return []


assert cases
sys.exit(1 if registry.run(chosen()) else 0)
