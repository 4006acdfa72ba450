// SPDX-License-Identifier: Apache-2.0

#include "pattern.h"

#include <string.h>

// Longer than its period by a chunk, so that sending and checking never wrap around.
static uint8_t pattern[PATTERN_PERIOD + PATTERN_CHUNK];

void pattern_prepare(void) {
    uint32_t state = 2463534242; // xorshift32 (Marsaglia, 2003), with the seed of the paper
    for (size_t i = 0; i < sizeof pattern; i++) {
        if (i >= PATTERN_PERIOD) {
            pattern[i] = pattern[i - PATTERN_PERIOD];
            continue;
        }
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pattern[i] = (uint8_t)(state >> 24);
    }
}

uint32_t pattern_origin(uint64_t number) {
    return (uint32_t)(number * 40503 % PATTERN_PERIOD);
}

const uint8_t *pattern_at(uint32_t origin, uint64_t position) {
    return pattern + (origin + position) % PATTERN_PERIOD;
}

size_t pattern_matching(const uint8_t *data, size_t length, uint32_t origin, uint64_t position) {
    const uint8_t *expected = pattern_at(origin, position);
    if (memcmp(data, expected, length) == 0)
        return length;
    size_t same = 0;
    while (data[same] == expected[same])
        same++;
    return same;
}
