// SPDX-License-Identifier: Apache-2.0

// What the two minimal relays share, which is all but how bytes get across: one thread, one edge-triggered epoll loop,
// both sockets registered once. Half-close passes through in both directions, and who does not read stops who writes.
// No log, no timeout, no limit.

#define _GNU_SOURCE // accept4

#include "relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

enum { ACCEPT_BATCH = 64, EVENT_BATCH = 256 };

enum { CLIENT, UPSTREAM };

struct pair {
    struct flow flows[2]; // by the side that it comes from
    bool closed;
    struct pair *next;    // of those that wait to be freed
};

static int epoll;
static struct pair *closed;

// Further events of the same wait may name the pair, so that it is freed after them.
static void pair_close(struct pair *pair) {
    for (int side = CLIENT; side <= UPSTREAM; side++) {
        flow_forget(&pair->flows[side]);
        close(pair->flows[side].from);
    }
    pair->closed = true;
    pair->next = closed;
    closed = pair;
}

static void free_closed(void) {
    while (closed) {
        struct pair *next = closed->next;
        free(closed);
        closed = next;
    }
}

// Returns whether the connection goes on.
static bool advance(struct flow *flow, const struct flow *other) {
    switch (flow_move(flow)) {
    case DRAINED:
        flow->waits = false;
        return true;
    case BLOCKED:
        flow->waits = true;
        return true;
    case ENDED:
        flow->waits = false;
        flow->ended = true;
        if (!other->ended)
            shutdown(flow->to, SHUT_WR);
        return !other->ended;
    case GONE:
        break;
    }
    return false;
}

static void serve(struct pair *pair, int side, uint32_t events) {
    if (pair->closed)
        return;
    struct flow *in = &pair->flows[side], *out = &pair->flows[!side];
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        in->announced = true;
    bool open = true;
    if ((events & EPOLLOUT) && out->waits)
        open = advance(out, in);
    if (open && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && !in->waits && !in->ended)
        open = advance(in, out);
    if (!open || (events & EPOLLERR))
        pair_close(pair);
}

// epoll knows a socket as the address of its pair, which is even, plus its side.
static void watch(struct pair *pair, int side) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.u64 = (uintptr_t)pair + (unsigned)side};
    require(epoll_ctl(epoll, EPOLL_CTL_ADD, pair->flows[side].from, &event) == 0, "epoll_ctl");
}

static int start_to_connect(const struct sockaddr_in *upstream) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(descriptor, (const struct sockaddr *)upstream, sizeof *upstream) == 0 || errno == EINPROGRESS)
        return descriptor;
    close(descriptor);
    return -1;
}

static void accept_some(int listener, const struct sockaddr_in *upstream) {
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0)
            return;
        int server = start_to_connect(upstream);
        struct pair *pair = calloc(1, sizeof *pair);
        if (server < 0 || !pair) {
            close(client);
            if (server >= 0)
                close(server);
            free(pair);
            continue;
        }
        // The client's first bytes wait in the kernel until the upstream is connected, which it says as EPOLLOUT.
        pair->flows[CLIENT] = (struct flow){.from = client, .to = server, .waits = true};
        pair->flows[UPSTREAM] = (struct flow){.from = server, .to = client};
        watch(pair, CLIENT);
        watch(pair, UPSTREAM);
    }
}

int relay(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: %s PORT UPSTREAM\n", arguments[0]);
        return 2;
    }
    raise_descriptor_limit();
    const struct sockaddr_in upstream = loopback(arguments[2]);
    int listener = listen_on(loopback(arguments[1]));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN, .data.u64 = 0};
    require(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) == 0, "epoll_ctl");

    struct epoll_event events[EVENT_BATCH];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENT_BATCH, -1);
        for (int i = 0; i < ready; i++) {
            uint64_t name = events[i].data.u64;
            if (name == 0)
                accept_some(listener, &upstream);
            else
                serve((struct pair *)(uintptr_t)(name & ~1ULL), name & 1, events[i].events);
        }
        free_closed();
    }
}
