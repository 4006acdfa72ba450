// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "options.h"

/// One connection to the server and how far its stream has come, both ways.
struct connection {
    int descriptor;
    uint32_t origin;   // where in the pattern its stream begins
    uint64_t goal;     // bytes to send in all, as of now
    uint64_t sent;
    uint64_t received; // and found right
};

/// Starts to connect, from the next source address in turn. On loopback the handshake is over when this returns.
void connection_open(struct connection *connection, const struct options *options);

/// Makes `epoll` report the connection, edge-triggered, as a pointer to it.
void connection_watch(struct connection *connection, int epoll, uint32_t events);

/// Sends up to the goal, in writes of up to options->size; stops early where the socket takes no more.
void connection_push(struct connection *connection, const struct options *options);

/// Receives and checks what is there.
void connection_pull(struct connection *connection);

/// Fails if `events` say that the server closed or reset the connection, which no server here may do first.
void connection_expect_open(const struct connection *connection, uint32_t events);

void connection_close(struct connection *connection);

/// Connections that connection_open() has made so far.
uint64_t connections_made(void);

/// Opens all connections, a few at a time so that no backlog overflows, and registers them for all events. With
/// `exchange` each sends one message and waits for it to come back, which proves that the server has accepted it.
struct connection *connections_open(const struct options *options, int epoll, bool exchange);

/// Events of one wait; many, so that a wait costs little a message.
enum { EVENT_BATCH = 512 };

/// epoll_wait that fails the run when nothing happens for options->timeout.
int wait_for_events(int epoll, struct epoll_event *events, const struct options *options);
