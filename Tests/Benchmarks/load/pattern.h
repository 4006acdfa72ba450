// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    /// After how many bytes the pattern repeats. A prime, so that data moved by any power of two is seen.
    PATTERN_PERIOD = 65521,
    /// Most bytes that one look at the pattern covers.
    PATTERN_CHUNK = 256 * 1024,
};

/// Makes the pattern; once, before anything else here.
void pattern_prepare(void);

/// Where in the pattern the stream of the `number`th connection begins; neighbours begin far apart, so that bytes
/// that reach the wrong connection are seen.
uint32_t pattern_origin(uint64_t number);

/// The next up to PATTERN_CHUNK bytes of a stream from `position` on.
const uint8_t *pattern_at(uint32_t origin, uint64_t position);

/// How many of `length` bytes at `data` are as the stream has them from `position` on: `length` if all are.
size_t pattern_matching(const uint8_t *data, size_t length, uint32_t origin, uint64_t position);
