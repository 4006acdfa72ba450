// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// What the minimal programs for UDP share: many datagrams received in one call and sent in one call, and runs of
// datagrams of one size and one flow passed through the kernel as one (UDP_GRO, UDP_SEGMENT).

enum {
    /// Messages that one call receives or sends. More were no faster.
    BATCH = 32,
    /// UDP_MAX_SEGMENTS of the kernels before 6.9; later ones take more.
    RUN_SEGMENTS = 64,
    /// The largest payload over IPv4, also of a run as a whole.
    RUN_BYTES = 65507,
};

/// One datagram, or several of one source and one size, back to back; only the last of them may be shorter.
struct run {
    uint8_t *bytes;
    size_t length;
    size_t segment; // the size of each
};

/// Room for one batch of received messages, each of which may be a run.
struct inbox {
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    struct sockaddr_in sources[BATCH];
    struct {
        _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } controls[BATCH];
    uint8_t *buffers;
};

/// One message to send: runs of one flow that may go out as one.
struct parcel {
    struct iovec pieces[BATCH];
    unsigned count; // of pieces
    unsigned segments;
    size_t length;
    size_t segment;
    bool closed;    // its last segment is a short one, or it is full
};

/// Allocates the buffers. Without sources, it is not asked who sent what.
void inbox_prepare(struct inbox *inbox, bool with_sources);

/// Receives into the places from `first` on. Returns how many messages came; fewer than there was room for means that
/// the socket is empty. 0 if none came.
unsigned inbox_receive(struct inbox *inbox, int descriptor, unsigned first, int flags);

/// What arrived in a place; to be asked for once, before the place is received into again.
struct run inbox_run(struct inbox *inbox, unsigned place);

void parcel_begin(struct parcel *parcel, const struct run *run);

/// Adds the run to what is sent at once. Returns false, and does nothing, where the kernel could not tell its datagrams
/// from the others; then it needs a parcel of its own.
bool parcel_extend(struct parcel *parcel, const struct run *run);

/// Sends `count` parcels on one socket, to the addresses if there are any, else to who the socket is connected to. What
/// the kernel does not take is lost, as datagrams may be.
void parcels_send(int descriptor, struct parcel *parcels, struct sockaddr_in *const *addresses, unsigned count);

/// A UDP socket that receives runs as such; `address` is what it is bound to, or NULL. -1 if there is none to be had.
int datagram_socket(const struct sockaddr_in *address);

/// Asks for a receive buffer of so many bytes, and gets as much as the limits allow.
void enlarge_receive_buffer(int descriptor, int bytes);
