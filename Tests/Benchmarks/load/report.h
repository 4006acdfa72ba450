// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdint.h>

#include "options.h"

/// Nanoseconds of the monotonic clock.
uint64_t now(void);

/// Seconds as nanoseconds.
uint64_t nanoseconds(double seconds);

/// The part of a run that counts.
struct measurement {
    uint64_t began, ended;         // now()
    uint64_t cpu_began, cpu_ended; // processor time of this process, nanoseconds
    uint64_t operations;
    uint64_t bytes;                // that came back, each of them checked
    uint64_t connections;          // made in the whole life of this process
};

/// With --wait: says that the warm-up is over and waits for a line on stdin. Then starts the clocks.
void measurement_begin(struct measurement *measurement, const struct options *options);

/// Stops the clocks.
void measurement_end(struct measurement *measurement);

/// Prints the JSON line. `extra` is further members with a comma before them, or "".
/// With --wait it then waits for another line, so that connections stay as they are until the driver has looked.
void measurement_print(const struct measurement *measurement, const struct options *options, const char *extra);

/// A result that cannot be trusted: prints it as a JSON line and exits with status 1.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
