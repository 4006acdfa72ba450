// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdint.h>

enum { HISTOGRAM_PARTS = 64, HISTOGRAM_BUCKETS = 64 * HISTOGRAM_PARTS };

/// Counts of durations in nanoseconds, each power of two split into HISTOGRAM_PARTS: right to within 1.6 %.
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t longest;
};

void histogram_add(struct histogram *histogram, uint64_t value);

/// The value that `share` (0 ... 1) of all values do not exceed.
uint64_t histogram_quantile(const struct histogram *histogram, double share);
