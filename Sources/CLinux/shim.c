// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Swift cannot import struct epoll_event without _GNU_SOURCE; clinux_epoll_event has the same layout.
_Static_assert(sizeof(struct clinux_epoll_event) == sizeof(struct epoll_event), "epoll_event layout");
_Static_assert(CLINUX_EPOLLRDHUP == EPOLLRDHUP && CLINUX_EPOLLPRI == EPOLLPRI, "epoll bits");
_Static_assert(CLINUX_O_PATH == O_PATH && CLINUX_AT_EMPTY_PATH == AT_EMPTY_PATH, "file flags");
_Static_assert(CLINUX_EPOLLEXCLUSIVE == EPOLLEXCLUSIVE && CLINUX_EPOLLET == EPOLLET, "epoll flags");

static char *const *arguments;

__attribute__((constructor)) static void keep_arguments(int count, char **words) {
    (void)count;
    arguments = words;
}

char *const *clinux_arguments(void) { return arguments; }

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, data);
}

int clinux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t data) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, data);
}

int clinux_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int clinux_epoll_wait(int epoll, struct clinux_epoll_event *events, int count, int timeout_milliseconds) {
    return (int)syscall(SYS_epoll_pwait, epoll, events, count, timeout_milliseconds, NULL, 0);
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static void signal_set(sigset_t *set, const int *signals, int count) {
    sigemptyset(set);
    for (int i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int clinux_signalfd(const int *signals, int count) {
    sigset_t set;
    signal_set(&set, signals, count);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_block_signals(const int *signals, int count) {
    sigset_t set;
    signal_set(&set, signals, count);
    errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
    return errno ? -1 : 0;
}

int clinux_signalfd_next(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t length = read(descriptor, &info, sizeof info);
    if (length == sizeof info) return (int)info.ssi_signo;
    return length < 0 && errno != EAGAIN ? -1 : 0;
}

ssize_t clinux_receive(int descriptor, void *buffer, size_t length, int flags) {
    return syscall(SYS_recvfrom, descriptor, buffer, length, flags, NULL, NULL);
}

ssize_t clinux_send(int descriptor, const void *bytes, size_t length, int flags) {
    return syscall(SYS_sendto, descriptor, bytes, length, flags, NULL, 0);
}

int clinux_connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    return (int)syscall(SYS_connect, descriptor, address, length);
}

int clinux_close(int descriptor) { return (int)syscall(SYS_close, descriptor); }

int clinux_accept(int descriptor, struct sockaddr_storage *address, socklen_t *length) {
    *length = sizeof *address;
    return (int)syscall(SYS_accept4, descriptor, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

ssize_t clinux_receive_message(int descriptor, void *buffer, size_t length, bool *has_control) {
    struct iovec part = {.iov_base = buffer, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t result = recvmsg(descriptor, &message, MSG_TRUNC);
    *has_control = result >= 0 && message.msg_flags & MSG_CTRUNC;
    return result;
}

int clinux_peer_credentials(int descriptor, uint32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -1;
    *pid = (uint32_t)credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

int clinux_peer_groups(int descriptor, uint32_t *groups, uint32_t *count) {
    socklen_t length = *count * sizeof *groups;
    int result = getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
    *count = length / sizeof *groups;
    return result;
}

void clinux_vsock_address(struct sockaddr_storage *address, socklen_t *length, uint32_t cid, uint32_t port) {
    struct sockaddr_vm *vm = (struct sockaddr_vm *)address;
    memset(vm, 0, sizeof *vm);
    vm->svm_family = AF_VSOCK;
    vm->svm_cid = cid;
    vm->svm_port = port;
    *length = sizeof *vm;
}

bool clinux_vsock_parts(const struct sockaddr_storage *address, uint32_t *cid, uint32_t *port) {
    const struct sockaddr_vm *vm = (const struct sockaddr_vm *)address;
    *cid = vm->svm_cid;
    *port = vm->svm_port;
    return vm->svm_family == AF_VSOCK;
}

void clinux_can_address(struct sockaddr_storage *address, socklen_t *length, uint32_t interface) {
    struct sockaddr_can *can = (struct sockaddr_can *)address;
    memset(can, 0, sizeof *can);
    can->can_family = AF_CAN;
    can->can_ifindex = (int)interface;
    *length = sizeof *can;
}

uint32_t clinux_can_interface(const struct sockaddr_storage *address) {
    return (uint32_t)((const struct sockaddr_can *)address)->can_ifindex;
}

_Static_assert(sizeof(struct clinux_can_filter) == sizeof(struct can_filter), "can_filter layout");

int clinux_can_filter(int descriptor, const struct clinux_can_filter *filters, int count) {
    return setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_FILTER, filters, (socklen_t)((size_t)count * sizeof *filters));
}

int clinux_can_errors(int descriptor) {
    const can_err_mask_t all = CAN_ERR_MASK;
    return setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &all, sizeof all);
}

int clinux_can_flexible(int descriptor) {
    const int on = 1;
    return setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &on, sizeof on);
}

int clinux_link(int descriptor, const char *name, uint32_t *index, bool *is_up, bool *is_can) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(descriptor, SIOCGIFINDEX, &request) < 0) return -1;
    *index = (uint32_t)request.ifr_ifindex;
    if (ioctl(descriptor, SIOCGIFFLAGS, &request) < 0) return -1;
    *is_up = request.ifr_flags & IFF_UP;
    if (ioctl(descriptor, SIOCGIFHWADDR, &request) < 0) return -1;
    *is_can = request.ifr_hwaddr.sa_family == ARPHRD_CAN;
    return 0;
}

int clinux_link_events(bool with_addresses) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (descriptor < 0) return -1;
    const unsigned addresses = with_addresses ? RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR : 0;
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | addresses};
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

int clinux_route_events(int descriptor, bool wanted) {
    const int option = wanted ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
    const int groups[] = {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
    for (int i = 0; i < 2; i++)
        if (setsockopt(descriptor, SOL_NETLINK, option, &groups[i], sizeof groups[i]) < 0) return -1;
    return 0;
}

// The control data of a datagram: local addresses of both IP versions, the segment length, the drop counter.
union ancillary {
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo)) +
               CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint32_t))];
    struct cmsghdr header;
};

