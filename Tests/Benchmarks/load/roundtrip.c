// SPDX-License-Identifier: Apache-2.0

// rr: every connection has one message under way; the next leaves when the last is back whole.

#include "modes.h"

#include <sys/epoll.h>

#include "connection.h"
#include "report.h"

// Runs until `deadline` or until `count` messages were sent, and then until all of them are back.
static uint64_t exchange(struct connection *all, int epoll, const struct options *options, uint64_t deadline,
                         uint64_t count) {
    struct epoll_event events[EVENT_BATCH];
    uint64_t started = 0, finished = 0;
    for (unsigned i = 0; i < options->connections && started < count; i++, started++) {
        all[i].goal += options->size;
        connection_push(&all[i], options);
    }
    while (finished < started) {
        int ready = wait_for_events(epoll, events, options);
        if (now() >= deadline)
            count = started;
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            connection_expect_open(connection, events[i].events);
            if (connection->received == connection->goal)
                continue; // only became writable
            connection_push(connection, options);
            connection_pull(connection);
            if (connection->received < connection->goal)
                continue;
            finished++;
            if (started < count) {
                started++;
                connection->goal += options->size;
                connection_push(connection, options);
            }
        }
    }
    return finished;
}

void run_roundtrip(const struct options *options) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = connections_open(options, epoll, true);
    exchange(all, epoll, options, now() + nanoseconds(options->warmup), options->connections * 1000ULL);

    struct measurement measurement;
    measurement_begin(&measurement, options);
    uint64_t deadline = measurement.began + nanoseconds(options->seconds);
    measurement.operations = exchange(all, epoll, options, deadline, options->count);
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = connections_made();
    measurement_end(&measurement);
    measurement_print(&measurement, options, "");
}
