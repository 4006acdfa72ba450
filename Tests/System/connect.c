// SPDX-License-Identifier: Apache-2.0

// A client that makes many connections to an echo, one after the other, and says what became of them.
//
//     connect PORT COUNT
//
// Each sends a line, wants it back, and closes. The clients' addresses are 127.1.0.1 and on, a thousand connections each,
// so that the ports of those that have ended need not be waited for. Prints `made=N refused=N broken=N`; exits with 0.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FOR_ONE_ADDRESS = 1000, PATIENCE_SECONDS = 30 };

static const uint32_t CLIENTS = 0x7f010001;
static const char LINE[] = "hello\n";

static void die(const char *what) {
    fprintf(stderr, "connect: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_in address(uint32_t host, uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
}

// Whether the line came back, and the end after it.
static int exchange(int fd) {
    char answer[sizeof LINE];
    size_t length = 0;
    if (send(fd, LINE, sizeof LINE - 1, MSG_NOSIGNAL) != sizeof LINE - 1) return 0;
    while (length < sizeof LINE - 1) {
        ssize_t count = recv(fd, answer + length, sizeof LINE - 1 - length, 0);
        if (count <= 0) return 0;
        length += (size_t)count;
    }
    return memcmp(answer, LINE, sizeof LINE - 1) == 0;
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: connect PORT COUNT\n"), 64;
    struct sockaddr_in server = address(INADDR_LOOPBACK, (uint16_t)atoi(argv[1]));
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    const int on = 1;
    long made = 0, refused = 0, broken = 0;
    for (long index = 0; index < atol(argv[2]); index++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) die("socket");
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) die("SO_RCVTIMEO");
        if (setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0) die("IP_BIND_ADDRESS_NO_PORT");
        struct sockaddr_in client = address(CLIENTS + (uint32_t)(index / FOR_ONE_ADDRESS), 0);
        if (bind(fd, (struct sockaddr *)&client, sizeof client) < 0) die("bind");
        if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0) {
            if (errno != ECONNREFUSED) die("connect");
            refused++;
        } else if (exchange(fd)) {
            made++;
        } else {
            broken++;
        }
        close(fd);
    }
    printf("made=%ld refused=%ld broken=%ld\n", made, refused, broken);
    return 0;
}
