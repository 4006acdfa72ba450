// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE // recvmmsg, sendmmsg

#include "datagrams.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loopback.h"

// Buffers that lie a power of two apart would all want the same few lines of the caches; twenty lines more, and short
// datagrams get lines of their own.
enum { BUFFER_STRIDE = 65536 + 20 * 64 };

static bool segmenting = true; // until the kernel refuses

void inbox_prepare(struct inbox *inbox, bool with_sources) {
    inbox->buffers = malloc((size_t)BATCH * BUFFER_STRIDE);
    require(inbox->buffers != NULL, "malloc");
    for (unsigned place = 0; place < BATCH; place++) {
        inbox->pieces[place] = (struct iovec){inbox->buffers + (size_t)place * BUFFER_STRIDE, 65536};
        inbox->messages[place].msg_hdr = (struct msghdr){
            .msg_name = with_sources ? &inbox->sources[place] : NULL, .msg_namelen = sizeof inbox->sources[place],
            .msg_iov = &inbox->pieces[place], .msg_iovlen = 1,
            .msg_control = &inbox->controls[place], .msg_controllen = sizeof inbox->controls[place]};
    }
}

unsigned inbox_receive(struct inbox *inbox, int descriptor, unsigned first, int flags) {
    int count;
    do {
        count = recvmmsg(descriptor, inbox->messages + first, BATCH - first, flags, NULL);
        // A connected socket first reports that a datagram of it was refused, which takes nothing from those that wait.
    } while (count < 0 && (errno == ECONNREFUSED || errno == EINTR));
    return count < 0 ? 0 : (unsigned)count;
}

struct run inbox_run(struct inbox *inbox, unsigned place) {
    struct mmsghdr *message = &inbox->messages[place];
    struct run run = {inbox->pieces[place].iov_base, message->msg_len, message->msg_len};
    struct cmsghdr *control = CMSG_FIRSTHDR(&message->msg_hdr);
    if (control && control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
        int segment;
        memcpy(&segment, CMSG_DATA(control), sizeof segment);
        run.segment = (size_t)segment;
    }
    // The kernel has written what it used; the next call needs to know what there is.
    message->msg_hdr.msg_controllen = sizeof inbox->controls[place];
    message->msg_hdr.msg_namelen = sizeof inbox->sources[place];
    return run;
}

static unsigned segments_of(const struct run *run) {
    return run->length > run->segment ? (unsigned)((run->length + run->segment - 1) / run->segment) : 1;
}

void parcel_begin(struct parcel *parcel, const struct run *run) {
    parcel->pieces[0] = (struct iovec){run->bytes, run->length};
    parcel->count = 1;
    parcel->segments = segments_of(run);
    parcel->length = run->length;
    parcel->segment = run->segment;
    parcel->closed = run->length != parcel->segments * run->segment;
}

bool parcel_extend(struct parcel *parcel, const struct run *run) {
    unsigned segments = segments_of(run);
    if (parcel->closed || parcel->segments + segments > RUN_SEGMENTS || parcel->length + run->length > RUN_BYTES
        || run->length == 0 || (segments > 1 ? run->segment != parcel->segment : run->length > parcel->segment))
        return false;
    parcel->pieces[parcel->count++] = (struct iovec){run->bytes, run->length};
    parcel->segments += segments;
    parcel->length += run->length;
    parcel->closed = parcel->length != parcel->segments * parcel->segment;
    return true;
}

struct envelope {
    _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
};

static void address_to(struct msghdr *header, struct sockaddr_in *address) {
    header->msg_name = address;
    header->msg_namelen = address ? sizeof *address : 0;
}

static void seal(struct msghdr *header, struct parcel *parcel, struct envelope *envelope) {
    header->msg_iov = parcel->pieces;
    header->msg_iovlen = parcel->count;
    header->msg_flags = 0;
    header->msg_control = parcel->segments > 1 ? envelope : NULL;
    header->msg_controllen = parcel->segments > 1 ? sizeof *envelope : 0;
    if (parcel->segments > 1) {
        struct cmsghdr *control = CMSG_FIRSTHDR(header);
        control->cmsg_level = SOL_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t segment = (uint16_t)parcel->segment;
        memcpy(CMSG_DATA(control), &segment, sizeof segment);
    }
}

// One datagram a call, where the kernel does not cut runs up.
static void send_apart(int descriptor, const struct parcel *parcel, struct sockaddr_in *address) {
    struct msghdr header = {0};
    struct iovec datagram;
    address_to(&header, address);
    header.msg_iov = &datagram;
    header.msg_iovlen = 1;
    for (unsigned i = 0; i < parcel->count; i++) {
        uint8_t *bytes = parcel->pieces[i].iov_base;
        for (size_t left = parcel->pieces[i].iov_len; left > 0; bytes += datagram.iov_len, left -= datagram.iov_len) {
            datagram = (struct iovec){bytes, left < parcel->segment ? left : parcel->segment};
            sendmsg(descriptor, &header, MSG_DONTWAIT);
        }
    }
}

// With no address and no control message, send is spared their copies.
static void send_one(int descriptor, const struct parcel *parcel) {
    while (send(descriptor, parcel->pieces[0].iov_base, parcel->length, MSG_DONTWAIT) < 0
           && (errno == EINTR || errno == ECONNREFUSED)) // which is of an earlier datagram
        ;
}

void parcels_send(int descriptor, struct parcel *parcels, struct sockaddr_in *const *addresses, unsigned count) {
    if (count == 1 && !addresses && parcels->segments == 1)
        return send_one(descriptor, parcels);

    static struct mmsghdr messages[BATCH];
    static struct envelope envelopes[BATCH];
    for (unsigned i = 0; i < count; i++) {
        address_to(&messages[i].msg_hdr, addresses ? addresses[i] : NULL);
        seal(&messages[i].msg_hdr, &parcels[i], &envelopes[i]);
    }
    for (unsigned sent = 0; sent < count;) {
        if (!segmenting && parcels[sent].segments > 1) {
            send_apart(descriptor, &parcels[sent], addresses ? addresses[sent] : NULL);
            sent++;
            continue;
        }
        int taken = sendmmsg(descriptor, messages + sent, count - sent, MSG_DONTWAIT);
        if (taken > 0)
            sent += (unsigned)taken;
        else if (parcels[sent].segments > 1 && (errno == EINVAL || errno == EIO))
            segmenting = false;
        else if (errno != EINTR && errno != ECONNREFUSED)
            sent++;
    }
}

int datagram_socket(const struct sockaddr_in *address) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    const int on = 1;
    setsockopt(descriptor, SOL_UDP, UDP_GRO, &on, sizeof on); // where it is unknown, datagrams arrive one by one
    if (!address || bind(descriptor, (const struct sockaddr *)address, sizeof *address) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

void enlarge_receive_buffer(int descriptor, int bytes) {
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}
