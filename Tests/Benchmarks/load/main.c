// SPDX-License-Identifier: Apache-2.0

// A load generator for echo servers, and relays to them, on this host: one process, one loop, every byte that comes
// back checked.

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "modes.h"
#include "pattern.h"

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv) {
    struct options options = parse_options(argc, argv);
    prctl(PR_SET_PDEATHSIG, SIGKILL); // no load outlives the program that asked for it
    raise_descriptor_limit();
    pattern_prepare();

    if (strcmp(options.mode, "rr") == 0)
        run_roundtrip(&options);
    else if (strcmp(options.mode, "get") == 0)
        run_objects(&options);
    else if (strcmp(options.mode, "crr") == 0)
        run_connects(&options);
    else if (strcmp(options.mode, "stream") == 0)
        run_stream(&options);
    else if (strcmp(options.mode, "hold") == 0)
        run_hold(&options);
    else if (strcmp(options.mode, "open") == 0)
        run_schedule(&options);
    else if (strcmp(options.mode, "udp-rr") == 0)
        run_datagrams(&options);
    else if (strcmp(options.mode, "udp-flood") == 0)
        run_flood(&options);
    else
        run_datagram_hold(&options);
    return 0;
}
