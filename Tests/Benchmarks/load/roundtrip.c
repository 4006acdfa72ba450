// SPDX-License-Identifier: Apache-2.0

// rr and get: every connection has one message under way; the next leaves when the answer to the last is there whole.
// In rr the answer is the message itself, in get an object of --size that 64 bytes ask for.

#include "modes.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "connection.h"
#include "object.h"
#include "report.h"

/// Sends what a connection is to say next.
typedef void send_next(struct connection *connection, const struct options *options);

static void send_message(struct connection *connection, const struct options *options) {
    connection->goal += options->size;
    connection_push(connection, options);
}

static void ask_for_object(struct connection *connection, const struct options *options) {
    struct object_request request = {
        .origin = connection->origin, .length = (uint32_t)options->size, .position = connection->received};
    ssize_t count = send(connection->descriptor, &request, sizeof request, MSG_NOSIGNAL);
    if (count != (ssize_t)sizeof request) // nothing is under way, so there is room
        fail("a request could not be sent: %s", count < 0 ? strerror(errno) : "only a part of it");
    connection->goal += options->size;
    connection->sent = connection->goal; // which is how much may come back
}

// Runs until `deadline` or until `count` messages were sent, and then until all of them are back.
static uint64_t exchange(struct connection *all, int epoll, const struct options *options, send_next *next,
                         uint64_t deadline, uint64_t count) {
    struct epoll_event events[EVENT_BATCH];
    uint64_t started = 0, finished = 0;
    for (unsigned i = 0; i < options->connections && started < count; i++, started++)
        next(&all[i], options);
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
                next(connection, options);
            }
        }
    }
    return finished;
}

static void run(const struct options *options, send_next *next, bool echoes) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = connections_open(options, epoll, echoes);
    exchange(all, epoll, options, next, now() + nanoseconds(options->warmup), options->connections * 1000ULL);

    struct measurement measurement;
    measurement_begin(&measurement, options);
    uint64_t deadline = measurement.began + nanoseconds(options->seconds);
    measurement.operations = exchange(all, epoll, options, next, deadline, options->count);
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = connections_made();
    measurement_end(&measurement);
    measurement_print(&measurement, options, "");
}

void run_roundtrip(const struct options *options) {
    run(options, send_message, true);
}

void run_objects(const struct options *options) {
    run(options, ask_for_object, false);
}
