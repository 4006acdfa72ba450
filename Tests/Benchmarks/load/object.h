// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdint.h>

/// What `loadgen get` asks of servers/objects_epoll.c: bytes of the pattern, so that both ends know which are right.
/// As long as a short request of HTTP or of a database. In the byte order of the host, as both ends are on it.
struct object_request {
    uint32_t origin; // below PATTERN_PERIOD
    uint32_t length; // at most PATTERN_CHUNK
    uint64_t position;
    uint8_t filler[48];
};

_Static_assert(sizeof(struct object_request) == 64, "the request is one message of 64 bytes");
