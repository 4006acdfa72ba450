// SPDX-License-Identifier: Apache-2.0

#include "connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pattern.h"
#include "report.h"

static uint64_t made;

uint64_t connections_made(void) {
    return made;
}

void connection_open(struct connection *connection, const struct options *options) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        fail("socket: %s", strerror(errno));
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (options->sources > 1) {
        // The port is chosen at connect(), where one that is still in TIME_WAIT towards another address will do.
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        struct sockaddr_in source = {.sin_family = AF_INET};
        source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(made % options->sources));
        if (bind(descriptor, (struct sockaddr *)&source, sizeof source) < 0)
            fail("bind: %s", strerror(errno));
    }
    if (connect(descriptor, (const struct sockaddr *)&options->server, sizeof options->server) < 0
        && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    *connection = (struct connection){.descriptor = descriptor, .origin = pattern_origin(made)};
    made++;
}

void connection_watch(struct connection *connection, int epoll, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->descriptor, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

void connection_push(struct connection *connection, const struct options *options) {
    while (connection->sent < connection->goal) {
        uint64_t owed = connection->goal - connection->sent;
        size_t length = owed < options->size ? (size_t)owed : options->size;
        const uint8_t *bytes = pattern_at(connection->origin, connection->sent);
        ssize_t count = send(connection->descriptor, bytes, length, MSG_NOSIGNAL);
        if (count < 0) {
            if (errno == EAGAIN)
                return;
            fail("send after %llu bytes: %s", (unsigned long long)connection->sent, strerror(errno));
        }
        connection->sent += (uint64_t)count;
        if ((size_t)count < length)
            return;
    }
}

void connection_pull(struct connection *connection) {
    static uint8_t buffer[PATTERN_CHUNK];
    for (;;) {
        ssize_t count = recv(connection->descriptor, buffer, sizeof buffer, 0);
        if (count < 0) {
            if (errno == EAGAIN)
                return;
            fail("recv after %llu bytes: %s", (unsigned long long)connection->received, strerror(errno));
        }
        if (count == 0)
            fail("the server closed a connection after %llu of %llu bytes", (unsigned long long)connection->received,
                 (unsigned long long)connection->sent);
        size_t length = (size_t)count;
        if (length > connection->sent - connection->received)
            fail("%llu bytes came back and only %llu were sent", (unsigned long long)(connection->received + length),
                 (unsigned long long)connection->sent);
        size_t right = pattern_matching(buffer, length, connection->origin, connection->received);
        if (right < length)
            fail("byte %llu of a stream came back wrong", (unsigned long long)(connection->received + right));
        connection->received += length;
        // A short read emptied the socket; whatever comes later is a new edge.
        if (length < sizeof buffer)
            return;
    }
}

void connection_expect_open(const struct connection *connection, uint32_t events) {
    if (!(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return;
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(connection->descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
    fail("a connection ended after %llu of %llu bytes: %s", (unsigned long long)connection->received,
         (unsigned long long)connection->goal, error ? strerror(error) : "closed by the server");
}

void connection_close(struct connection *connection) {
    close(connection->descriptor);
    connection->descriptor = -1;
}

int wait_for_events(int epoll, struct epoll_event *events, const struct options *options) {
    int count = epoll_wait(epoll, events, EVENT_BATCH, (int)(options->timeout * 1000));
    if (count < 0 && errno != EINTR)
        fail("epoll_wait: %s", strerror(errno));
    if (count == 0)
        fail("nothing came back for %g seconds", options->timeout);
    return count;
}

static void exchange_one(struct connection *first, unsigned count, int epoll, const struct options *options) {
    struct epoll_event events[EVENT_BATCH];
    for (unsigned i = 0; i < count; i++) {
        first[i].goal += options->size;
        connection_push(&first[i], options);
    }
    unsigned missing = count;
    while (missing > 0) {
        int ready = wait_for_events(epoll, events, options);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            connection_expect_open(connection, events[i].events);
            connection_push(connection, options);
            uint64_t before = connection->received;
            connection_pull(connection);
            missing -= connection->received == connection->goal && before < connection->goal;
        }
    }
}

struct connection *connections_open(const struct options *options, int epoll, bool exchange) {
    enum { AT_ONCE = 32 };
    struct connection *all = calloc(options->connections, sizeof *all);
    if (!all)
        fail("no memory for %u connections", options->connections);
    for (unsigned first = 0; first < options->connections; first += AT_ONCE) {
        unsigned left = options->connections - first;
        unsigned count = left < AT_ONCE ? left : AT_ONCE;
        for (unsigned i = 0; i < count; i++) {
            connection_open(&all[first + i], options);
            connection_watch(&all[first + i], epoll, EPOLLIN | EPOLLOUT);
        }
        if (exchange)
            exchange_one(&all[first], count, epoll, options);
        else
            usleep(2000); // nothing tells when they are accepted; this is far longer than it takes
    }
    return all;
}
