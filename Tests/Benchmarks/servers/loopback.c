// SPDX-License-Identifier: Apache-2.0

#include "loopback.h"

#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { BACKLOG = 4096 };

void require(bool succeeded, const char *operation) {
    if (succeeded)
        return;
    perror(operation);
    exit(1);
}

size_t raise_descriptor_limit(void) {
    struct rlimit limit;
    require(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    require(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    return limit.rlim_cur;
}

struct sockaddr_in loopback(const char *port) {
    int number = atoi(port);
    if (number < 1 || number > 65535) {
        fprintf(stderr, "%s is not a port\n", port);
        exit(2);
    }
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)number),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int listen_on(struct sockaddr_in address) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    require(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    require(listen(listener, BACKLOG) == 0, "listen");
    return listener;
}
