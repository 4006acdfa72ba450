// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE // recvmmsg, sendmmsg, in_pktinfo

#include "flows.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "datagram.h"
#include "report.h"

enum {
    FIRST_SOURCE = 0x7f010000, // 127.1.0.0
    /// A datagram that so many later ones have overtaken is lost.
    DEPARTURES = 1 << 16,
    LEAST_REMEMBERED = 64,
    RECEIVE_BUFFER = 64 * 1024 * 1024,
    WAIT_MICROSECONDS = 5000,
    /// Apart from each other in the caches; see servers/datagrams.c.
    BUFFER_STRIDE = 65536 + 20 * 64,
};

enum state {
    SETTLED,
    UNDER_WAY,
    LOST,
    FORGOTTEN, // lost before the part of the run that counts
};

struct control {
    _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

struct batch {
    struct mmsghdr messages[MESSAGE_BATCH];
    struct iovec pieces[MESSAGE_BATCH];
    struct sockaddr_in peers[MESSAGE_BATCH];
    struct control controls[MESSAGE_BATCH];
    uint8_t buffers[MESSAGE_BATCH][BUFFER_STRIDE];
};

static struct batch *make_batch(const struct sockaddr_in *peer) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        fail("no memory for a batch");
    for (unsigned i = 0; i < MESSAGE_BATCH; i++) {
        batch->peers[i] = *peer;
        batch->pieces[i] = (struct iovec){batch->buffers[i], 65536};
        batch->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->peers[i], .msg_namelen = sizeof batch->peers[i],
            .msg_iov = &batch->pieces[i], .msg_iovlen = 1,
            .msg_control = &batch->controls[i], .msg_controllen = sizeof batch->controls[i]};
    }
    return batch;
}

static void set(int descriptor, int level, int option, const void *value, socklen_t length, const char *name) {
    if (setsockopt(descriptor, level, option, value, length) < 0)
        fail("%s: %s", name, strerror(errno));
}

static int open_socket(void) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        fail("socket: %s", strerror(errno));
    const int on = 1, buffer = RECEIVE_BUFFER;
    set(descriptor, IPPROTO_IP, IP_PKTINFO, &on, sizeof on, "IP_PKTINFO");
    set(descriptor, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3, "SO_BINDTODEVICE"); // it is bound to every address
    setsockopt(descriptor, SOL_UDP, UDP_GRO, &on, sizeof on);
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) < 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    const struct timeval wait = {.tv_usec = WAIT_MICROSECONDS};
    set(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait, "SO_RCVTIMEO");
    const struct sockaddr_in any = {.sin_family = AF_INET};
    if (bind(descriptor, (const struct sockaddr *)&any, sizeof any) < 0)
        fail("bind: %s", strerror(errno));
    return descriptor;
}

void flows_prepare(struct flows *flows, const struct options *options, flow_settled *settled, void *context) {
    *flows = (struct flows){.options = options, .descriptor = open_socket(), .remembered = LEAST_REMEMBERED,
                            .settled = settled, .context = context};
    while ((uint64_t)flows->remembered * options->connections < DEPARTURES)
        flows->remembered *= 2;
    flows->all = calloc(options->connections, sizeof *flows->all);
    flows->states = calloc(options->connections, flows->remembered);
    flows->departures = calloc(DEPARTURES, sizeof *flows->departures);
    if (!flows->all || !flows->states || !flows->departures)
        fail("no memory for %u flows", options->connections);
    flows->outgoing = make_batch(&options->server);
    flows->incoming = make_batch(&options->server);
}

static uint8_t *state_of(const struct flows *flows, unsigned flow, uint64_t number) {
    return &flows->states[(size_t)flow * flows->remembered + (number & (flows->remembered - 1))];
}

static bool remembers(const struct flows *flows, unsigned flow, uint64_t number) {
    return flows->all[flow].sent - number <= flows->remembered;
}

static void settle(struct flows *flows, unsigned flow, uint64_t number, enum state state) {
    *state_of(flows, flow, number) = state;
    flows->under_way--;
    if (flows->settled)
        flows->settled(flows->context, flow);
}

static void give_up(struct flows *flows, unsigned flow, uint64_t number) {
    flows->tally.lost++;
    settle(flows, flow, number, LOST);
}

static void give_up_first_departure(struct flows *flows) {
    const struct departure *first = &flows->departures[flows->arrived++ % DEPARTURES];
    if (remembers(flows, first->flow, first->number) && *state_of(flows, first->flow, first->number) == UNDER_WAY)
        give_up(flows, first->flow, first->number);
}

