// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

enum {
    /// Messages of one call, either way.
    MESSAGE_BATCH = 64,
    /// Datagrams of a burst, as UDP_MAX_SEGMENTS of the kernels before 6.9 has it.
    BURST_MOST = 64,
    /// Flows, each with an address within 127.0.0.0/8 to itself.
    FLOWS_MOST = 1 << 20,
};

/// One source address, and how far its datagrams have come.
struct flow {
    uint64_t sent;
    uint64_t newest; // one more than the highest number that came back
};

/// What became of the datagrams.
struct tally {
    uint64_t sent;
    uint64_t returned; // each checked, and each only once
    uint64_t lost;     // not back in time, and until now
    uint64_t late;     // back after they had been taken for lost, which they no longer are
    uint64_t reordered; // back after a later one of their flow
};

/// Told of each datagram whose fate is known: returned or lost.
typedef void flow_settled(void *context, unsigned flow);

/// A datagram under way, in the order of sending.
struct departure {
    uint64_t time;
    uint64_t number;
    unsigned flow;
};

/// All flows of a run. They share one socket and differ in their source address, 127.1.0.0 and up, which IP_PKTINFO
/// sets for each message: that takes one descriptor for any number of flows, and one call for a datagram of each of 64.
struct flows {
    const struct options *options;
    int descriptor;
    struct flow *all;
    uint8_t *states;    // of the last `remembered` datagrams of each flow
    unsigned remembered; // a power of two
    struct departure *departures; // a ring
    uint64_t departed, arrived;   // its ends: all between are under way, or settled before an earlier one was
    uint64_t under_way; // datagrams sent whose fate is open
    uint64_t progress;  // when the last one came back
    struct tally tally;
    flow_settled *settled;
    void *context;
    struct batch *outgoing, *incoming;
};

/// Opens the socket. `settled` may be NULL.
void flows_prepare(struct flows *flows, const struct options *options, flow_settled *settled, void *context);

/// Begins to count anew, and to wait anew for anything to come back. Nothing may be under way.
void flows_restart(struct flows *flows);

/// Each flow sends a datagram, again if it is lost, until one has come back; options->at_once flows at a time.
void flows_greet(struct flows *flows);

/// Sends one burst (options->burst datagrams in one message) of each of these flows, at most MESSAGE_BATCH.
void flows_send(struct flows *flows, const unsigned *numbers, unsigned count);

/// Receives and checks what is there; with `wait`, waits a moment for the first. Returns how many came back.
uint64_t flows_receive(struct flows *flows, bool wait);

/// Gives up what has been under way for too long, and fails the run when nothing at all comes back any more.
void flows_expire(struct flows *flows);

/// Receives until the fate of all is known.
void flows_drain(struct flows *flows);

/// Datagrams that came back and found the socket's buffer full: they are the load's loss, not the server's.
uint64_t flows_dropped(const struct flows *flows);

/// The members of the result that only datagrams have, with a comma before them.
const char *flows_extra(const struct flows *flows);
