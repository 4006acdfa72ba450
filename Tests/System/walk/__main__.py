# SPDX-License-Identifier: Apache-2.0
"""Boots the root in WALK_ROOT and runs the cases that the command line names, or all.

Exits with 0 if all went well, 1 if one failed, and 69 if this host cannot boot it."""

import os
import signal
import sys

from . import cases, registry
from .machine import CannotBoot, Machine


def main():
    # So that the machine is turned off whatever ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = Machine(os.environ["WALK_ROOT"])
    try:
        machine.boot()
        failed = registry.run(machine, sys.argv[1:])
        with open(os.environ["WALK_TRANSCRIPT"], "w", encoding="utf-8") as file:
            file.write("\n".join(machine.transcript))
        return 1 if failed else 0
    except CannotBoot as reason:
        print(f"cannot boot: {reason}", file=sys.stderr)
        return 69
    finally:
        machine.power_off()


assert cases
sys.exit(main())