static void read_ancillary(struct msghdr *message, struct clinux_datagram *datagram) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            datagram->local_family = AF_INET;
            memcpy(datagram->local, &info.ipi_spec_dst, 4);
            memcpy(datagram->destination, &info.ipi_addr, 4);
            datagram->interface = (uint32_t)info.ipi_ifindex;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            datagram->local_family = AF_INET6;
            memcpy(datagram->local, &info.ipi6_addr, 16);
            memcpy(datagram->destination, &info.ipi6_addr, 16);
            datagram->interface = info.ipi6_ifindex;
        } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int segment;
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            datagram->segment = (uint16_t)segment;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&datagram->dropped, CMSG_DATA(c), sizeof datagram->dropped);
        }
    }
}

int clinux_receive_datagrams(int descriptor, struct clinux_datagram *datagrams, int count) {
    struct mmsghdr messages[CLINUX_DATAGRAMS];
    struct iovec parts[CLINUX_DATAGRAMS];
    union ancillary ancillary[CLINUX_DATAGRAMS];
    for (int i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = datagrams[i].bytes, .iov_len = datagrams[i].room};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &datagrams[i].address,
                                              .msg_namelen = sizeof datagrams[i].address,
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1,
                                              .msg_control = &ancillary[i],
                                              .msg_controllen = sizeof ancillary[i]};
    }
    const int flags = MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC;
    int received = (int)syscall(SYS_recvmmsg, descriptor, messages, count, flags, NULL);
    for (int i = 0; i < received; i++) {
        datagrams[i].length = messages[i].msg_len;
        datagrams[i].address_length = messages[i].msg_hdr.msg_namelen;
        datagrams[i].segment = 0;
        datagrams[i].dropped = 0;
        datagrams[i].interface = 0;
        datagrams[i].local_family = 0;
        if (messages[i].msg_hdr.msg_controllen > 0) read_ancillary(&messages[i].msg_hdr, &datagrams[i]);
    }
    return received;
}

static void write_ancillary(struct msghdr *message, const struct clinux_datagram *datagram) {
    size_t length = 0;
    struct cmsghdr *c = (struct cmsghdr *)message->msg_control;
    if (datagram->local_family == AF_INET) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, datagram->local, 4);
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        length += CMSG_SPACE(sizeof info);
    } else if (datagram->local_family == AF_INET6) {
        struct in6_pktinfo info = {0};
        memcpy(&info.ipi6_addr, datagram->local, 16);
        // A link-local address needs its interface (ipv6(7)).
        if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = datagram->interface;
        c->cmsg_level = IPPROTO_IPV6;
        c->cmsg_type = IPV6_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        length += CMSG_SPACE(sizeof info);
    }
    if (datagram->segment > 0) {
        c = (struct cmsghdr *)((char *)message->msg_control + length);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof datagram->segment);
        memcpy(CMSG_DATA(c), &datagram->segment, sizeof datagram->segment);
        length += CMSG_SPACE(sizeof datagram->segment);
    }
    message->msg_controllen = length;
    if (length == 0) message->msg_control = NULL;
}

