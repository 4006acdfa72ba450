// SPDX-License-Identifier: Apache-2.0
//
// Linux calls that Swift's Glibc module lacks, because they need _GNU_SOURCE or are macros.
// Wrappers only, without logic. The only state is the command line and the fault injection of each thread.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

// The words of the command line, as the C library passes them to constructors: Swift reads them from /proc, which a chroot
// may lack. The strings live as long as the program; the last pointer is NULL.
char *const *clinux_arguments(void);

// epoll(7)
enum {
    CLINUX_EPOLLIN = 0x001,
    CLINUX_EPOLLPRI = 0x002,
    CLINUX_EPOLLOUT = 0x004,
    CLINUX_EPOLLERR = 0x008,
    CLINUX_EPOLLHUP = 0x010,
    CLINUX_EPOLLRDHUP = 0x2000,
};
#define CLINUX_EPOLLEXCLUSIVE (1u << 28)
#define CLINUX_EPOLLET (1u << 31)

struct clinux_epoll_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t data);
int clinux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t data);
int clinux_epoll_remove(int epoll, int descriptor);
// The timeout is in milliseconds; a negative one waits without limit.
int clinux_epoll_wait(int epoll, struct clinux_epoll_event *events, int count, int timeout_milliseconds);

// Prefetches a cache line without waiting for it. Any address is allowed, even an invalid one.
static inline void clinux_prefetch(const void *address) { __builtin_prefetch(address); }

// eventfd(2)
int clinux_eventfd(void);

// signalfd(2): one descriptor for all of the given signals, close-on-exec and non-blocking.
int clinux_signalfd(const int *signals, int count);
int clinux_block_signals(const int *signals, int count);
// Returns the number of the next pending signal; 0 if there is none; -1 with errno.
int clinux_signalfd_next(int descriptor);

// recv(2), send(2), connect(2) and close(2). These and all other calls that are made for each message or connection use
// syscall(2): around a cancellation point (pthreads(7)) glibc does two atomic operations once there is a second thread, and
// usher cancels no thread.
ssize_t clinux_receive(int descriptor, void *buffer, size_t length, int flags);
ssize_t clinux_send(int descriptor, const void *bytes, size_t length, int flags);
int clinux_connect(int descriptor, const struct sockaddr *address, socklen_t length);
int clinux_close(int descriptor);

// accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC
int clinux_accept(int descriptor, struct sockaddr_storage *address, socklen_t *length);

// recvmsg(2) with MSG_TRUNC and no buffer for control data. Returns the whole length of a message, even if the buffer was
// shorter. `has_control` is set to whether there was control data, which is discarded; descriptors in it are closed.
ssize_t clinux_receive_message(int descriptor, void *buffer, size_t length, bool *has_control);

// O_PATH of open(2) and AT_EMPTY_PATH of fchownat(2)
enum {
    CLINUX_O_PATH = 010000000,
    CLINUX_AT_EMPTY_PATH = 0x1000,
};

// struct ucred, SO_PEERCRED of unix(7)
int clinux_peer_credentials(int descriptor, uint32_t *pid, uint32_t *uid, uint32_t *gid);

// SO_PEERGROUPS of unix(7): the supplementary groups of the peer. `count` is how many there is room for, and becomes how many
// there are; ERANGE if that is more.
int clinux_peer_groups(int descriptor, uint32_t *groups, uint32_t *count);

// vsock(7)
void clinux_vsock_address(struct sockaddr_storage *address, socklen_t *length, uint32_t cid, uint32_t port);
bool clinux_vsock_parts(const struct sockaddr_storage *address, uint32_t *cid, uint32_t *port);

// SocketCAN: linux/can.h
void clinux_can_address(struct sockaddr_storage *address, socklen_t *length, uint32_t interface);
uint32_t clinux_can_interface(const struct sockaddr_storage *address);
struct clinux_can_filter {
    uint32_t id;
    uint32_t mask;
};
// CAN_RAW_FILTER: the frames that are received; CAN_RAW_ERR_FILTER: all error frames; CAN_RAW_FD_FRAMES
int clinux_can_filter(int descriptor, const struct clinux_can_filter *filters, int count);
int clinux_can_errors(int descriptor);
int clinux_can_flexible(int descriptor);

