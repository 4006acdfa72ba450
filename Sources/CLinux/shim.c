// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/can.h>
#include <linux/sockios.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// The importer cannot see struct epoll_event without _GNU_SOURCE; ours is the same bytes.
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
    return epoll_wait(epoll, (struct epoll_event *)events, count, timeout_milliseconds);
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

int clinux_accept(int descriptor, struct sockaddr_storage *address, socklen_t *length) {
    *length = sizeof *address;
    return accept4(descriptor, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
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

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int clinux_processor_count(void) {
    // The kernel says EINVAL as long as the set has less room than it has processors; cpu_set_t has room for 1024.
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
    // TCP has no time limit here. What does not fit into 512 bytes does with EDNS0.
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
