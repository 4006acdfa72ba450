// SPDX-License-Identifier: Apache-2.0

#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datagram.h"
#include "flows.h"
#include "pattern.h"

static const char usage[] =
    "usage: loadgen MODE --port PORT [options]\n"
    "\n"
    "modes\n"
    "  rr       request and response: one message in flight on each connection, closed loop\n"
    "  get      a request of 64 bytes and an answer of --size, of servers/objects_epoll.c\n"
    "  crr      connect, request, response, close; over and over in each of --connections places\n"
    "  stream   write without waiting and read back at the same time\n"
    "  hold     open idle connections and keep them until stdin says so\n"
    "  open     messages at a fixed --rate; latency from the moment each was due\n"
    "  udp-rr   datagrams, closed loop: as many under way as --window allows, each flow in its turn\n"
    "  udp-flood  datagrams at a fixed --rate over all flows in turn, whatever becomes of them\n"
    "  udp-hold  hold, with flows of datagrams\n"
    "\n"
    "options\n"
    "  --port PORT          the server's port\n"
    "  --host ADDRESS       the server's address, within 127.0.0.0/8 (127.0.0.1)\n"
    "  --connections N      connections, flows, or places for connections in crr (64)\n"
    "  --size BYTES         bytes of a message, of an answer, or of a write in stream (64; stream 65536)\n"
    "  --window N           stream: most bytes under way on a connection (4 writes);\n"
    "                       udp-rr: most datagrams under way in all (64)\n"
    "  --burst N            udp: datagrams that a flow sends as one, to be cut up on the way (1)\n"
    "  --at-once N          udp: flows that the server sees for the first time at a time (32)\n"
    "  --loss S             udp: seconds after which a datagram is lost (0.25)\n"
    "  --seconds S          longest measured part (1)\n"
    "  --count N            most operations in it (no limit)\n"
    "  --warmup S           seconds of load before it, not reported (0.2)\n"
    "  --rate R             open, udp-flood: messages a second (10000)\n"
    "  --sources N          clients come from 127.0.0.1 ... 127.0.0.N in turn (1; crr 200)\n"
    "  --timeout S          seconds without progress that count as a failure (5)\n"
    "  --no-exchange        hold: send nothing on the connections\n"
    "  --wait               say {\"ready\": true} after the warm-up and wait for a line on stdin\n"
    "\n"
    "Prints one JSON line. Exit status: 0 all as expected; 1 a byte was wrong, a connection closed or time ran\n"
    "out; 2 the command line is wrong. A lost datagram is counted and no failure.\n";

static _Noreturn void refuse(const char *what, const char *value) {
    fprintf(stderr, "loadgen: %s: %s (see loadgen --help)\n", what, value);
    exit(2);
}

static double number(const char *name, const char *text, double least, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most)) {
        fprintf(stderr, "loadgen: --%s takes a number from %g to %g, not \"%s\"\n", name, least, most, text);
        exit(2);
    }
    return value;
}

static const char *const modes[] = {"rr", "get", "crr", "stream", "hold", "open", "udp-rr", "udp-flood", "udp-hold"};

static const char *known_mode(const char *text) {
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i], text) == 0)
            return modes[i];
    refuse("there is no such mode", text);
}

static struct options complete_for_datagrams(struct options options) {
    if (options.size == 0)
        options.size = 64;
    if (options.window == 0)
        options.window = 64;
    if (options.size < sizeof(struct datagram_head) || options.size * options.burst > DATAGRAM_MOST)
        refuse("a datagram takes 16 bytes and more, and a whole burst at most 65507", "--size");
    if (options.window < options.burst)
        refuse("--window is smaller than one burst", "--burst");
    if (options.connections > FLOWS_MOST)
        refuse("there are not as many source addresses", "--connections");
    return options;
}

