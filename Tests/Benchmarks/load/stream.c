// SPDX-License-Identifier: Apache-2.0

// stream: writes follow each other without waiting, and what comes back is read at the same time. A window bounds
// what is under way: without it the kernel would grow the buffers to megabytes, and the figure would be the cache's.

#include "modes.h"

#include <sys/epoll.h>

#include "connection.h"
#include "report.h"

// An operation is one write that came back. Returns how many did.
static uint64_t stream(struct connection *all, int epoll, const struct options *options, uint64_t deadline,
                       uint64_t count) {
    struct epoll_event events[EVENT_BATCH];
    uint64_t started = 0, finished = 0;
    for (unsigned i = 0; i < options->connections; i++) {
        for (; started < count && all[i].goal + options->size - all[i].received <= options->window; started++)
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
            uint64_t before = connection->received / options->size;
            connection_pull(connection);
            finished += connection->received / options->size - before;
            for (; started < count && connection->goal + options->size - connection->received <= options->window;
                 started++)
                connection->goal += options->size;
            connection_push(connection, options);
        }
    }
    return finished;
}

void run_stream(const struct options *options) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = connections_open(options, epoll, true);
    if (options->warmup > 0)
        stream(all, epoll, options, now() + nanoseconds(options->warmup), UINT64_MAX);

    struct measurement measurement;
    measurement_begin(&measurement, options);
    uint64_t deadline = measurement.began + nanoseconds(options->seconds);
    measurement.operations = stream(all, epoll, options, deadline, options->count);
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = connections_made();
    measurement_end(&measurement);
    measurement_print(&measurement, options, "");
}
