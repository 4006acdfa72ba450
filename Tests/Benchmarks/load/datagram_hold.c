// SPDX-License-Identifier: Apache-2.0

// udp-hold: every flow sends a datagram and gets it back, and then nothing more until a line or the end of file arrives
// on stdin. Then each must still echo.

#include "modes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "flows.h"
#include "report.h"

static void hold_until_told(struct flows *flows) {
    struct pollfd watched[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = flows->descriptor, .events = POLLIN}};
    for (;;) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            fail("poll: %s", strerror(errno));
        if (watched[1].revents)
            flows_receive(flows, false); // nothing is under way, so that any datagram is one too many
        if (watched[0].revents) {
            char byte;
            ssize_t count = read(STDIN_FILENO, &byte, 1);
            if (count <= 0 || byte == '\n')
                return;
        }
    }
}

void run_datagram_hold(const struct options *options) {
    static struct flows flows;
    flows_prepare(&flows, options, NULL, NULL);
    flows_greet(&flows);
    flows_restart(&flows);
    struct measurement measurement = {.began = now()};
    puts("{\"ready\": true}");
    fflush(stdout);
    hold_until_told(&flows);
    flows_greet(&flows);
    measurement.operations = options->connections;
    measurement.bytes = measurement.operations * options->size;
    measurement.connections = options->connections;
    measurement.ended = now();
    measurement_print(&measurement, options, flows_extra(&flows));
}
