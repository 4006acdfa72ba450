// SPDX-License-Identifier: Apache-2.0

// crr: connect, one message there and back, close; in each of --connections places over and over.
//
// The client closes first and with nothing unread, as a client does that has its answer: TIME_WAIT stays on its side,
// and no reset is involved. Source addresses rotate, so that the 28 000 ports of one address pair never run out.

#include "modes.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "connection.h"
#include "report.h"

static void begin(struct connection *place, int epoll, const struct options *options) {
    connection_open(place, options);
    place->goal = options->size;
    connection_push(place, options);
    // Mostly everything is sent by now, and then to hear of a writable socket would be one wasted event.
    connection_watch(place, epoll, place->sent < place->goal ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static uint64_t connect_over_and_over(struct connection *places, int epoll, const struct options *options,
                                      uint64_t deadline, uint64_t count) {
    struct epoll_event events[EVENT_BATCH];
    uint64_t started = 0, finished = 0;
    for (unsigned i = 0; i < options->connections && started < count; i++, started++)
        begin(&places[i], epoll, options);
    while (finished < started) {
        int ready = wait_for_events(epoll, events, options);
        if (now() >= deadline)
            count = started;
        for (int i = 0; i < ready; i++) {
            struct connection *place = events[i].data.ptr;
            connection_expect_open(place, events[i].events);
            connection_push(place, options);
            connection_pull(place);
            if (place->received < place->goal)
                continue;
            connection_close(place);
            finished++;
            if (started < count) {
                started++;
                begin(place, epoll, options);
            }
        }
    }
    return finished;
}

void run_connects(const struct options *options) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *places = calloc(options->connections, sizeof *places);
    if (!places)
        fail("no memory for %u connections", options->connections);
    if (options->warmup > 0)
        connect_over_and_over(places, epoll, options, now() + nanoseconds(options->warmup), UINT64_MAX);

    struct measurement measurement;
    measurement_begin(&measurement, options);
    uint64_t deadline = measurement.began + nanoseconds(options->seconds);
    measurement.operations = connect_over_and_over(places, epoll, options, deadline, options->count);
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = connections_made();
    measurement_end(&measurement);
    measurement_print(&measurement, options, "");
}