// netdevice(7): SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFHWADDR, through a socket of any family
int clinux_link(int descriptor, const char *name, uint32_t *index, bool *is_up, bool *is_can);
// A socket of rtnetlink(7) that becomes readable when an interface is added, changes or is removed (RTMGRP_LINK), and
// optionally when an address is (RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR).
int clinux_link_events(bool with_addresses);
// Joins or leaves the groups for changes of routes (RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE).
int clinux_route_events(int descriptor, bool wanted);

// A datagram that was received, or is to be sent.
struct clinux_datagram {
    void *bytes;
    uint32_t room;    // the size of `bytes`; only for receiving
    uint32_t length;  // the whole length; more than `room` if the end was cut off
    uint32_t dropped; // SO_RXQ_OVFL: how many the socket has dropped since it was made; 0 if unknown
    uint32_t interface; // the index of the interface that received it; 0 if unknown
    uint16_t segment; // UDP_GRO, UDP_SEGMENT of udp(7): the length of each joined datagram but the last; 0 if none
    uint8_t local_family; // AF_INET or AF_INET6 if `local` and `destination` are set, else 0
    uint8_t local[16];       // the address to answer from: IP_PKTINFO of ip(7), IPV6_PKTINFO of ipv6(7)
    uint8_t destination[16]; // the destination address
    socklen_t address_length; // 0 for a connected socket
    struct sockaddr_storage address; // the sender's or receiver's address
};

enum { CLINUX_DATAGRAMS = 32 }; // the most in one call

// recvmmsg(2) with MSG_TRUNC, without waiting: receives up to `count` datagrams.
int clinux_receive_datagrams(int descriptor, struct clinux_datagram *datagrams, int count);
// sendmmsg(2), without waiting. Returns how many were sent; -1 with errno if the first failed.
int clinux_send_datagrams(int descriptor, struct clinux_datagram *datagrams, int count);
// sendmsg(2) of `count` datagrams joined in one, on a connected socket. The kernel splits it after every `segment` bytes
// (UDP_SEGMENT); 0 for no splitting.
ssize_t clinux_send_joined(int descriptor, struct clinux_datagram *datagrams, int count, uint16_t segment);

// IP_PKTINFO, IPV6_RECVPKTINFO, UDP_GRO and SO_RXQ_OVFL
int clinux_report_local_address(int descriptor, int family);
int clinux_join_datagrams(int descriptor);
int clinux_report_drops(int descriptor);
// Receives no datagrams of groups that only other sockets joined: IP_MULTICAST_ALL of ip(7), IPV6_MULTICAST_ALL, off.
int clinux_only_joined_groups(int descriptor, int family);
// IP_ADD_MEMBERSHIP of ip(7), IPV6_ADD_MEMBERSHIP of ipv6(7), by the family of the group's address
int clinux_join_group(int descriptor, const struct sockaddr *group, uint32_t interface);
// Leaves a group on an interface, which may have been removed: EADDRNOTAVAIL if the group is not joined there.
int clinux_leave_group(int descriptor, const struct sockaddr *group, uint32_t interface);

// pthread_setname_np(3) for the calling thread: at most 15 bytes.
void clinux_name_thread(const char *name);

// The number of processors that this process may run on (sched_getaffinity(2)).
int clinux_processor_count(void);

// The clocks in nanoseconds: clock_gettime(2). The coarse one needs no system call and is as old as the last timer tick.
uint64_t clinux_monotonic(void);
uint64_t clinux_monotonic_coarse(void);
uint64_t clinux_realtime(void);

// res_nsearch(3) for records of the Internet class, with its own resolver state, so from any thread. Queries the name
// servers of resolv.conf(5), or the one at an IPv4 address if `port` is not 0 (both in host byte order). Each server gets
// one query, over UDP only, and one second. Returns the length of the answer; -1 if there is none.
int clinux_dns_search(const char *name, int type, uint32_t address, uint16_t port, unsigned char *answer, int room);

