# SPDX-License-Identifier: Apache-2.0
"""Modules and interfaces."""

import subprocess


def command(*words):
    """Runs a program that must succeed and returns what it said."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: exited with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def load(*modules):
    """Loads modules and what they need."""
    for module in modules:
        command("modprobe", module)


def load_all():
    """Loads every module of the list, and makes the interface that all cases of CAN share."""
    with open("/modules", encoding="ascii") as file:
        load(*(line.strip() for line in file if line.strip() and not line.startswith("#")))
    add_can("vcan0")


def add_can(name):
    """Makes a CAN bus that takes FD frames, and brings it up."""
    command("ip", "link", "add", "dev", name, "type", "vcan")
    command("ip", "link", "set", name, "mtu", "72")
    command("ip", "link", "set", name, "up")


def remove(name):
    """Removes an interface, as pulling out the adapter does."""
    command("ip", "link", "del", "dev", name)


def messages():
    """The lines that the kernel logged so far."""
    return command("dmesg").splitlines()
