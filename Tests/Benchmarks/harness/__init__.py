# SPDX-License-Identifier: Apache-2.0
"""What Tests/Benchmarks/run is made of. README.md has the method."""

from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
REPOSITORY = BENCHMARKS.parent.parent
LOADGEN = BENCHMARKS / "out" / "loadgen"
MINIMAL = BENCHMARKS / "out" / "echo_epoll"
OBJECTS_SERVER = BENCHMARKS / "out" / "objects_epoll"
RELAY_COPY = BENCHMARKS / "out" / "relay_copy"
RELAY_SPLICE = BENCHMARKS / "out" / "relay_splice"
ECHO_UDP = BENCHMARKS / "out" / "echo_udp"
RELAY_UDP = BENCHMARKS / "out" / "relay_udp"
