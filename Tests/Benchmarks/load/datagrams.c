// SPDX-License-Identifier: Apache-2.0

// udp-rr: a closed loop. A flow sends its next burst when its last one is back, or lost, and it is its turn; in all
// there are never more than --window datagrams under way. Where the window has room for more than a burst of each flow,
// every flow has several places in the queue.

#include "modes.h"

#include <stdlib.h>

#include "flows.h"
#include "report.h"

struct exchange {
    struct flows flows;
    unsigned *turns;      // a ring: whose turn it is, next first
    uint64_t begin, end;  // its ends
    unsigned places;      // in the ring
    unsigned *settled;    // datagrams of each flow's oldest burst whose fate is known
};

static void queue(struct exchange *exchange, unsigned flow) {
    exchange->turns[exchange->end++ % exchange->places] = flow;
}

static void one_settled(void *context, unsigned flow) {
    struct exchange *exchange = context;
    if (++exchange->settled[flow] < exchange->flows.options->burst)
        return;
    exchange->settled[flow] = 0;
    queue(exchange, flow);
}

// Returns how many datagrams were sent, at most `most` but for the rest of a burst.
static uint64_t send_as_allowed(struct exchange *exchange, uint64_t most) {
    const struct options *options = exchange->flows.options;
    uint64_t sent = 0;
    for (;;) {
        unsigned numbers[MESSAGE_BATCH], count = 0;
        uint64_t under_way = exchange->flows.under_way;
        while (count < MESSAGE_BATCH && exchange->begin < exchange->end && sent < most
               && under_way + options->burst <= options->window) {
            numbers[count++] = exchange->turns[exchange->begin++ % exchange->places];
            under_way += options->burst;
            sent += options->burst;
        }
        if (count == 0)
            return sent;
        flows_send(&exchange->flows, numbers, count);
    }
}

// Runs until `deadline` or until `count` datagrams were sent, and then until the fate of all is known.
static void run(struct exchange *exchange, uint64_t deadline, uint64_t count) {
    flows_restart(&exchange->flows);
    for (uint64_t sent = 0;;) {
        sent += send_as_allowed(exchange, count > sent ? count - sent : 0);
        if (exchange->flows.under_way == 0)
            return;
        flows_receive(&exchange->flows, true);
        flows_expire(&exchange->flows);
        if (now() >= deadline)
            count = sent;
    }
}

static void prepare(struct exchange *exchange, const struct options *options) {
    unsigned flows = options->connections;
    size_t bursts = options->window / options->burst;
    unsigned each = bursts > flows ? (unsigned)(bursts / flows) : 1;
    exchange->places = each * flows;
    exchange->turns = calloc(exchange->places, sizeof *exchange->turns);
    exchange->settled = calloc(flows, sizeof *exchange->settled);
    if (!exchange->turns || !exchange->settled)
        fail("no memory for %u flows", flows);
    flows_prepare(&exchange->flows, options, NULL, NULL);
    flows_greet(&exchange->flows);
    exchange->flows.settled = one_settled;
    exchange->flows.context = exchange;
    for (unsigned i = 0; i < each; i++)
        for (unsigned flow = 0; flow < flows; flow++)
            queue(exchange, flow);
}

void run_datagrams(const struct options *options) {
    static struct exchange exchange;
    prepare(&exchange, options);
    if (options->warmup > 0)
        run(&exchange, now() + nanoseconds(options->warmup), UINT64_MAX);

    struct measurement measurement;
    measurement_begin(&measurement, options);
    run(&exchange, measurement.began + nanoseconds(options->seconds), options->count);
    measurement.operations = exchange.flows.tally.returned;
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = options->connections;
    measurement_end(&measurement);
    measurement_print(&measurement, options, flows_extra(&exchange.flows));
}
