// SPDX-License-Identifier: Apache-2.0

// The least that a relay over UDP can do: what all others are compared with. One thread, one edge-triggered epoll loop;
// a connected socket towards the upstream for each flow, that is, each source address. What a flow has in a batch goes
// to the upstream in one call, and answers of many flows go back in one. No log, no timeout, no limit.
//
// usage: relay_udp PORT UPSTREAM

#define _GNU_SOURCE // MSG_DONTWAIT with recvmmsg

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "datagrams.h"
#include "loopback.h"

enum { EVENT_BATCH = 256, RECEIVE_BUFFER = 4 * 1024 * 1024, FIRST_CAPACITY = 1024 };

struct flow {
    struct sockaddr_in client;
    int upstream;
    int question, answer; // the parcel of this batch that its datagrams are in, one way and the other, or -1
};

// Open addressing, at most half full.
static struct {
    struct flow **places;
    size_t capacity, count;
} flows;

static struct sockaddr_in upstream;
static int listener, epoll;

static size_t place_of(const struct sockaddr_in *client) {
    uint64_t key = (uint64_t)client->sin_addr.s_addr << 16 | client->sin_port;
    return (size_t)(key * 0x9e3779b97f4a7c15 >> 32) & (flows.capacity - 1); // 2^64 divided by the golden ratio
}

static struct flow **find(const struct sockaddr_in *client) {
    size_t place = place_of(client);
    for (struct flow *flow; (flow = flows.places[place]); place = (place + 1) & (flows.capacity - 1))
        if (flow->client.sin_addr.s_addr == client->sin_addr.s_addr && flow->client.sin_port == client->sin_port)
            break;
    return &flows.places[place];
}

static void grow(void) {
    struct flow **old = flows.places;
    size_t count = flows.capacity;
    flows.capacity = count ? 2 * count : FIRST_CAPACITY;
    flows.places = calloc(flows.capacity, sizeof *flows.places);
    require(flows.places != NULL, "calloc");
    for (size_t i = 0; i < count; i++)
        if (old[i])
            *find(&old[i]->client) = old[i];
    free(old);
}

// NULL if there are no more sockets to be had; then the datagram is lost.
static struct flow *flow_of(const struct sockaddr_in *client) {
    struct flow **place = find(client);
    if (*place)
        return *place;
    int descriptor = datagram_socket(NULL);
    if (descriptor < 0)
        return NULL;
    struct flow *flow = malloc(sizeof *flow);
    require(flow != NULL, "malloc");
    *flow = (struct flow){*client, descriptor, -1, -1};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = flow};
    if (connect(descriptor, (const struct sockaddr *)&upstream, sizeof upstream) < 0
        || epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0) {
        close(descriptor);
        free(flow);
        return NULL;
    }
    *place = flow;
    if (++flows.count > flows.capacity / 2)
        grow();
    return flow;
}

// From the clients, each flow's to its socket, in the order in which they came.
static void forward(void) {
    static struct inbox inbox;
    static struct parcel parcels[BATCH];
    struct flow *senders[BATCH];
    if (!inbox.buffers)
        inbox_prepare(&inbox, true);
    unsigned received;
    do {
        unsigned count = 0;
        received = inbox_receive(&inbox, listener, 0, MSG_DONTWAIT);
        for (unsigned place = 0; place < received; place++) {
            struct run run = inbox_run(&inbox, place);
            struct flow *flow = flow_of(&inbox.sources[place]);
            if (!flow || (flow->question >= 0 && parcel_extend(&parcels[flow->question], &run)))
                continue;
            parcel_begin(&parcels[count], &run);
            flow->question = (int)count;
            senders[count++] = flow;
        }
        for (unsigned i = 0; i < count; i++) {
            senders[i]->question = -1;
            parcels_send(senders[i]->upstream, &parcels[i], NULL, 1);
        }
    } while (received == BATCH);
}

// Answers that wait for the others of this turn.
static struct {
    struct inbox inbox;
    unsigned used; // places of it
    struct parcel parcels[BATCH];
    struct flow *receivers[BATCH];
    unsigned count;
} answers;

static void send_answers(void) {
    struct sockaddr_in *addresses[BATCH];
    for (unsigned i = 0; i < answers.count; i++) {
        answers.receivers[i]->answer = -1;
        addresses[i] = &answers.receivers[i]->client;
    }
    parcels_send(listener, answers.parcels, addresses, answers.count);
    answers.used = answers.count = 0;
}

static void collect(struct flow *flow) {
    for (;;) {
        unsigned room = BATCH - answers.used;
        unsigned received = inbox_receive(&answers.inbox, flow->upstream, answers.used, MSG_DONTWAIT);
        for (unsigned i = 0; i < received; i++) {
            struct run run = inbox_run(&answers.inbox, answers.used++);
            if (flow->answer >= 0 && parcel_extend(&answers.parcels[flow->answer], &run))
                continue;
            parcel_begin(&answers.parcels[answers.count], &run);
            flow->answer = (int)answers.count;
            answers.receivers[answers.count++] = flow;
        }
        if (answers.used == BATCH)
            send_answers();
        if (received < room)
            return;
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: relay_udp PORT UPSTREAM\n");
        return 2;
    }
    raise_descriptor_limit();
    upstream = loopback(argv[2]);
    const struct sockaddr_in address = loopback(argv[1]);
    listener = datagram_socket(&address);
    require(listener >= 0, "bind");
    enlarge_receive_buffer(listener, RECEIVE_BUFFER);
    grow();
    inbox_prepare(&answers.inbox, false);

    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    require(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) == 0, "epoll_ctl");

    struct epoll_event events[EVENT_BATCH];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENT_BATCH, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                collect(events[i].data.ptr);
            else
                forward();
        }
        send_answers();
    }
}