static void depart(struct flows *flows, unsigned flow, uint64_t number, uint64_t time) {
    if (flows->departed - flows->arrived == DEPARTURES)
        give_up_first_departure(flows);
    if (*state_of(flows, flow, number) == UNDER_WAY) // of the datagram that had the place before
        give_up(flows, flow, number - flows->remembered);
    flows->departures[flows->departed++ % DEPARTURES] = (struct departure){time, number, flow};
    *state_of(flows, flow, number) = UNDER_WAY;
    flows->under_way++;
    flows->tally.sent++;
}

// Writes the control messages of one outgoing message: where it comes from, and how to cut it up.
static void address_from(struct msghdr *header, unsigned flow, unsigned burst, size_t size) {
    header->msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo)) + (burst > 1 ? CMSG_SPACE(sizeof(uint16_t)) : 0);
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP,
                                .cmsg_type = IP_PKTINFO};
    const struct in_pktinfo source = {.ipi_spec_dst.s_addr = htonl(FIRST_SOURCE + flow)};
    memcpy(CMSG_DATA(control), &source, sizeof source);
    if (burst == 1)
        return;
    control = CMSG_NXTHDR(header, control);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = SOL_UDP,
                                .cmsg_type = UDP_SEGMENT};
    const uint16_t segment = (uint16_t)size;
    memcpy(CMSG_DATA(control), &segment, sizeof segment);
}

static void send_bursts(struct flows *flows, const unsigned *numbers, unsigned count, unsigned burst) {
    struct batch *batch = flows->outgoing;
    size_t size = flows->options->size;
    uint64_t time = now();
    for (unsigned i = 0; i < count; i++) {
        struct flow *flow = &flows->all[numbers[i]];
        uint8_t *bytes = batch->buffers[i];
        for (unsigned j = 0; j < burst; j++, bytes += size) {
            uint64_t number = flow->sent++;
            datagram_fill(bytes, (struct datagram_head){number, numbers[i], (uint32_t)size});
            depart(flows, numbers[i], number, time);
        }
        batch->pieces[i].iov_len = burst * size;
        address_from(&batch->messages[i].msg_hdr, numbers[i], burst, size);
    }
    for (unsigned sent = 0; sent < count;) {
        int taken = sendmmsg(flows->descriptor, batch->messages + sent, count - sent, 0);
        if (taken < 0 && errno != EINTR)
            fail("sendmmsg: %s", strerror(errno));
        sent += taken > 0 ? (unsigned)taken : 0;
    }
}

void flows_send(struct flows *flows, const unsigned *numbers, unsigned count) {
    send_bursts(flows, numbers, count, flows->options->burst);
}

/// What the kernel says about one message that came in.
struct arrival {
    unsigned flow;  // by the address that it was sent to
    size_t segment; // the size of each datagram in it; 0 if it is one
};

static struct arrival read_arrival(const struct flows *flows, struct msghdr *header) {
    struct arrival arrival = {0};
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
            int segment;
            memcpy(&segment, CMSG_DATA(control), sizeof segment);
            arrival.segment = (size_t)segment;
        } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo information;
            memcpy(&information, CMSG_DATA(control), sizeof information);
            arrival.flow = ntohl(information.ipi_addr.s_addr) - FIRST_SOURCE;
        }
    }
    if (arrival.flow >= flows->options->connections)
        fail("a datagram came to an address that none was sent from");
    const struct sockaddr_in *peer = header->msg_name, *server = &flows->options->server;
    if (peer->sin_addr.s_addr != server->sin_addr.s_addr || peer->sin_port != server->sin_port)
        fail("a datagram came from port %u, which none was sent to", ntohs(peer->sin_port));
    return arrival;
}

static void accept_back(struct flows *flows, unsigned flow, const uint8_t *bytes, size_t length) {
    struct datagram_head head = datagram_check(bytes, length, flows->options->size);
    struct flow *own = &flows->all[flow];
    if (head.flow != flow)
        fail("a datagram of flow %u came back to flow %u", head.flow, flow);
    if (head.number >= own->sent)
        fail("datagram %" PRIu64 " of flow %u came back, and only %" PRIu64 " were sent", head.number, flow, own->sent);
    if (!remembers(flows, flow, head.number)) {
        flows->tally.late++; // by so much that it stays among the lost
        return;
    }
    uint8_t *state = state_of(flows, flow, head.number);
    switch ((enum state)*state) {
    case SETTLED:
        fail("datagram %" PRIu64 " of flow %u came back twice", head.number, flow);
    case FORGOTTEN:
        *state = SETTLED;
        return;
    case LOST:
        *state = SETTLED;
        flows->tally.lost--;
        flows->tally.late++;
        break;
    case UNDER_WAY:
        settle(flows, flow, head.number, SETTLED);
        flows->tally.reordered += head.number < own->newest;
        break;
    }
    flows->tally.returned++;
    if (own->newest <= head.number)
        own->newest = head.number + 1;
}

