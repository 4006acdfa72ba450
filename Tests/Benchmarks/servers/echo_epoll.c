// SPDX-License-Identifier: Apache-2.0

// The least that an echo server over TCP can do: what all others are compared with. One thread, one epoll loop, one
// buffer; no log, no timeout, no limit. It is correct (it honours back-pressure and half-close), but it says nothing
// and gives up on any error of its own set-up. RESULTS.md says which variants were measured to arrive at this one.
//
// usage: echo_epoll PORT

#define _GNU_SOURCE // accept4

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

enum { ACCEPT_BATCH = 64, EVENT_BATCH = 256 };

// What the peer has not taken yet. Connections without such a rest own no memory.
struct rest {
    uint8_t *bytes;
    size_t begin, end;
};

static struct rest *rests; // by descriptor
static uint8_t buffer[256 * 1024];
static int epoll;

static void keep(int descriptor, const uint8_t *bytes, size_t length) {
    struct rest *rest = &rests[descriptor];
    rest->bytes = malloc(length);
    require(rest->bytes != NULL, "malloc");
    memcpy(rest->bytes, bytes, length);
    rest->begin = 0;
    rest->end = length;
}

static void forget(int descriptor) {
    free(rests[descriptor].bytes);
    rests[descriptor] = (struct rest){0};
}

enum progress { DONE, BLOCKED, GONE };

static enum progress flush(int descriptor) {
    struct rest *rest = &rests[descriptor];
    if (!rest->bytes)
        return DONE;
    ssize_t sent = send(descriptor, rest->bytes + rest->begin, rest->end - rest->begin, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN ? BLOCKED : GONE;
    rest->begin += (size_t)sent;
    if (rest->begin < rest->end)
        return BLOCKED;
    forget(descriptor);
    return DONE;
}

// Echoes until the socket is empty, the peer takes no more, or the connection is over.
static enum progress echo(int descriptor, bool ending) {
    enum progress flushed = flush(descriptor);
    if (flushed != DONE)
        return flushed;
    for (;;) {
        ssize_t received = recv(descriptor, buffer, sizeof buffer, 0);
        if (received < 0 && errno == EAGAIN)
            return DONE;
        if (received <= 0)
            return GONE;
        size_t length = (size_t)received;
        ssize_t sent = send(descriptor, buffer, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return GONE;
        size_t taken = sent < 0 ? 0 : (size_t)sent;
        if (taken < length) {
            keep(descriptor, buffer + taken, length - taken);
            return BLOCKED;
        }
        // A short read emptied the socket, so a second read can be left out; not when the end of the stream has
        // been announced already, which gives no further edge.
        if (length < sizeof buffer && !ending)
            return DONE;
    }
}

static void end(int descriptor) {
    forget(descriptor);
    close(descriptor);
}

static void accept_some(int listener) {
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0)
            return;
        // Most clients speak first, and mostly their first bytes are here already.
        if (echo(descriptor, false) == GONE) {
            end(descriptor);
            continue;
        }
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = descriptor};
        require(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
    }
}

static void serve(const struct epoll_event *event) {
    int descriptor = event->data.fd;
    bool ending = event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (!ending && !(event->events & EPOLLIN) && !rests[descriptor].bytes)
        return; // only became writable
    if (echo(descriptor, ending) == GONE)
        end(descriptor);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: echo_epoll PORT\n");
        return 2;
    }
    rests = calloc(raise_descriptor_limit(), sizeof *rests);
    require(rests != NULL, "calloc");

    int listener = listen_on(loopback(argv[1]));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN, .data.fd = listener};
    require(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) == 0, "epoll_ctl");

    struct epoll_event events[EVENT_BATCH];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENT_BATCH, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener)
                accept_some(listener);
            else
                serve(&events[i]);
        }
    }
}
