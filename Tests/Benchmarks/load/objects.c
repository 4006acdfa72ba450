// SPDX-License-Identifier: Apache-2.0

// get: every connection asks for --size bytes in 64 bytes; the next request leaves when the answer is there whole.

#include "modes.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "connection.h"
#include "object.h"
#include "report.h"

static void ask(struct connection *connection, const struct options *options) {
    struct object_request request = {
        .origin = connection->origin, .length = (uint32_t)options->size, .position = connection->received};
    ssize_t sent = send(connection->descriptor, &request, sizeof request, MSG_NOSIGNAL);
    if (sent != (ssize_t)sizeof request) // the socket is empty, so there is room
        fail("a request could not be sent: %s", sent < 0 ? strerror(errno) : "only a part of it");
    connection->goal += options->size;
    connection->sent = connection->goal; // what may come back
}

static uint64_t get(struct connection *all, int epoll, const struct options *options, uint64_t deadline,
                    uint64_t count) {
    struct epoll_event events[EVENT_BATCH];
    uint64_t started = 0, finished = 0;
    for (; started < options->connections && started < count; started++)
        ask(&all[started], options);
    while (finished < started) {
        int ready = wait_for_events(epoll, events, options);
        if (now() >= deadline)
            count = started;
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            connection_expect_open(connection, events[i].events);
            if (connection->received == connection->goal)
                continue; // only became writable
            connection_pull(connection);
            if (connection->received < connection->goal)
                continue;
            finished++;
            if (started < count) {
                started++;
                ask(connection, options);
            }
        }
    }
    return finished;
}

void run_objects(const struct options *options) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = connections_open(options, epoll, false);
    get(all, epoll, options, now() + nanoseconds(options->warmup), options->connections * 1000ULL);

    struct measurement measurement;
    measurement_begin(&measurement, options);
    uint64_t deadline = measurement.began + nanoseconds(options->seconds);
    measurement.operations = get(all, epoll, options, deadline, options->count);
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = connections_made();
    measurement_end(&measurement);
    measurement_print(&measurement, options, "");
}