uint64_t flows_receive(struct flows *flows, bool wait) {
    struct batch *batch = flows->incoming;
    int count = recvmmsg(flows->descriptor, batch->messages, MESSAGE_BATCH, wait ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return 0;
        fail("recvmmsg: %s", strerror(errno));
    }
    uint64_t before = flows->tally.returned;
    for (int i = 0; i < count; i++) {
        struct msghdr *header = &batch->messages[i].msg_hdr;
        struct arrival arrival = read_arrival(flows, header);
        header->msg_controllen = sizeof batch->controls[i];
        header->msg_namelen = sizeof batch->peers[i];
        size_t left = batch->messages[i].msg_len;
        const uint8_t *bytes = batch->buffers[i];
        do {
            size_t length = arrival.segment > 0 && arrival.segment < left ? arrival.segment : left;
            accept_back(flows, arrival.flow, bytes, length);
            bytes += length;
            left -= length;
        } while (left > 0);
    }
    flows->progress = count > 0 ? now() : flows->progress;
    return flows->tally.returned - before;
}

static void expire(struct flows *flows, double longest) {
    uint64_t time = now();
    while (flows->arrived < flows->departed) {
        const struct departure *first = &flows->departures[flows->arrived % DEPARTURES];
        bool open = remembers(flows, first->flow, first->number)
                    && *state_of(flows, first->flow, first->number) == UNDER_WAY;
        if (open && time - first->time < nanoseconds(longest))
            break;
        give_up_first_departure(flows);
    }
    if (time - flows->progress > nanoseconds(flows->options->timeout))
        fail("nothing came back for %g seconds", flows->options->timeout);
}

void flows_expire(struct flows *flows) {
    expire(flows, flows->options->loss);
}

void flows_drain(struct flows *flows) {
    while (flows->under_way > 0) {
        flows_receive(flows, true);
        flows_expire(flows);
    }
}

void flows_restart(struct flows *flows) {
    uint8_t *state = flows->states, *end = state + (size_t)flows->options->connections * flows->remembered;
    while ((state = memchr(state, LOST, (size_t)(end - state))))
        *state = FORGOTTEN;
    flows->tally = (struct tally){0};
    flows->progress = now();
}

void flows_greet(struct flows *flows) {
    const double retry = 0.02; // some servers are deaf for a moment after each new flow
    unsigned most = flows->options->at_once, all = flows->options->connections;
    flows_restart(flows);
    for (unsigned first = 0; first < all; first += most) {
        unsigned numbers[MESSAGE_BATCH], count = 0;
        uint64_t before[MESSAGE_BATCH];
        for (unsigned flow = first; flow < first + most && flow < all; flow++) {
            before[count] = flows->all[flow].newest;
            numbers[count++] = flow;
        }
        while (count > 0) {
            send_bursts(flows, numbers, count, 1);
            while (flows->under_way > 0) {
                flows_receive(flows, true);
                expire(flows, retry);
            }
            unsigned missing = 0;
            for (unsigned i = 0; i < count; i++) {
                if (flows->all[numbers[i]].newest > before[i])
                    continue;
                before[missing] = before[i];
                numbers[missing++] = numbers[i];
            }
            count = missing;
        }
    }
}

uint64_t flows_dropped(const struct flows *flows) {
    uint32_t information[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof information;
    getsockopt(flows->descriptor, SOL_SOCKET, SO_MEMINFO, information, &length);
    return information[SK_MEMINFO_DROPS];
}

const char *flows_extra(const struct flows *flows) {
    static char text[200];
    const struct tally *tally = &flows->tally;
    snprintf(text, sizeof text,
             ", \"sent\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"late\": %" PRIu64 ", \"reordered\": %" PRIu64
             ", \"dropped\": %" PRIu64,
             tally->sent, tally->lost, tally->late, tally->reordered, flows_dropped(flows));
    return text;
}
