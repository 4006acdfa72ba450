// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdbool.h>

/// One direction of a relayed connection.
struct flow {
    int from, to;
    bool waits;     // for `to` to take more (or to be connected): nothing is read meanwhile
    bool announced; // the end of the stream is in the socket, and gives no further edge
    bool ended;     // the end was passed on
    void *rest;     // what `to` has not taken yet; the mover's own
};

enum progress {
    DRAINED, // nothing more to read for now
    BLOCKED, // `to` takes no more for now
    ENDED,   // the last byte is on its way
    GONE,    // one of the two is broken
};

/// Moves bytes until there is none left or no room for more.
enum progress flow_move(struct flow *flow);

/// Frees what flow->rest holds.
void flow_forget(struct flow *flow);

/// Accepts on 127.0.0.1:PORT and relays each connection to 127.0.0.1:UPSTREAM, for ever. Both are in `arguments`.
int relay(int count, char **arguments);
