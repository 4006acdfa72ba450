// SPDX-License-Identifier: Apache-2.0

// udp-flood: an open loop. Datagrams leave at --rate over all flows in turn, a batch of them at a time, whatever became
// of those before. Between two batches the process sleeps: the upstream of a relay shares its processor.

#include "modes.h"

#include <stdio.h>
#include <time.h>

#include "flows.h"
#include "report.h"

enum {
    /// Datagrams that leave at a time: at 200 000 a second, every 0.32 ms.
    AT_A_TIME = 64,
    /// Shorter than this the kernel's timers are not worth their wake-up.
    LEAST_SLEEP = 20000, // nanoseconds
};

static void sleep_until(uint64_t time) {
    if (time <= now() + LEAST_SLEEP)
        return;
    const struct timespec until = {.tv_sec = (time_t)(time / 1000000000), .tv_nsec = (long)(time % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static unsigned send_bursts(struct flows *flows, unsigned count) {
    static unsigned turn;
    unsigned numbers[MESSAGE_BATCH];
    for (unsigned i = 0; i < count; i++) {
        numbers[i] = turn;
        turn = turn + 1 < flows->options->connections ? turn + 1 : 0;
    }
    flows_send(flows, numbers, count);
    return count * flows->options->burst;
}

// Returns when the last datagram had left, which is later than planned where this process could not keep the rate.
static uint64_t run(struct flows *flows, uint64_t began, double seconds, uint64_t count) {
    const struct options *options = flows->options;
    const unsigned bursts = options->burst < AT_A_TIME ? AT_A_TIME / options->burst : 1;
    const double interval = 1e9 / options->rate;
    uint64_t planned = (uint64_t)(seconds * options->rate), sent = 0;
    if (planned > count)
        planned = count;
    flows_restart(flows);
    while (sent < planned) {
        uint64_t time = now();
        uint64_t due = (uint64_t)((double)(time - began) / interval);
        while (sent < planned && sent <= due) {
            sent += send_bursts(flows, bursts);
            flows_receive(flows, false);
        }
        while (flows_receive(flows, false) > 0)
            ;
        flows_expire(flows);
        sleep_until(began + (uint64_t)((double)sent * interval));
    }
    uint64_t sent_all = now();
    flows_drain(flows);
    return sent_all;
}

void run_flood(const struct options *options) {
    static struct flows flows;
    flows_prepare(&flows, options, NULL, NULL);
    flows_greet(&flows);
    if (options->warmup > 0)
        run(&flows, now(), options->warmup, UINT64_MAX);

    struct measurement measurement;
    measurement_begin(&measurement, options);
    uint64_t sent_all = run(&flows, measurement.began, options->seconds, options->count);
    measurement.operations = flows.tally.returned;
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = options->connections;
    measurement_end(&measurement);
    char extra[300];
    snprintf(extra, sizeof extra, "%s, \"sending_seconds\": %.6f", flows_extra(&flows),
             (double)(sent_all - measurement.began) / 1e9);
    measurement_print(&measurement, options, extra);
}
