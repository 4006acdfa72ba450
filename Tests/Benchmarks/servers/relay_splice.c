// SPDX-License-Identifier: Apache-2.0

// The least that a relay over TCP can do that never looks at the bytes: they go through a pipe by splice(2). A pipe
// belongs to a flow only while something is in it, so that one serves as long as nobody is slow. relay.c has the rest.
//
// usage: relay_splice PORT UPSTREAM

#define _GNU_SOURCE // splice, pipe2, F_SETPIPE_SZ

#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "loopback.h"

enum { PIPE_SIZE = 256 * 1024 };

struct pipe {
    int ends[2];
    size_t held;
    struct pipe *next; // of the empty ones
};

static struct pipe *empty;

static struct pipe *pipe_take(void) {
    struct pipe *pipe = empty;
    if (pipe) {
        empty = pipe->next;
        return pipe;
    }
    pipe = calloc(1, sizeof *pipe);
    require(pipe != NULL, "malloc");
    require(pipe2(pipe->ends, O_NONBLOCK | O_CLOEXEC) == 0, "pipe2");
    fcntl(pipe->ends[1], F_SETPIPE_SZ, PIPE_SIZE); // where the limit of pages is reached, a smaller one has to do
    return pipe;
}

static void pipe_return(struct pipe *pipe) {
    pipe->next = empty;
    empty = pipe;
}

void flow_forget(struct flow *flow) {
    struct pipe *pipe = flow->rest;
    if (!pipe)
        return;
    close(pipe->ends[0]);
    close(pipe->ends[1]);
    free(pipe);
    flow->rest = NULL;
}

// Returns DRAINED when the pipe is empty.
static enum progress empty_into(struct pipe *pipe, int to) {
    while (pipe->held > 0) {
        ssize_t sent = splice(pipe->ends[0], NULL, to, NULL, pipe->held, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (sent < 0)
            return errno == EAGAIN ? BLOCKED : GONE;
        pipe->held -= (size_t)sent;
    }
    return DRAINED;
}

static enum progress move(struct flow *flow, struct pipe *pipe) {
    for (;;) {
        enum progress emptied = empty_into(pipe, flow->to);
        if (emptied != DRAINED)
            return emptied;
        ssize_t received = splice(flow->from, NULL, pipe->ends[1], NULL, PIPE_SIZE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (received == 0)
            return ENDED;
        if (received < 0)
            return errno == EAGAIN ? DRAINED : GONE;
        pipe->held = (size_t)received;
    }
}

enum progress flow_move(struct flow *flow) {
    struct pipe *pipe = flow->rest ? flow->rest : pipe_take();
    enum progress progress = move(flow, pipe);
    if (pipe->held > 0) {
        flow->rest = pipe;
    } else {
        flow->rest = NULL;
        pipe_return(pipe);
    }
    return progress;
}

int main(int argc, char **argv) {
    return relay(argc, argv);
}
