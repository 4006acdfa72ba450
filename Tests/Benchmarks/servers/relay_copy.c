// SPDX-License-Identifier: Apache-2.0

// The least that a relay over TCP can do that copies: what all other relays are compared with. relay.c has the rest.
//
// usage: relay_copy PORT UPSTREAM

#include "relay.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "loopback.h"

// What the receiver has not taken yet. Flows without such a rest own no memory.
struct rest {
    size_t begin, end;
    uint8_t bytes[];
};

static uint8_t buffer[256 * 1024];

static void keep(struct flow *flow, const uint8_t *bytes, size_t length) {
    struct rest *rest = malloc(sizeof *rest + length);
    require(rest != NULL, "malloc");
    rest->begin = 0;
    rest->end = length;
    memcpy(rest->bytes, bytes, length);
    flow->rest = rest;
}

void flow_forget(struct flow *flow) {
    free(flow->rest);
    flow->rest = NULL;
}

static enum progress flush(struct flow *flow) {
    struct rest *rest = flow->rest;
    if (!rest)
        return DRAINED;
    ssize_t sent = send(flow->to, rest->bytes + rest->begin, rest->end - rest->begin, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN ? BLOCKED : GONE;
    rest->begin += (size_t)sent;
    if (rest->begin < rest->end)
        return BLOCKED;
    flow_forget(flow);
    return DRAINED;
}

enum progress flow_move(struct flow *flow) {
    enum progress flushed = flush(flow);
    if (flushed != DRAINED)
        return flushed;
    for (;;) {
        ssize_t received = recv(flow->from, buffer, sizeof buffer, 0);
        if (received == 0)
            return ENDED;
        if (received < 0)
            return errno == EAGAIN ? DRAINED : GONE;
        size_t length = (size_t)received;
        ssize_t sent = send(flow->to, buffer, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return GONE;
        size_t taken = sent < 0 ? 0 : (size_t)sent;
        if (taken < length) {
            keep(flow, buffer + taken, length - taken);
            return BLOCKED;
        }
        // A short read emptied the socket, so a second read can be left out.
        if (length < sizeof buffer && !flow->announced)
            return DRAINED;
    }
}

int main(int argc, char **argv) {
    return relay(argc, argv);
}
