// SPDX-License-Identifier: Apache-2.0

#include "histogram.h"

enum { PART_BITS = 6 };
_Static_assert(1 << PART_BITS == HISTOGRAM_PARTS, "the parts of a power of two");

// Values below HISTOGRAM_PARTS have a bucket each; above, the exponent and the PART_BITS bits after the first one.
static unsigned bucket_of(uint64_t value) {
    if (value < HISTOGRAM_PARTS)
        return (unsigned)value;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(value);
    unsigned part = (unsigned)(value >> (exponent - PART_BITS)) & (HISTOGRAM_PARTS - 1);
    return (exponent - PART_BITS + 1) * HISTOGRAM_PARTS + part;
}

static uint64_t highest_in(unsigned bucket) {
    if (bucket < HISTOGRAM_PARTS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_PARTS - 1;
    return (((uint64_t)HISTOGRAM_PARTS + bucket % HISTOGRAM_PARTS + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    histogram->counts[bucket_of(value)]++;
    histogram->total++;
    if (value > histogram->longest)
        histogram->longest = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->total), seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen > wanted || seen == histogram->total) {
            uint64_t value = highest_in(bucket);
            return value < histogram->longest ? value : histogram->longest;
        }
    }
    return histogram->longest;
}