// strerrorname_np(3): "EADDRINUSE"; NULL for an unknown number.
const char *clinux_errno_name(int number);
// strerrordesc_np(3): "Address already in use"; NULL for an unknown number.
const char *clinux_errno_text(int number);

// Fault injection of tests (only debug builds use it): on this thread, the call that brings `countdown` from 1 to 0 fails
// with `number`, or returns 0 if that is 0. A countdown of 0 is off. Only calls with the name `operation` count, or all
// calls if it is NULL.
struct clinux_fault {
    long countdown;
    int number;
    const char *operation;
};
struct clinux_fault *clinux_fault(void);

// pipe2(2) with O_CLOEXEC | O_NONBLOCK
int clinux_pipe(int ends[2]);
// F_SETPIPE_SZ of fcntl(2). Returns the new capacity of the pipe in bytes; -1 with errno.
int clinux_pipe_resize(int descriptor, int capacity);
// splice(2) with SPLICE_F_MOVE | SPLICE_F_NONBLOCK
ssize_t clinux_splice(int from, int to, size_t length);
// IP_BIND_ADDRESS_NO_PORT of ip(7)
enum { CLINUX_BIND_ADDRESS_NO_PORT = 24 };
// SIOCOUTQ of tcp(7) and unix(7): how many bytes the peer has not received or read yet; -1 with errno.
int clinux_unsent(int descriptor);
// SIOCINQ of tcp(7) and unix(7): how many bytes wait to be read, of a datagram socket those of the next one; -1 with errno.
int clinux_unread(int descriptor);

// TCP_INFO of tcp(7). What the kernel does not tell is 0. Times are in microseconds, ages in milliseconds.
struct clinux_tcp_info {
    uint64_t pacing_rate;   // bytes per second; all bits are set for no limit
    uint64_t delivery_rate; // bytes per second
    uint32_t rtt;
    uint32_t rtt_variation;
    uint32_t rto;
    uint32_t mss;
    uint32_t window;         // the congestion window, in segments
    uint32_t unacknowledged; // segments
    uint32_t unsent;         // bytes
    uint32_t retransmits;    // segments, in the life of the connection
    uint32_t data_received;  // segments with data
    uint32_t data_sent;
    uint32_t received_age; // of the last segment with data
    uint32_t sent_age;
    uint8_t state;    // as in tcp_states.h of the kernel
    uint8_t timeouts; // retransmission timeouts since the last acknowledgment
};
int clinux_tcp_state(int descriptor, struct clinux_tcp_info *info);
// TCP_CONGESTION of tcp(7): the name of the congestion control algorithm, with its NUL (TCP_CA_NAME_MAX).
enum { CLINUX_CONGESTION_NAME = 16 };
int clinux_tcp_congestion(int descriptor, char name[CLINUX_CONGESTION_NAME]);

// PR_GET_CHILD_SUBREAPER of prctl(2): whether orphaned descendants become children of this process.
bool clinux_is_subreaper(void);
// PR_SET_CHILD_SUBREAPER
int clinux_become_subreaper(void);

// The main queue of libdispatch, for a main thread that runs it as a run loop does: an eventfd that becomes readable when
// work was sent to the queue, and the function that runs it. Defined in libdispatch, which the caller must link.
int _dispatch_get_main_queue_handle_4CF(void);
void _dispatch_main_queue_callback_4CF(void *message);
static inline int clinux_main_queue_handle(void) { return _dispatch_get_main_queue_handle_4CF(); }
static inline void clinux_run_main_queue(void) { _dispatch_main_queue_callback_4CF(NULL); }

// Starts a detached thread with every signal blocked and a stack of 1 MiB; -1 with errno on failure.
int clinux_start_thread(void *(*function)(void *), void *context);
// Tests whether `count` threads with default attributes can exist at once: creates and ends them. 0, or -1 with errno.
int clinux_try_threads(int count);
