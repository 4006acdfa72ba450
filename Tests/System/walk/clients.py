# SPDX-License-Identifier: Apache-2.0
"""Clients. They are in the machine's network, since this thread is; see Machine.enter_network."""

import os
import socket
import subprocess

SECONDS = 20


def connect(port):
    """A connection to a port of the machine's loopback."""
    client = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    return client


def connect_path(machine, path):
    """A connection to a Unix socket of the machine."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(SECONDS)
    # The path through /proc is short enough, and leads to the same file.
    client.connect(machine.path(path))
    return client


def ask(client, line):
    """Sends a line and returns the one that comes back."""
    client.sendall(line + b"\n")
    return receive_line(client)


def receive_line(client):
    text = b""
    while not text.endswith(b"\n"):
        byte = client.recv(1)
        if not byte:
            raise ConnectionError(f"the connection ended after {text!r}")
        text += byte
    return text[:-1]


def name(client):
    """The client's address, as usherd writes it."""
    host, port = client.getsockname()
    return f"tcp://{host}:{port}"


class Many:
    """A program that makes many connections to an echo, at work; see connect.c."""

    def __init__(self, port, count):
        self.process = subprocess.Popen([os.environ["WALK_CONNECT"], str(port), str(count)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)

    @property
    def runs(self):
        return self.process.poll() is None

    def result(self):
        """Waits for its end: how many connections were made, refused, broken."""
        said, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise AssertionError(f"the program that connects exited with {self.process.returncode}")
        return {word.split("=")[0]: int(word.split("=")[1]) for word in said.split()}
