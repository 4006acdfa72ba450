# SPDX-License-Identifier: Apache-2.0
"""A second host, in a network namespace."""

import subprocess

from . import kernel


class Wire:
    """A second host in a namespace of its own, 10.77.0.9, at the other end of a wire from here, 10.77.0.1."""

    def __enter__(self):
        kernel.command("ip", "netns", "add", "other")
        kernel.command("ip", "link", "add", "dev", "wire", "address", HERE, "type", "veth", "peer", "name", "wire",
                       "address", THERE, "netns", "other")
        kernel.command("ip", "address", "add", "10.77.0.1/24", "dev", "wire")
        kernel.command("ip", "link", "set", "wire", "up")
        kernel.command("ip", "-n", "other", "address", "add", "10.77.0.9/24", "dev", "wire")
        kernel.command("ip", "-n", "other", "link", "set", "wire", "up")
        # Nobody asks for the other's address: that the wire loses such a question is not the subject.
        kernel.command("ip", "neighbour", "replace", "10.77.0.9", "lladdr", THERE, "dev", "wire", "nud", "permanent")
        kernel.command("ip", "-n", "other", "neighbour", "replace", "10.77.0.1", "lladdr", HERE, "dev", "wire", "nud",
                       "permanent")
        return self

    def __exit__(self, *_):
        kernel.remove("wire")
        kernel.command("ip", "netns", "delete", "other")

    def disturb(self, how):
        """Lets what comes from the other host suffer, as tc-netem(8) has it."""
        kernel.command("tc", "-n", "other", "qdisc", "replace", "dev", "wire", "root", "netem", *how.split())

    def run(self, script, *arguments):
        """Begins a script of Python's on the other host."""
        return subprocess.Popen(in_namespace(script, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True)


# Of this kind may be whoever wants to (IEEE 802, locally administered).
HERE, THERE = "02:00:00:00:00:01", "02:00:00:00:00:09"


def in_namespace(script, *arguments):
    """The command that runs a script of Python's on the other host."""
    return ["ip", "netns", "exec", "other", "python3", "-B", "-c", script, *arguments]