struct options parse_options(int argc, char **argv) {
    enum { HELP = 256, PORT, HOST, CONNECTIONS, SIZE, WINDOW, SECONDS, COUNT, WARMUP, RATE, SOURCES, TIMEOUT,
           NO_EXCHANGE, WAIT, BURST, AT_ONCE, LOSS };
    static const struct option names[] = {
        {"help", no_argument, NULL, HELP},
        {"port", required_argument, NULL, PORT},
        {"host", required_argument, NULL, HOST},
        {"connections", required_argument, NULL, CONNECTIONS},
        {"size", required_argument, NULL, SIZE},
        {"window", required_argument, NULL, WINDOW},
        {"seconds", required_argument, NULL, SECONDS},
        {"count", required_argument, NULL, COUNT},
        {"warmup", required_argument, NULL, WARMUP},
        {"rate", required_argument, NULL, RATE},
        {"sources", required_argument, NULL, SOURCES},
        {"timeout", required_argument, NULL, TIMEOUT},
        {"no-exchange", no_argument, NULL, NO_EXCHANGE},
        {"wait", no_argument, NULL, WAIT},
        {"burst", required_argument, NULL, BURST},
        {"at-once", required_argument, NULL, AT_ONCE},
        {"loss", required_argument, NULL, LOSS},
        {0},
    };

    struct options options = {
        .server = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .connections = 64,
        .warmup = 0.2,
        .seconds = 1,
        .count = UINT64_MAX,
        .rate = 10000,
        .timeout = 5,
        .burst = 1,
        .at_once = 32,
        .loss = 0.25,
        .exchange = true,
    };
    const char *host = "127.0.0.1";
    int choice, index = 0;
    while ((choice = getopt_long(argc, argv, "", names, &index)) != -1) {
        const char *name = names[index].name;
        switch (choice) {
        case HELP: fputs(usage, stdout); exit(0);
        case PORT: options.server.sin_port = htons((uint16_t)number(name, optarg, 1, 65535)); break;
        case HOST: host = optarg; break;
        case CONNECTIONS: options.connections = (unsigned)number(name, optarg, 1, 1000000); break;
        case SIZE: options.size = (size_t)number(name, optarg, 1, PATTERN_CHUNK); break;
        case WINDOW: options.window = (size_t)number(name, optarg, 1, 1 << 30); break;
        case SECONDS: options.seconds = number(name, optarg, 0.001, 86400); break;
        case COUNT: options.count = (uint64_t)number(name, optarg, 1, 1e15); break;
        case WARMUP: options.warmup = number(name, optarg, 0, 3600); break;
        case RATE: options.rate = number(name, optarg, 1, 1e8); break;
        case SOURCES: options.sources = (unsigned)number(name, optarg, 1, 254); break;
        case TIMEOUT: options.timeout = number(name, optarg, 0.1, 3600); break;
        case NO_EXCHANGE: options.exchange = false; break;
        case WAIT: options.wait = true; break;
        case BURST: options.burst = (unsigned)number(name, optarg, 1, BURST_MOST); break;
        case AT_ONCE: options.at_once = (unsigned)number(name, optarg, 1, MESSAGE_BATCH); break;
        case LOSS: options.loss = number(name, optarg, 0.001, 60); break;
        default: exit(2);
        }
    }
    if (optind != argc - 1)
        refuse("exactly one mode is needed", optind < argc ? argv[optind + 1] : "none given");
    options.mode = known_mode(argv[optind]);

    // This is a measuring tool for one host, not one to be pointed at others.
    if (inet_pton(AF_INET, host, &options.server.sin_addr) != 1
        || ntohl(options.server.sin_addr.s_addr) >> 24 != 127)
        refuse("the server must be an address within 127.0.0.0/8", host);
    if (options.server.sin_port == 0)
        refuse("the server's port is needed", "--port");

    if (strncmp(options.mode, "udp-", 4) == 0)
        return complete_for_datagrams(options);

    bool streaming = strcmp(options.mode, "stream") == 0;
    if (options.size == 0)
        options.size = streaming ? 65536 : 64;
    if (options.window == 0)
        options.window = 4 * options.size;
    if (options.window < options.size)
        refuse("--window is smaller than one write", "--size");
    if (options.sources == 0)
        options.sources = strcmp(options.mode, "crr") == 0 ? 200 : 1;
    return options;
}
