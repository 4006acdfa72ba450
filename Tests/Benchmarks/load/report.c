// SPDX-License-Identifier: Apache-2.0

#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t now(void) {
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t nanoseconds(double seconds) {
    return (uint64_t)(seconds * 1e9);
}

// A driver that is gone must not leave a load behind: end of file ends the process too.
static void wait_for_line(void) {
    char byte;
    do {
        if (read(STDIN_FILENO, &byte, 1) != 1)
            exit(0);
    } while (byte != '\n');
}

void measurement_begin(struct measurement *measurement, const struct options *options) {
    if (options->wait) {
        puts("{\"ready\": true}");
        fflush(stdout);
        wait_for_line();
    }
    measurement->operations = 0;
    measurement->bytes = 0;
    measurement->cpu_began = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    measurement->began = now();
}

void measurement_end(struct measurement *measurement) {
    measurement->ended = now();
    measurement->cpu_ended = read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void measurement_print(const struct measurement *measurement, const struct options *options, const char *extra) {
    double seconds = (double)(measurement->ended - measurement->began) / 1e9;
    double cpu_seconds = (double)(measurement->cpu_ended - measurement->cpu_began) / 1e9;
    printf("{\"mode\": \"%s\", \"operations\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"errors\": 0, \"seconds\": %.6f, "
           "\"cpu_seconds\": %.6f, \"connections\": %" PRIu64 "%s}\n",
           options->mode, measurement->operations, measurement->bytes, seconds, cpu_seconds, measurement->connections,
           extra);
    fflush(stdout);
    if (options->wait)
        wait_for_line();
}

void fail(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("{\"errors\": 1, \"failure\": \"%s\"}\n", text);
    fflush(stdout);
    exit(1);
}
