// SPDX-License-Identifier: Apache-2.0

// The least that an echo server over UDP can do: what all others are compared with, and the upstream of the relays over
// UDP. One thread that waits in recvmmsg, so that a batch costs two calls. No flows, no log, no limit.
//
// usage: echo_udp PORT [BYTES of receive buffer]

#define _GNU_SOURCE // MSG_WAITFORONE

#include <stdio.h>
#include <stdlib.h>

#include "datagrams.h"
#include "loopback.h"

enum { RECEIVE_BUFFER = 4 * 1024 * 1024 };

static bool same(const struct sockaddr_in *one, const struct sockaddr_in *other) {
    return one->sin_addr.s_addr == other->sin_addr.s_addr && one->sin_port == other->sin_port;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: echo_udp PORT [BYTES]\n");
        return 2;
    }
    const struct sockaddr_in address = loopback(argv[1]);
    int descriptor = datagram_socket(&address);
    require(descriptor >= 0, "bind");
    enlarge_receive_buffer(descriptor, argc == 3 ? atoi(argv[2]) : RECEIVE_BUFFER);

    static struct inbox inbox;
    static struct parcel parcels[BATCH];
    struct sockaddr_in *addresses[BATCH];
    inbox_prepare(&inbox, true);
    for (;;) {
        unsigned received = inbox_receive(&inbox, descriptor, 0, MSG_WAITFORONE);
        unsigned count = 0;
        for (unsigned place = 0; place < received; place++) {
            struct run run = inbox_run(&inbox, place);
            struct sockaddr_in *source = &inbox.sources[place];
            // Only neighbours are put together: to look further costs more than many sources leave to win.
            if (count > 0 && same(addresses[count - 1], source) && parcel_extend(&parcels[count - 1], &run))
                continue;
            parcel_begin(&parcels[count], &run);
            addresses[count++] = source;
        }
        parcels_send(descriptor, parcels, addresses, count);
    }
}
