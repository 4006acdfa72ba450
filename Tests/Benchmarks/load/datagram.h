// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stddef.h>
#include <stdint.h>

/// How every datagram begins; bytes of the pattern follow, which depend on both numbers. So none can be taken for
/// another: not one of another flow, nor an earlier one, nor one that was cut short.
struct datagram_head {
    uint64_t number; // of the flow's datagrams, from 0
    uint32_t flow;
    uint32_t size;   // with this head
};

_Static_assert(sizeof(struct datagram_head) == 16, "no padding goes over the wire");

enum {
    /// The largest payload over IPv4, and of a burst as a whole.
    DATAGRAM_MOST = 65507,
};

/// Writes the whole datagram to `bytes`.
void datagram_fill(uint8_t *bytes, struct datagram_head head);

/// Reads the head of what came back and checks all the rest against it. Fails the run when any byte is wrong.
struct datagram_head datagram_check(const uint8_t *bytes, size_t length, size_t size);
