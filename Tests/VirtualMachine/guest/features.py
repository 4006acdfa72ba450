# SPDX-License-Identifier: Apache-2.0
"""What the usherd under test knows."""

import functools
import subprocess
import tempfile

# Cases for these must pass. What is not here runs once usherd takes it.
REQUIRED = {"vsock", "udp", "can", "rds", "datagram-forward", "can-upstream", "rds-upstream", "connect", "send",
            "receive"}

# A configuration of each feature that a usherd without it refuses.
CONFIGURATIONS = {
    "vsock": 'listen = "vsock://any:7007"\nservice = "echo"',
    "udp": 'listen = "udp://127.0.0.1:7007"\nservice = "echo"',
    "can": 'listen = "can://vcan0"\nservice = "echo"',
    "rds": 'listen = "rds://127.0.0.1:7007"\nservice = "echo"',
    "can-upstream": 'listen = "udp://127.0.0.1:7007"\nservice = "forward"\nto = "can://vcan0"',
    "rds-upstream": 'listen = "udp://127.0.0.1:7007"\nservice = "forward"\nto = "rds://127.0.0.1:7008"',
    "datagram-forward": 'listen = "can://vcan0"\nservice = "forward"\nto = "udp://127.0.0.1:7007"',
}

# Commands of usherctl, whose help is about usherctl itself if it does not know them.
COMMANDS = {"connect", "send", "receive"}


@functools.cache
def has(feature):
    """Whether it is there, or must be."""
    if feature in REQUIRED:
        return True
    if feature in COMMANDS:
        return f"usherctl {feature} " in run("usherctl", feature, "--help").stdout
    return check(f"[listener.probe]\n{CONFIGURATIONS[feature]}\n").returncode == 0


def check(configuration):
    """What `usherd --check` says of a configuration."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(configuration)
        file.flush()
        return run("usherd", "--check", "--config", file.name)


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
