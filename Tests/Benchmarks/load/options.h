// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What the command line asked for.
struct options {
    const char *mode;
    struct sockaddr_in server;
    unsigned connections;
    size_t size;          // bytes of one message, of one write in `stream`, or of one datagram
    size_t window;        // `stream`: most bytes on their way at once, a connection; `udp-rr`: datagrams, in all
    unsigned burst;       // datagrams of a flow that leave as one
    unsigned at_once;     // flows that are new to the server at a time
    double loss;          // seconds after which a datagram counts as lost
    double warmup;        // seconds of load before the measured part
    double seconds;       // longest measured part
    uint64_t count;       // most operations in the measured part
    double rate;          // `open`, `udp-flood`: messages a second over all connections
    unsigned sources;     // clients come from 127.0.0.1 ... 127.0.0.SOURCES in turn
    double timeout;       // seconds without any progress that count as a failure
    bool wait;            // stop before the measured part until a line arrives on stdin
    bool exchange;        // `hold`: one message on each connection after it is made
};

/// Reads the command line; prints what is wrong with it and exits with status 2 if it cannot be followed.
struct options parse_options(int argc, char **argv);