int clinux_send_datagrams(int descriptor, struct clinux_datagram *datagrams, int count) {
    struct mmsghdr messages[CLINUX_DATAGRAMS];
    struct iovec parts[CLINUX_DATAGRAMS];
    union ancillary ancillary[CLINUX_DATAGRAMS];
    for (int i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = datagrams[i].bytes, .iov_len = datagrams[i].length};
        messages[i].msg_hdr = (struct msghdr){.msg_name = datagrams[i].address_length ? &datagrams[i].address : NULL,
                                              .msg_namelen = datagrams[i].address_length,
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1,
                                              .msg_control = &ancillary[i]};
        write_ancillary(&messages[i].msg_hdr, &datagrams[i]);
    }
    // Without MSG_NOSIGNAL, which RDS refuses (EOPNOTSUPP): only stream sockets raise SIGPIPE (socket(7), send(2)).
    return (int)syscall(SYS_sendmmsg, descriptor, messages, count, MSG_DONTWAIT);
}

ssize_t clinux_send_joined(int descriptor, struct clinux_datagram *datagrams, int count, uint16_t segment) {
    struct iovec parts[CLINUX_DATAGRAMS];
    union ancillary ancillary;
    // Without MSG_NOSIGNAL, as above.
    if (count == 1 && segment == 0)
        return clinux_send(descriptor, datagrams[0].bytes, datagrams[0].length, MSG_DONTWAIT);
    for (int i = 0; i < count; i++)
        parts[i] = (struct iovec){.iov_base = datagrams[i].bytes, .iov_len = datagrams[i].length};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count, .msg_control = &ancillary};
    const struct clinux_datagram how = {.segment = segment};
    write_ancillary(&message, &how);
    return syscall(SYS_sendmsg, descriptor, &message, MSG_DONTWAIT);
}

static int turn_on(int descriptor, int level, int option) {
    const int on = 1;
    return setsockopt(descriptor, level, option, &on, sizeof on);
}

int clinux_report_local_address(int descriptor, int family) {
    // On a dual-stack socket, only IP_PKTINFO distinguishes an IPv4 broadcast address from an address of the host.
    const int told = turn_on(descriptor, IPPROTO_IP, IP_PKTINFO);
    return family == AF_INET ? told : turn_on(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO);
}

int clinux_join_datagrams(int descriptor) { return turn_on(descriptor, IPPROTO_UDP, UDP_GRO); }

int clinux_join_group(int descriptor, const struct sockaddr *group, uint32_t interface) {
    if (group->sa_family == AF_INET) {
        struct ip_mreqn request = {.imr_multiaddr = ((const struct sockaddr_in *)group)->sin_addr,
                                   .imr_ifindex = (int)interface};
        return setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    }
    struct ipv6_mreq request = {.ipv6mr_multiaddr = ((const struct sockaddr_in6 *)group)->sin6_addr,
                                .ipv6mr_interface = interface};
    return setsockopt(descriptor, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request);
}

int clinux_leave_group(int descriptor, const struct sockaddr *group, uint32_t interface) {
    if (group->sa_family == AF_INET) {
        struct ip_mreqn request = {.imr_multiaddr = ((const struct sockaddr_in *)group)->sin_addr,
                                   .imr_ifindex = (int)interface};
        return setsockopt(descriptor, IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof request);
    }
    struct ipv6_mreq request = {.ipv6mr_multiaddr = ((const struct sockaddr_in6 *)group)->sin6_addr,
                                .ipv6mr_interface = interface};
    return setsockopt(descriptor, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &request, sizeof request);
}

int clinux_only_joined_groups(int descriptor, int family) {
    const int off = 0;
    return family == AF_INET ? setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off)
                             : setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
}

int clinux_report_drops(int descriptor) { return turn_on(descriptor, SOL_SOCKET, SO_RXQ_OVFL); }

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int clinux_processor_count(void) {
    // EINVAL: the set is smaller than the kernel's (sched_getaffinity(2)); cpu_set_t has 1024 processors.
    for (int room = CPU_SETSIZE; room <= 1 << 20; room *= 2) {
        cpu_set_t *set = CPU_ALLOC(room);
        if (!set) return -1;
        size_t size = CPU_ALLOC_SIZE(room);
        int count = sched_getaffinity(0, size, set) < 0 ? -1 : CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (count >= 0 || errno != EINVAL) return count;
    }
    return -1;
}

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clinux_monotonic(void) { return nanoseconds(CLOCK_MONOTONIC); }
uint64_t clinux_monotonic_coarse(void) { return nanoseconds(CLOCK_MONOTONIC_COARSE); }
uint64_t clinux_realtime(void) { return nanoseconds(CLOCK_REALTIME); }

