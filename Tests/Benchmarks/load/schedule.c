// SPDX-License-Identifier: Apache-2.0

// open: an open loop. Message i is due at i / rate, whatever became of those before it, and its latency counts from
// then on. If it waits for a free connection, the wait counts too: a closed loop would leave exactly that out
// ("coordinated omission").

#include "modes.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "connection.h"
#include "histogram.h"
#include "report.h"

struct schedule {
    const struct options *options;
    int epoll;
    struct connection *connections;
    uint64_t *due;      // of the message under way on each connection
    unsigned *idle;     // numbers of the connections without one, as a stack
    unsigned idle_count;
    struct histogram histogram;
};

static void send_due(struct schedule *schedule, uint64_t due) {
    unsigned number = schedule->idle[--schedule->idle_count];
    struct connection *connection = &schedule->connections[number];
    schedule->due[number] = due;
    connection->goal += schedule->options->size;
    connection_push(connection, schedule->options);
}

static uint64_t take_replies(struct schedule *schedule) {
    struct epoll_event events[EVENT_BATCH];
    uint64_t finished = 0;
    // No sleep: a timer would be late by more than a message takes. But who shares this processor, as the upstream of
    // a relay does, must come to its turn.
    int ready = epoll_wait(schedule->epoll, events, EVENT_BATCH, 0);
    if (ready == 0)
        sched_yield();
    for (int i = 0; i < ready; i++) {
        struct connection *connection = events[i].data.ptr;
        connection_expect_open(connection, events[i].events);
        if (connection->received == connection->goal)
            continue;
        connection_push(connection, schedule->options);
        connection_pull(connection);
        if (connection->received < connection->goal)
            continue;
        unsigned number = (unsigned)(connection - schedule->connections);
        histogram_add(&schedule->histogram, now() - schedule->due[number]);
        schedule->idle[schedule->idle_count++] = number;
        finished++;
    }
    return finished;
}

static uint64_t run(struct schedule *schedule, uint64_t began, double seconds, uint64_t count) {
    const struct options *options = schedule->options;
    double interval = 1e9 / options->rate;
    uint64_t planned = (uint64_t)(seconds * options->rate);
    if (planned > count)
        planned = count;
    uint64_t started = 0, finished = 0, progress = began;
    while (finished < planned) {
        uint64_t time = now();
        while (started < planned && schedule->idle_count > 0) {
            uint64_t due = began + (uint64_t)((double)started * interval);
            if (due > time)
                break;
            send_due(schedule, due);
            started++;
        }
        uint64_t replies = take_replies(schedule);
        finished += replies;
        if (replies > 0 || finished == started)
            progress = time;
        else if (time - progress > nanoseconds(options->timeout))
            fail("nothing came back for %g seconds", options->timeout);
    }
    return finished;
}

void run_schedule(const struct options *options) {
    struct schedule *schedule = calloc(1, sizeof *schedule);
    unsigned count = options->connections;
    if (!schedule || !(schedule->due = calloc(count, sizeof *schedule->due))
        || !(schedule->idle = calloc(count, sizeof *schedule->idle)))
        fail("no memory for %u connections", count);
    schedule->options = options;
    schedule->epoll = epoll_create1(EPOLL_CLOEXEC);
    schedule->connections = connections_open(options, schedule->epoll, true);
    for (unsigned number = 0; number < count; number++)
        schedule->idle[schedule->idle_count++] = number;
    run(schedule, now(), options->warmup, UINT64_MAX);
    schedule->histogram = (struct histogram){0};

    struct measurement measurement;
    measurement_begin(&measurement, options);
    measurement.operations = run(schedule, measurement.began, options->seconds, options->count);
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = connections_made();
    measurement_end(&measurement);

    char latencies[160];
    const struct histogram *histogram = &schedule->histogram;
    snprintf(latencies, sizeof latencies,
             ", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 ", \"p999_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64,
             histogram_quantile(histogram, 0.5), histogram_quantile(histogram, 0.99),
             histogram_quantile(histogram, 0.999), histogram->longest);
    measurement_print(&measurement, options, latencies);
}
