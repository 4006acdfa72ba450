# SPDX-License-Identifier: Apache-2.0
"""What `run --gate` holds usherd to. Only counts, which do not depend on how busy the host is.

A change that needs more is free to raise a ceiling, here and in the same commit, and to say what it buys. One that
needs less should lower it, so that it stays won.
"""

ECHO = {
    # One message under way: epoll_wait, recv, send. A fourth call a message would be a timer, a second recv that only
    # finds the socket empty, or a registration that should last as long as the connection.
    "system calls a message, 1 connection": 3.05,

    # 64 under way: one epoll_wait brings many events (all of them, as strace slows the server down far more than the
    # load), so that recv and send are nearly all there is.
    "system calls a message, 64 connections": 2.25,

    # One connection after the other: epoll_wait for the listener, accept4 and every second time one that finds no more,
    # recv, send, epoll_ctl, epoll_wait and recv for the end, close. Up to two more if the first bytes come just too late.
    "system calls a connection, 1 at a time": 11.5,

    # 64 at a time share the waiting: accept4, recv, send, epoll_ctl, recv, close, and writes of the log that hundreds
    # of connections share. A seventh would be a socket option that the listener could pass on, or an address asked for
    # that accept4 has given.
    "system calls a connection, 64 at a time": 6.75,

    # The idle daemon sleeps: no timer, no poll, no heartbeat.
    "system calls of idle connections": 0,
    "wake-ups of idle connections": 0,

    # Memory of its own (Pss) that an open connection holds while nothing moves; the kernel's is not counted.
    "bytes an idle connection": 1024,
}

RELAY = {
    # One message under way: epoll_wait, recv and send, for the request and again for the answer.
    "system calls a relayed message, 1 connection": 6.1,

    # 64 under way: one epoll_wait brings many events.
    "system calls a relayed message, 64 connections": 4.25,

    # One connection after the other. servers/relay_copy.c makes 20: epoll_wait 4, accept4 twice, socket, TCP_NODELAY,
    # connect, epoll_ctl twice, recv 4 (request, answer, and both ends), send twice, shutdown, close twice. Up to one
    # more if the answer comes just too late.
    "system calls a relayed connection, 1 at a time": 21,

    # 64 at a time share the waiting; the same program makes 15, and SO_OOBINLINE of the upstream's socket is one more: without it
    # an urgent byte would be lost. The log's writes are shared by hundreds.
    "system calls a relayed connection, 64 at a time": 16.5,

    # A relay with nothing to do sleeps.
    "system calls of idle relayed connections": 0,
    "wake-ups of idle relayed connections": 0,

    # Memory of its own (Pss) for the two sockets and all that belongs to them.
    "bytes an idle relayed connection": 1024,
}