int clinux_dns_search(const char *name, int type, uint32_t address, uint16_t port, unsigned char *answer, int room) {
    struct __res_state state = {0};
    if (res_ninit(&state) != 0) return -1;
    // No TCP, since the resolver has no timeout for it. EDNS0 allows answers over UDP that are longer than 512 bytes.
    state.options = (state.options & ~(unsigned long)RES_USEVC) | RES_IGNTC | RES_USE_EDNS0;
    state.retrans = 1;
    state.retry = 1;
    if (port != 0) {
        state.nscount = 1;
        state.nsaddr_list[0] = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    }
    int length = res_nsearch(&state, name, ns_c_in, type, answer, room);
    res_nclose(&state);
    return length;
}

const char *clinux_errno_name(int number) { return strerrorname_np(number); }
const char *clinux_errno_text(int number) { return strerrordesc_np(number); }

struct clinux_fault *clinux_fault(void) {
    static _Thread_local struct clinux_fault fault;
    return &fault;
}

_Static_assert(CLINUX_BIND_ADDRESS_NO_PORT == IP_BIND_ADDRESS_NO_PORT, "socket option");

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

int clinux_pipe_resize(int descriptor, int capacity) { return fcntl(descriptor, F_SETPIPE_SZ, capacity); }

ssize_t clinux_splice(int from, int to, size_t length) {
    return splice(from, NULL, to, NULL, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

int clinux_unsent(int descriptor) {
    int count;
    return ioctl(descriptor, SIOCOUTQ, &count) < 0 ? -1 : count;
}

int clinux_unread(int descriptor) {
    int count;
    return ioctl(descriptor, SIOCINQ, &count) < 0 ? -1 : count;
}

int clinux_tcp_state(int descriptor, struct clinux_tcp_info *info) {
    // An older kernel fills less of it.
    struct tcp_info all = {0};
    socklen_t length = sizeof all;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &all, &length) < 0) return -1;
    *info = (struct clinux_tcp_info){
        .pacing_rate = all.tcpi_pacing_rate,
        .delivery_rate = all.tcpi_delivery_rate,
        .rtt = all.tcpi_rtt,
        .rtt_variation = all.tcpi_rttvar,
        .rto = all.tcpi_rto,
        .mss = all.tcpi_snd_mss,
        .window = all.tcpi_snd_cwnd,
        .unacknowledged = all.tcpi_unacked,
        .unsent = all.tcpi_notsent_bytes,
        .retransmits = all.tcpi_total_retrans,
        .data_received = all.tcpi_data_segs_in,
        .data_sent = all.tcpi_data_segs_out,
        .received_age = all.tcpi_last_data_recv,
        .sent_age = all.tcpi_last_data_sent,
        .state = all.tcpi_state,
        .timeouts = all.tcpi_retransmits,
    };
    return 0;
}

int clinux_tcp_congestion(int descriptor, char name[CLINUX_CONGESTION_NAME]) {
    socklen_t length = CLINUX_CONGESTION_NAME - 1;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, &length) < 0) return -1;
    name[length] = 0;
    return 0;
}

bool clinux_is_subreaper(void) {
    int is_subreaper = 0;
    return prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper != 0;
}

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1); }

int clinux_start_thread(void *(*function)(void *), void *context) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error == 0) {
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, 1 << 20);
        sigset_t all, before;
        sigfillset(&all);
        // The new thread inherits the signal mask (pthread_create(3)).
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pthread_t thread;
        error = pthread_create(&thread, &attributes, function, context);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
    }
    errno = error;
    return error == 0 ? 0 : -1;
}

static void *wait_for_gate(void *gate) {
    // Makes malloc(3) create an arena for the thread: it needs address space that a later thread may lack for its stack.
    void *volatile first = malloc(64);
    free(first);
    pthread_rwlock_rdlock(gate);
    pthread_rwlock_unlock(gate);
    return NULL;
}

int clinux_try_threads(int count) {
    pthread_t *threads = calloc((size_t)count + 1, sizeof *threads);
    if (!threads) return -1;
    pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // No thread ends before the last one was created.
    pthread_rwlock_wrlock(&gate);
    int made = 0, error = 0;
    while (made < count && (error = pthread_create(&threads[made], NULL, wait_for_gate, &gate)) == 0) made++;
    pthread_rwlock_unlock(&gate);
    for (int i = 0; i < made; i++) pthread_join(threads[i], NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_rwlock_destroy(&gate);
    free(threads);
    errno = error;
    return error == 0 ? 0 : -1;
}
