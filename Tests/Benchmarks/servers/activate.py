# SPDX-License-Identifier: Apache-2.0
"""Starts a socket-activated program as systemd would from a .socket unit with Backlog=4096 and NoDelay=yes.

usage: activate.py PORT PROGRAM [ARGUMENT...]
"""

import os
import socket
import sys

FIRST_PASSED_DESCRIPTOR = 3  # sd_listen_fds(3)


def main():
    port, program = int(sys.argv[1]), sys.argv[2:]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4096)
    listener.setblocking(False)
    if listener.fileno() != FIRST_PASSED_DESCRIPTOR:
        os.dup2(listener.fileno(), FIRST_PASSED_DESCRIPTOR)
    os.set_inheritable(FIRST_PASSED_DESCRIPTOR, True)
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
