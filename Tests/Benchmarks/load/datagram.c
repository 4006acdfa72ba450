// SPDX-License-Identifier: Apache-2.0

#include "datagram.h"

#include <inttypes.h>
#include <string.h>

#include "pattern.h"
#include "report.h"

static const uint8_t *body(struct datagram_head head) {
    return pattern_at(pattern_origin(head.flow), head.number * head.size);
}

void datagram_fill(uint8_t *bytes, struct datagram_head head) {
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, body(head), head.size - sizeof head);
}

struct datagram_head datagram_check(const uint8_t *bytes, size_t length, size_t size) {
    if (length != size)
        fail("a datagram of %zu bytes came back, and all were sent with %zu", length, size);
    struct datagram_head head;
    memcpy(&head, bytes, sizeof head);
    if (head.size != size)
        fail("the head of a datagram came back wrong");
    size_t rest = size - sizeof head;
    size_t right = pattern_matching(bytes + sizeof head, rest, pattern_origin(head.flow), head.number * head.size);
    if (right < rest)
        fail("byte %zu of datagram %" PRIu64 " of flow %u came back wrong", sizeof head + right, head.number,
             head.flow);
    return head;
}
