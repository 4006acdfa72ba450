// SPDX-License-Identifier: Apache-2.0

// The upstream of the relays for `loadgen get`: answers each request of 64 bytes with as many bytes of the pattern as
// it asks for. One thread, one epoll loop; one request at a time on a connection.
//
// usage: objects_epoll PORT

#define _GNU_SOURCE // accept4

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../load/object.h"
#include "../load/pattern.h"
#include "loopback.h"

enum { EVENT_BATCH = 256 };

struct answering {
    int descriptor;
    struct object_request request; // whose position and length move on as it is answered
    size_t read;                   // bytes of it that have arrived
};

static int epoll;

// Returns false when the connection is over.
static bool serve(struct answering *answering) {
    struct object_request *request = &answering->request;
    for (;;) {
        while (answering->read < sizeof *request) {
            ssize_t count = recv(answering->descriptor, (uint8_t *)request + answering->read,
                                 sizeof *request - answering->read, 0);
            if (count <= 0)
                return count < 0 && errno == EAGAIN;
            answering->read += (size_t)count;
            if (answering->read == sizeof *request
                && (request->origin >= PATTERN_PERIOD || request->length > PATTERN_CHUNK))
                return false;
        }
        while (request->length > 0) {
            const uint8_t *bytes = pattern_at(request->origin, request->position);
            ssize_t count = send(answering->descriptor, bytes, request->length, MSG_NOSIGNAL);
            if (count < 0)
                return errno == EAGAIN;
            request->position += (uint64_t)count;
            request->length -= (uint32_t)count;
        }
        answering->read = 0;
    }
}

static void accept_all(int listener) {
    int descriptor;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct answering *answering = calloc(1, sizeof *answering);
        require(answering != NULL, "calloc");
        answering->descriptor = descriptor;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = answering};
        require(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: objects_epoll PORT\n");
        return 2;
    }
    raise_descriptor_limit();
    pattern_prepare();

    int listener = listen_on(loopback(argv[1]));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
    require(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) == 0, "epoll_ctl");

    struct epoll_event events[EVENT_BATCH];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENT_BATCH, -1);
        for (int i = 0; i < ready; i++) {
            struct answering *answering = events[i].data.ptr;
            if (!answering) {
                accept_all(listener);
            } else if (!serve(answering)) {
                close(answering->descriptor);
                free(answering);
            }
        }
    }
}
