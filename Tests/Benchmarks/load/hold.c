// SPDX-License-Identifier: Apache-2.0

// hold: opens connections and keeps them without a word until a line or the end of file arrives on stdin. Then each
// must still echo.

#include "modes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "connection.h"
#include "report.h"

// Any event while the connections are idle is one that ended: the edges of their set-up are consumed before.
static void hold_until_told(int epoll) {
    struct epoll_event events[EVENT_BATCH];
    struct pollfd watched[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = epoll, .events = POLLIN}};
    for (;;) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            fail("poll: %s", strerror(errno));
        if (watched[1].revents) {
            int ready = epoll_wait(epoll, events, EVENT_BATCH, 0);
            for (int i = 0; i < ready; i++) {
                connection_expect_open(events[i].data.ptr, events[i].events);
                if (events[i].events & EPOLLIN)
                    connection_pull(events[i].data.ptr); // nothing was sent, so any byte is one too many
            }
        }
        if (watched[0].revents) {
            char byte;
            ssize_t count = read(STDIN_FILENO, &byte, 1);
            if (count <= 0 || byte == '\n')
                return;
        }
    }
}

static void expect_echo(struct connection *connection, int epoll, const struct options *options) {
    struct epoll_event events[EVENT_BATCH];
    connection->goal += options->size;
    connection_push(connection, options);
    while (connection->received < connection->goal) {
        int ready = wait_for_events(epoll, events, options);
        for (int i = 0; i < ready; i++) {
            struct connection *other = events[i].data.ptr;
            connection_expect_open(other, events[i].events);
            connection_push(other, options);
            connection_pull(other);
        }
    }
}

void run_hold(const struct options *options) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = connections_open(options, epoll, options->exchange);
    struct measurement measurement = {.began = now()};
    puts("{\"ready\": true}");
    fflush(stdout);
    hold_until_told(epoll);
    for (unsigned i = 0; i < options->connections; i++) {
        expect_echo(&all[i], epoll, options);
        measurement.operations++;
        measurement.bytes += options->size;
    }
    measurement.connections = connections_made();
    measurement.ended = now();
    measurement_print(&measurement, options, "");
}
